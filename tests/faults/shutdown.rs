//! A server that is told to stop: what runs may finish for a while, what does not is broken off with the reason.

use std::time::{Duration, Instant};

use decant_tests::actors::rest_of;
use decant_tests::app::App;
use decant_tests::database::Database;
use decant_tests::definitions::ENDLESS;
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
    let (body, _) = rest_of(slow).await;
    assert_eq!(
        RawRows::parse(&body).whole().count(),
        app.database.usage_rows("true").await
    );
    assert_eq!(app.server.ended().await, Some(0), "{}", app.server.log());
}

#[tokio::test]
async fn an_export_that_cannot_finish_in_time_is_broken_off_with_the_reason() {
    let mut app = App::start_with_datasets(&[ENDLESS], &[("DECANT_SHUTDOWN_SECONDS", "1")]).await;
    let proxy = Proxy::to(&app.server.address).await;
    proxy.set(Weather::Throttled(20_000_000));
    let rows = app.admin().through(&proxy.address).rows("endless").open().await;
    let file = app.admin().through(&proxy.address).export("endless").open().await;
    let since = Instant::now();
    app.server.ask_to_stop();

    let ((body, _), (_, file_broke)) = tokio::join!(rest_of(rows), rest_of(file));
    let failure = RawRows::parse(&body).failure.expect("the reason is told");
    assert_eq!(failure.code, "shutting_down");
    assert!(file_broke, "a file that is not whole must not look whole");
    assert_eq!(app.server.ended().await, Some(0), "{}", app.server.log());
    assert!(since.elapsed() < Duration::from_secs(10), "{:?}", since.elapsed());
}

#[tokio::test]
async fn a_client_that_reads_nothing_does_not_keep_the_server_from_stopping() {
    let mut app = App::start_with_datasets(&[ENDLESS], &[("DECANT_SHUTDOWN_SECONDS", "1")]).await;
    let _stalled = app.admin().rows("endless").open().await;
    let since = Instant::now();
    app.server.ask_to_stop();
    app.server.ended().await;
    assert!(since.elapsed() < Duration::from_secs(10), "{:?}", since.elapsed());
}
