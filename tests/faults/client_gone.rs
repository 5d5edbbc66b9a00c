//! A query ends when its client disconnects.

use std::time::Duration;

use decant_tests::app::App;
use decant_tests::definitions::{ENDLESS, silent_for};
use decant_tests::patience::wait_for;

/// Bound for the end of the query after its client's.
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
async fn a_fast_query_ends_when_its_client_disconnects() {
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
async fn a_blocked_query_ends_when_its_client_disconnects() {
    let app = app().await;
    let stream = app.admin().rows("endless").open().await;
    runs(&app).await;
    // The client reads nothing, so all buffers fill.
    tokio::time::sleep(Duration::from_secs(1)).await;
    drop(stream);
    is_gone(&app).await;
}

#[tokio::test]
async fn a_query_without_rows_yet_ends_when_its_client_disconnects() {
    let app = app().await;
    for request in [app.admin().rows("silent"), app.admin().export("silent")] {
        let stream = tokio::spawn(request.open());
        runs(&app).await;
        stream.abort();
        // Drops what the client has received already.
        let _ = stream.await;
        is_gone(&app).await;
    }
}

#[tokio::test]
async fn database_connections_of_disconnected_clients_are_free_again() {
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
