//! A client that goes away takes its query with it.

use std::time::Duration;

use decant_tests::app::App;
use decant_tests::definitions::{ENDLESS, silent_for};
use decant_tests::patience::wait_for;

/// How soon the query must be gone.
const SOON: Duration = Duration::from_secs(2);

async fn app() -> App {
    App::start_with_datasets(&[ENDLESS, &silent_for(600.0)], &[("DECANT_EXPORTS_MAX", "2")]).await
}

async fn runs(app: &App) {
    let running = async || (app.database.running_copies().await == 1).then_some(());
    wait_for("the query to run", Duration::from_secs(10), running).await;
}

async fn is_gone(app: &App) {
    let gone = async || (app.database.running_copies().await == 0).then_some(());
    wait_for("the query to be gone", SOON, gone).await;
}

#[tokio::test]
async fn a_query_that_pours_ends_when_its_client_goes() {
    let app = app().await;
    for request in [
        app.admin().rows("endless"),
        app.admin().rows("endless").header("accept-encoding", "zstd"),
        app.admin().export("endless"),
    ] {
        let mut stream = request.open().await;
        stream.chunk().await.unwrap().unwrap();
        runs(&app).await;
        drop(stream);
        is_gone(&app).await;
    }
}

#[tokio::test]
async fn a_query_that_waits_for_its_client_ends_when_the_client_goes() {
    let app = app().await;
    let stream = app.admin().rows("endless").open().await;
    runs(&app).await;
    // Nothing is read: every buffer on the way fills up.
    tokio::time::sleep(Duration::from_secs(1)).await;
    drop(stream);
    is_gone(&app).await;
}

#[tokio::test]
async fn a_query_without_a_row_yet_ends_when_its_client_goes() {
    let app = app().await;
    for request in [app.admin().rows("silent"), app.admin().export("silent")] {
        let stream = tokio::spawn(request.open());
        runs(&app).await;
        stream.abort();
        // What had come already is dropped as well.
        let _ = stream.await;
        is_gone(&app).await;
    }
}

#[tokio::test]
async fn the_connections_of_clients_that_left_can_be_used_again() {
    let app = app().await;
    for _ in 0..6 {
        let mut stream = app.admin().rows("endless").open().await;
        stream.chunk().await.unwrap().unwrap();
    }
    let rows = async || {
        let answer = app.admin().rows("usage-logs").answer().await;
        (answer.status == 200).then(|| answer.raw_rows().whole().count())
    };
    let rows = wait_for("an export after those", Duration::from_secs(10), rows).await;
    assert_eq!(rows, app.database.usage_rows("true").await);
}
