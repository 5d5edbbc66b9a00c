//! Faults in the middle of a bundle: no file looks whole, and the next export works.

use std::time::Duration;

use decant_tests::actors::rest_of;
use decant_tests::app::App;
use decant_tests::definitions::{Definitions, ENDLESS, NUMBERS};
use decant_tests::patience::wait_for;
use decant_tests::raw_rows::RawRows;
use serde_json::Value;

const SOON: Duration = Duration::from_secs(20);

/// A bundle whose second part is too long to end before the test does something to it.
fn long() -> Definitions {
    let definitions = Definitions::of(&[NUMBERS, ENDLESS]);
    definitions.write_bundle(
        "name = \"long\"\ntitle = \"T\"\nexport_type = \"test\"\naccess = \"admin\"\n\
         [[part]]\nname = \"first\"\ndataset = \"numbers\"\n\
         [[part]]\nname = \"second\"\ndataset = \"endless\"\n\
         [[part]]\nname = \"third\"\ndataset = \"numbers\"\n",
    );
    definitions.write_bundle(
        "name = \"short\"\ntitle = \"T\"\nexport_type = \"test\"\naccess = \"admin\"\n\
         [[part]]\nname = \"first\"\ndataset = \"numbers\"\n",
    );
    definitions
}

/// Ends the sessions that run a `COPY`.
async fn end_copies(app: &App) {
    let end = "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() \
               and state = 'active' and query ilike 'copy%'";
    app.database.execute(end).await;
}

async fn the_next_bundle_works(app: &App) {
    let file: Value = app.admin().bundle_export("short").answer().await.good().json();
    assert_eq!(file["totals"]["first"], 3);
}

#[tokio::test]
async fn a_bundle_terminated_in_its_second_part_ends_with_a_failure_record() {
    let definitions = long();
    let app = App::start_with(&[definitions.setting(), ("DECANT_EXPORTS_MAX", "1")]).await;
    let mut stream = app.admin().bundle_rows("long").open().await;
    let mut begin = Vec::new();
    while begin.len() < 300_000 {
        begin.extend_from_slice(&stream.chunk().await.unwrap().unwrap());
    }
    end_copies(&app).await;
    let (rest, broken) = rest_of(stream).await;
    assert!(!broken);
    let parts = RawRows::parts(&[begin, rest].concat());
    assert_eq!(parts.len(), 2, "no part follows a failure");
    assert!(parts[0].end.is_some() && parts[1].end.is_none());
    assert_eq!(parts[1].failure.as_ref().unwrap().code, "source_failed");
    the_next_bundle_works(&app).await;
}

#[tokio::test]
async fn the_connection_of_a_bundles_file_breaks_when_its_second_part_fails() {
    let definitions = long();
    let app = App::start_with(&[definitions.setting(), ("DECANT_EXPORTS_MAX", "1")]).await;
    for format in ["json", "csv"] {
        let mut stream = app
            .admin()
            .bundle_export("long")
            .query("format", format)
            .open()
            .await;
        stream.chunk().await.unwrap().unwrap();
        end_copies(&app).await;
        let (_, broken) = rest_of(stream).await;
        assert!(broken, "a {format} file that is not whole must not look whole");
    }
    the_next_bundle_works(&app).await;
}

#[tokio::test]
async fn a_client_that_leaves_ends_the_query_and_the_transaction() {
    let definitions = long();
    let app = App::start_with(&[definitions.setting(), ("DECANT_EXPORTS_MAX", "1")]).await;
    let mut stream = app.admin().bundle_rows("long").open().await;
    stream.chunk().await.unwrap().unwrap();
    drop(stream);
    let none = async || (app.database.running_copies().await == 0).then_some(());
    wait_for("the end of the query", SOON, none).await;
    the_next_bundle_works(&app).await;
}

#[tokio::test]
async fn a_killed_server_leaves_a_bundle_without_its_last_end_record() {
    let definitions = long();
    let mut app = App::start_with(&[definitions.setting()]).await;
    let mut stream = app.admin().bundle_rows("long").open().await;
    let first = stream.chunk().await.unwrap().unwrap().to_vec();
    app.server.crash().await;
    let (rest, broken) = rest_of(stream).await;
    assert!(broken);
    let parts = RawRows::parts(&[first, rest].concat());
    assert!(parts.len() <= 2 && parts.last().unwrap().end.is_none());
}
