//! A server that is told to stop: what runs may finish for a while, what does not is broken off with the reason.

use std::time::{Duration, Instant};

use decant_tests::actors::rest_of;
use decant_tests::app::App;
use decant_tests::cluster::folder;
use decant_tests::database::Database;
use decant_tests::definitions::ENDLESS;
use decant_tests::dumps::copies;
use decant_tests::program::Settings;
use decant_tests::proxy::{Proxy, Weather};
use decant_tests::raw_rows::RawRows;
use decant_tests::redis::Redis;
use decant_tests::server::Server;
use tempfile::TempDir;

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

/// A server whose restores end with a migration that takes so long.
async fn with_long_restores(seconds: u64, settings: Settings<'_>) -> (App, TempDir) {
    let migrations = folder();
    let migration = migrations.path().join("slowly.sql");
    let written = std::fs::write(migration, format!("select pg_sleep({seconds})"));
    written.expect("the folder is ours");
    let path = migrations.path().to_str().expect("the path is UTF-8");
    let setting = ("DECANT_POST_RESTORE_MIGRATIONS", path);
    let app = App::start_with(&[settings, &[setting]].concat()).await;
    (app, migrations)
}

/// Begins a restore of all rows, deletes half of them, tells the server to stop when the migration runs, and waits until
/// it has. Gives what the database held first and then.
async fn stopped_in_a_restore(app: &mut App) -> [Vec<(String, String)>; 2] {
    let dump = app.admin().dump().answer().await.good().body;
    let whole = app.database.contents().await;
    app.database
        .execute("delete from message_request where id % 2 = 0")
        .await;
    let changed = app.database.contents().await;
    let mut import = app.admin().import(&dump, &[("cleanFirst", "true")]).open().await;
    import.chunk().await.expect("the restore has begun");
    // Nobody follows it, so that no connection holds the server.
    drop(import);
    app.server.wait_for_log("Migrating", Duration::from_secs(60)).await;
    app.server.ask_to_stop();
    assert_eq!(app.server.ended().await, Some(0), "{}", app.server.log());
    [whole, changed]
}

#[tokio::test]
async fn a_restore_that_can_finish_does() {
    let (mut app, _migrations) = with_long_restores(3, &[("DECANT_SHUTDOWN_SECONDS", "30")]).await;
    let [whole, _] = stopped_in_a_restore(&mut app).await;
    assert_eq!(app.database.contents().await, whole);
}

#[tokio::test]
async fn a_restore_that_cannot_finish_in_time_is_undone() {
    let redis = Redis::start().await;
    let redis_url = redis.url();
    let redis = ("REDIS_URL", redis_url.as_str());
    let (mut app, _migrations) = with_long_restores(600, &[("DECANT_SHUTDOWN_SECONDS", "1"), redis]).await;
    let [_, changed] = stopped_in_a_restore(&mut app).await;
    assert_eq!(app.database.contents().await, changed);
    let reason = "told to stop before its end";
    app.server.wait_for_log(reason, Duration::from_secs(5)).await;

    app.server = Server::start(&[("DSN", &app.database.dsn), redis]).await;
    assert!(copies(&app.admin()).await.is_empty());
    // Redis would keep the lock of one that was killed for minutes.
    app.admin().dump().answer().await.good();
}
