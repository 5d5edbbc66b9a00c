//! SIGTERM: operations may finish for a while, and are then cancelled with the reason.

use std::time::{Duration, Instant};

use decant_tests::actors::rest_of;
use decant_tests::app::App;
use decant_tests::cluster::folder;
use decant_tests::database::Database;
use decant_tests::definitions::ENDLESS;
use decant_tests::dumps::copies;
use decant_tests::program::Settings;
use decant_tests::proxy::{Behavior, Proxy};
use decant_tests::raw_rows::RawRows;
use decant_tests::redis::Redis;
use decant_tests::server::Server;
use decant_tests::stored_exports::{Bed, Made};
use serde_json::Value;
use tempfile::TempDir;

#[tokio::test]
async fn an_idle_server_stops_at_once_with_exit_code_0() {
    let mut app = App::start().await;
    app.anonymous().healthz().answer().await.good();
    let since = Instant::now();
    app.server.ask_to_stop();
    assert_eq!(app.server.ended().await, Some(0), "{}", app.server.log());
    assert!(since.elapsed() < Duration::from_secs(3), "{:?}", since.elapsed());
}

#[tokio::test]
async fn an_export_finishes_within_the_shutdown_time() {
    let mut app = App::start_on(
        Database::with_rows(20_000).await,
        &[("DECANT_SHUTDOWN_SECONDS", "20")],
    )
    .await;
    let proxy = Proxy::to(&app.server.address).await;
    proxy.set(Behavior::Throttled(2_000_000));
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
async fn an_export_that_exceeds_the_shutdown_time_ends_with_the_reason() {
    let mut app = App::start_with_datasets(&[ENDLESS], &[("DECANT_SHUTDOWN_SECONDS", "1")]).await;
    let proxy = Proxy::to(&app.server.address).await;
    proxy.set(Behavior::Throttled(20_000_000));
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
async fn exports_that_wait_when_the_server_is_asked_to_stop_do_not_begin() {
    for (wait, setting) in [
        ("for a share of the caller", "DECANT_EXPORTS_PER_CALLER"),
        ("for a connection", "DECANT_EXPORTS_MAX"),
    ] {
        let settings = [
            (setting, "1"),
            ("DECANT_WAIT_SECONDS", "60"),
            ("DECANT_SHUTDOWN_SECONDS", "3"),
        ];
        let app = App::start_with_datasets(&[ENDLESS], &settings).await;
        let _running = app.admin().rows("endless").open().await;
        let (admin, since) = (app.admin(), Instant::now());
        let stop = async {
            tokio::time::sleep(Duration::from_millis(500)).await;
            app.server.ask_to_stop();
        };
        let (rows, file, ()) = tokio::join!(
            admin.rows("endless").answer(),
            admin.export("endless").answer(),
            stop
        );
        for answer in [rows, file] {
            answer.problem(503, "shutting_down");
        }
        // Before the running export is ended.
        assert!(
            since.elapsed() < Duration::from_secs(3),
            "{wait}: {:?}",
            since.elapsed()
        );
        assert!(!app.server.log().contains("export_error"), "{wait}");
    }
}

#[tokio::test]
async fn a_stalled_client_does_not_delay_the_shutdown() {
    let mut app = App::start_with_datasets(&[ENDLESS], &[("DECANT_SHUTDOWN_SECONDS", "1")]).await;
    let _stalled = app.admin().rows("endless").open().await;
    let since = Instant::now();
    app.server.ask_to_stop();
    app.server.ended().await;
    assert!(since.elapsed() < Duration::from_secs(10), "{:?}", since.elapsed());
}

#[tokio::test]
async fn a_stored_file_whose_download_a_stop_breaks_off_is_recorded_and_its_link_is_good_again() {
    let mut bed = Bed::start(&[("DECANT_SHUTDOWN_SECONDS", "1")]).await;
    let admin = bed.app.admin();
    // More than the buffers of a connection hold.
    let export = bed.make(&Made::by_admin(), &vec![b'x'; 32_000_000]).await;
    let link = admin.link_export(&export.id).query("once", "true").answer().await;
    let link: Value = link.good().json();
    let (_, path) = link["url"].as_str().unwrap().split_once("/d/").unwrap();
    let by_link = bed.app.anonymous().get(&format!("/d/{path}"));
    let mut begun = [
        admin.download_export(&export.id).open().await,
        by_link.open().await,
    ];
    for download in &mut begun {
        download.chunk().await.expect("the file begins");
    }
    let used = "select count(*) from decant.export_links where used_at is not null";
    assert_eq!(bed.state.number(used).await, 1);
    bed.app.server.ask_to_stop();
    assert_eq!(bed.app.server.ended().await, Some(0), "{}", bed.app.server.log());
    let recorded = "select count(*) from decant.audit where action = 'export_downloaded' \
                    and (details->>'bytes')::bigint between 1 and 31999999";
    assert_eq!(bed.state.number(recorded).await, 2);
    assert_eq!(bed.state.number(used).await, 0);
    assert_eq!(bed.column(&export, "download_count").await.as_deref(), Some("0"));
}

/// A server whose restores end with a migration of this length.
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

/// Dumps all rows, deletes half of them, starts a restore, and stops the server during the migration. Returns the
/// contents of the database before and after the deletion.
async fn stopped_in_a_restore(app: &mut App) -> [Vec<(String, String)>; 2] {
    let dump = app.admin().dump().answer().await.good().body;
    let whole = app.database.contents().await;
    app.database
        .execute("delete from message_request where id % 2 = 0")
        .await;
    let changed = app.database.contents().await;
    let mut import = app.admin().import(&dump, &[("cleanFirst", "true")]).open().await;
    import.chunk().await.expect("the restore has begun");
    // No client stays, so that no connection keeps the server running.
    drop(import);
    app.server
        .wait_for_log("Migrating", Duration::from_secs(60))
        .await;
    app.server.ask_to_stop();
    assert_eq!(app.server.ended().await, Some(0), "{}", app.server.log());
    [whole, changed]
}

#[tokio::test]
async fn a_restore_finishes_within_the_shutdown_time() {
    let (mut app, _migrations) = with_long_restores(3, &[("DECANT_SHUTDOWN_SECONDS", "30")]).await;
    let [whole, _] = stopped_in_a_restore(&mut app).await;
    assert_eq!(app.database.contents().await, whole);
}

#[tokio::test]
async fn a_restore_that_exceeds_the_shutdown_time_is_undone() {
    let redis = Redis::start().await;
    let redis_url = redis.url();
    let redis = ("REDIS_URL", redis_url.as_str());
    let (mut app, _migrations) = with_long_restores(600, &[("DECANT_SHUTDOWN_SECONDS", "1"), redis]).await;
    let [_, changed] = stopped_in_a_restore(&mut app).await;
    assert_eq!(app.database.contents().await, changed);
    let reason = "was stopped before its end";
    app.server.wait_for_log(reason, Duration::from_secs(5)).await;

    app.server = Server::start(&[("DSN", &app.database.dsn), redis]).await;
    assert!(copies(&app.admin()).await.is_empty());
    // Redis would keep the lock of a killed server for minutes.
    app.admin().dump().answer().await.good();
}
