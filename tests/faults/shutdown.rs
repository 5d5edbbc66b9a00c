//! A server that is told to stop: what runs may finish for a while, what does not is broken off with the reason.

use std::time::{Duration, Instant};

use decant_tests::actors::App;
use decant_tests::cluster::folder;
use decant_tests::database::{Database, ENDLESS};
use decant_tests::proxy::{Proxy, Weather};
use decant_tests::raw_rows::RawRows;

#[tokio::test]
async fn an_idle_server_stops_at_once_and_well() {
    let mut app = App::start().await;
    app.anonymous().healthz().answer().await.good();
    let since = Instant::now();
    app.server.ask_to_stop();
    assert_eq!(app.server.ended().await, Some(0), "{}", app.server.log());
    assert!(since.elapsed() < Duration::from_secs(3), "{:?}", since.elapsed());
}

#[tokio::test]
async fn an_export_that_can_finish_does() {
    let mut app = App::start_on(
        Database::with_rows(20_000).await,
        &[("DECANT_SHUTDOWN_SECONDS", "20")],
    )
    .await;
    let proxy = Proxy::to(&app.server.address).await;
    proxy.set(Weather::Throttled(2_000_000));
    let slow = app
        .admin()
        .through(&proxy.address)
        .rows("usage-logs")
        .open()
        .await;
    app.server.ask_to_stop();
    let mut body = Vec::new();
    let mut slow = slow;
    while let Some(piece) = slow.chunk().await.unwrap() {
        body.extend_from_slice(&piece);
    }
    assert_eq!(
        RawRows::parse(&body).whole().count(),
        app.database.usage_rows("true").await
    );
    assert_eq!(app.server.ended().await, Some(0), "{}", app.server.log());
}

#[tokio::test]
async fn an_export_that_cannot_finish_in_time_is_broken_off_with_the_reason() {
    let definitions = folder();
    std::fs::write(definitions.path().join("endless.toml"), ENDLESS).unwrap();
    let settings = [
        ("DECANT_DATASETS_DIR", definitions.path().to_str().unwrap()),
        ("DECANT_SHUTDOWN_SECONDS", "1"),
    ];
    let mut app = App::start_with(&settings).await;
    let proxy = Proxy::to(&app.server.address).await;
    proxy.set(Weather::Throttled(20_000_000));
    let mut rows = app.admin().through(&proxy.address).rows("endless").open().await;
    let mut file = app.admin().through(&proxy.address).export("endless").open().await;
    let since = Instant::now();
    app.server.ask_to_stop();

    let reading_rows = async {
        let mut body = Vec::new();
        while let Some(piece) = rows.chunk().await.unwrap() {
            body.extend_from_slice(&piece);
        }
        body
    };
    let reading_file = async {
        loop {
            match file.chunk().await {
                Ok(Some(_)) => {}
                Ok(None) => return false,
                Err(_) => return true,
            }
        }
    };
    let (body, file_broke) = tokio::join!(reading_rows, reading_file);
    let failure = RawRows::parse(&body).failure.expect("the reason is told");
    assert_eq!(failure.code, "shutting_down");
    assert!(file_broke, "a file that is not whole must not look whole");
    assert_eq!(app.server.ended().await, Some(0), "{}", app.server.log());
    assert!(since.elapsed() < Duration::from_secs(10), "{:?}", since.elapsed());
}

#[tokio::test]
async fn a_client_that_reads_nothing_does_not_keep_the_server_from_stopping() {
    let definitions = folder();
    std::fs::write(definitions.path().join("endless.toml"), ENDLESS).unwrap();
    let settings = [
        ("DECANT_DATASETS_DIR", definitions.path().to_str().unwrap()),
        ("DECANT_SHUTDOWN_SECONDS", "1"),
    ];
    let mut app = App::start_with(&settings).await;
    let _stalled = app.admin().rows("endless").open().await;
    let since = Instant::now();
    app.server.ask_to_stop();
    app.server.ended().await;
    assert!(since.elapsed() < Duration::from_secs(10), "{:?}", since.elapsed());
}
