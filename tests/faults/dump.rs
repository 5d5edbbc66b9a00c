//! Dumps that are cut or killed, and the lock that allows one operation at a time.

use std::time::{Duration, Instant};

use decant_tests::actors::{Actor, rest_of};
use decant_tests::app::App;
use decant_tests::cluster::folder;
use decant_tests::database::Database;
use decant_tests::dumps::restored;
use decant_tests::patience::wait_for;
use decant_tests::program::Settings;
use decant_tests::proxy::{Behavior, Proxy};
use decant_tests::redis::Redis;
use decant_tests::server::{ADMIN_TOKEN, Server};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use reqwest::Response;
use serde_json::Value;

/// Bound for the end of `pg_dump` after its client's.
const SOON: Duration = Duration::from_secs(2);

/// Bound for what takes longer on a loaded machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// Uncompressed, this many rows exceed all buffers between `pg_dump` and its client.
const ROWS: u64 = 60_000;

const UNCOMPRESSED: (&str, &str) = ("DECANT_DUMP_COMPRESSION", "none");

async fn app(settings: Settings<'_>) -> App {
    App::start_on(
        Database::with_rows(ROWS).await,
        &[&[UNCOMPRESSED], settings].concat(),
    )
    .await
}

/// Starts a dump and reads its first bytes. Then it waits for its client.
async fn begun(app: &App) -> Response {
    let mut dump = app.admin().dump().open().await;
    assert_eq!(dump.status(), 200);
    let first = dump.chunk().await.expect("the connection holds");
    assert!(first.is_some(), "the dump is empty");
    dump
}

async fn sessions_of_pg_dump(app: &App) -> usize {
    app.database.decant_sessions("pg_dump").await.len()
}

async fn lock_is_free(app: &App) {
    let free = async || {
        let status: Value = app.admin().database_status().answer().await.json();
        status["lock"].is_null().then_some(())
    };
    wait_for("the lock to be free", SOON, free).await;
}

#[tokio::test]
async fn pg_dump_ends_when_its_client_disconnects() {
    let app = app(&[]).await;
    let dump = begun(&app).await;
    assert_eq!(sessions_of_pg_dump(&app).await, 1);
    let arguments: Vec<_> = app.server.children().into_values().collect();
    assert!(
        arguments.iter().any(|line| line.contains("pg_dump")),
        "{arguments:?}"
    );
    assert!(
        !arguments
            .iter()
            .any(|line| line.contains("postgres://") || line.contains("PGPASSWORD")),
        "{arguments:?}"
    );
    drop(dump);
    let gone = async || (sessions_of_pg_dump(&app).await == 0).then_some(());
    wait_for("pg_dump to be gone", SOON, gone).await;
    lock_is_free(&app).await;
    let status: Value = app.admin().database_status().answer().await.json();
    assert_eq!(status["lastDump"]["ending"]["state"], "cancelled");
    app.server.wait_for_log("pg_dump_cancelled", SOON).await;
    app.admin().dump().answer().await.good();
}

/// Starts a spooled dump, and stops `pg_dump` while the file is not complete.
async fn half_spooled(app: &App) -> (tokio::task::JoinHandle<Response>, u32) {
    let waiting = tokio::spawn(app.admin().dump().query("spool", "true").open());
    let has_begun = async || (spools(app) > 0).then_some(());
    wait_for("the file of a spooled dump", PATIENCE, has_begun).await;
    let children = app.server.children();
    let (pid, _) = children
        .into_iter()
        .find(|(_, line)| line.contains("pg_dump"))
        .expect("pg_dump runs");
    kill(Pid::from_raw(pid), Signal::SIGSTOP).expect("pg_dump runs");
    (waiting, pid.cast_unsigned())
}

fn spools(app: &App) -> usize {
    let files = std::fs::read_dir(app.server.data_dir().join("scratch"));
    let names = files.into_iter().flatten().flatten().map(|entry| entry.path());
    names
        .filter(|path| path.extension().is_some_and(|extension| extension == "spool"))
        .count()
}

#[tokio::test]
async fn a_spooled_dump_ends_with_its_client_and_leaves_no_file() {
    let app = app(&[]).await;
    let (waiting, _) = half_spooled(&app).await;
    waiting.abort();
    let gone = async || (sessions_of_pg_dump(&app).await == 0 && spools(&app) == 0).then_some(());
    wait_for("pg_dump and its file to be gone", PATIENCE, gone).await;
    lock_is_free(&app).await;
    let status: Value = app.admin().database_status().answer().await.json();
    assert_eq!(status["lastDump"]["ending"]["state"], "cancelled");
    // Nothing of it is sent: the rest of a file means a new dump.
    let rest = app
        .admin()
        .dump()
        .query("spool", "true")
        .header("range", "bytes=10-")
        .header("if-range", "\"of a dump that is gone\"");
    assert_eq!(rest.answer().await.good().status, 200);
}

#[tokio::test]
async fn a_spooled_dump_that_fails_part_way_is_an_error_and_leaves_no_file() {
    let app = app(&[]).await;
    let (waiting, pid) = half_spooled(&app).await;
    kill(Pid::from_raw(pid.cast_signed()), Signal::SIGKILL).expect("pg_dump is there");
    let answer = waiting.await.expect("the client waits");
    assert_eq!(answer.status(), 500);
    assert_eq!(spools(&app), 0);
    let status: Value = app.admin().database_status().answer().await.json();
    assert_eq!(status["lastDump"]["ending"]["state"], "failed");
}

#[tokio::test]
async fn a_dump_that_fails_part_way_breaks_the_connection_and_records_the_cause() {
    let app = app(&[]).await;
    let dump = begun(&app).await;
    assert!(app.database.end_sessions("pg_dump").await);
    let (_, broken) = rest_of(dump).await;
    assert!(broken, "the dump looks whole");
    lock_is_free(&app).await;
    let status: Value = app.admin().database_status().answer().await.json();
    let ending = &status["lastDump"]["ending"];
    assert_eq!(ending["state"], "failed");
    let reason = ending["reason"].as_str().unwrap();
    // A backend that waits for its client may end without an error message.
    let causes = ["administrator command", "server closed the connection"];
    assert!(
        reason.contains("pg_dump failed") && causes.iter().any(|cause| reason.contains(cause)),
        "{reason}"
    );
}

#[tokio::test]
async fn a_slow_client_costs_no_memory() {
    let app = app(&[]).await;
    app.admin().dump().answer().await.good();
    let before = app.server.memory_bytes();
    let proxy = Proxy::to(&app.server.address).await;
    proxy.set(Behavior::Throttled(100_000));
    let mut dump = app.admin().through(&proxy.address).dump().open().await;
    let (since, mut most) = (Instant::now(), before);
    while since.elapsed() < Duration::from_secs(4) {
        dump.chunk().await.unwrap().expect("the dump is larger than that");
        most = most.max(app.server.memory_bytes());
    }
    let growth = most - before;
    assert!(growth <= 16 * 1024 * 1024, "the server grew by {growth} bytes");
}

#[tokio::test]
async fn a_dump_that_nobody_reads_gives_up_its_lock() {
    let app = app(&[("DECANT_STALL_SECONDS", "1")]).await;
    let dump = begun(&app).await;
    let free = async || {
        let status: Value = app.admin().database_status().answer().await.json();
        status["lock"].is_null().then_some(status)
    };
    let status = wait_for("the lock to be free", Duration::from_secs(20), free).await;
    assert_eq!(status["lastDump"]["ending"]["state"], "cancelled");
    assert_eq!(sessions_of_pg_dump(&app).await, 0);
    drop(dump);
}

#[tokio::test]
async fn a_running_dump_names_its_table_and_its_messages_are_in_the_log() {
    let app = app(&[("DECANT_LOG_FILTER", "info,pg_dump=debug")]).await;
    let dump = begun(&app).await;
    let table = wait_for("the table of the dump", SOON, async || {
        let status: Value = app.admin().database_status().answer().await.json();
        status["lastDump"]["table"].as_str().map(ToOwned::to_owned)
    })
    .await;
    assert!(table.starts_with("public."), "{table}");
    let message = format!("dumping contents of table \\\"{table}\\\"");
    app.server.wait_for_log(&message, SOON).await;
    drop(dump);
    lock_is_free(&app).await;
}

#[tokio::test]
async fn a_second_dump_is_refused_with_the_name_of_the_first_caller() {
    let app = app(&[]).await;
    let dump = begun(&app).await;
    let conflict = app.admin().dump().answer().await;
    let problem = conflict.problem(409, "backup_lock_conflict");
    assert!(
        problem.detail.contains("A dump by Administrator"),
        "{}",
        problem.detail
    );
    let status: Value = app.admin().database_status().answer().await.json();
    assert_eq!(status["lock"]["operation"], "export");
    assert_eq!(status["lock"]["holder"], "Administrator");
    drop(dump);
    lock_is_free(&app).await;
}

/// A second server on the same database.
async fn second(app: &App, settings: Settings<'_>) -> Server {
    Server::start(&[&[("DSN", app.database.dsn.as_str()), UNCOMPRESSED], settings].concat()).await
}

#[tokio::test]
async fn two_servers_never_dump_at_once_even_if_redis_fails() {
    let mut redis = Redis::start().await;
    let url = redis.url();
    let settings = [("REDIS_URL", url.as_str()), ("DECANT_LOCK_SECONDS", "3")];
    let app = app(&settings).await;
    let other = second(&app, &settings).await;
    let other = Actor::new(&other.address).with_token(ADMIN_TOKEN);
    let conflict = async |when: &str| {
        let answer = other.dump().answer().await;
        assert_eq!(answer.status, 409, "{when}: {}", answer.text());
    };
    let dump = begun(&app).await;
    let value = redis.get("database:backup:lock").await.unwrap();
    assert!(value.contains("Administrator"), "{value}");
    conflict("with Redis").await;

    redis.pause();
    conflict("while Redis is paused").await;
    redis.go_on();

    redis.crash();
    conflict("without Redis").await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    conflict("after a renewal without Redis").await;

    redis.start_again().await;
    conflict("with a new Redis").await;
    let known = async || redis.get("database:backup:lock").await;
    let taken_again = wait_for("the lock in the new Redis", Duration::from_secs(5), known).await;
    assert_eq!(taken_again, value);

    // The lock was renewed all the time, so the dump is whole.
    let (rest, broken) = rest_of(dump).await;
    assert!(!broken && !rest.is_empty());
    let gone = async || redis.get("database:backup:lock").await.is_none().then_some(());
    wait_for("the lock to be given back", SOON, gone).await;
    other.dump().answer().await.good();
}

#[tokio::test]
async fn the_lock_of_a_crashed_server_expires() {
    let redis = Redis::start().await;
    let url = redis.url();
    let settings = [("REDIS_URL", url.as_str()), ("DECANT_LOCK_SECONDS", "3")];
    let mut app = app(&settings).await;
    let other = second(&app, &settings).await;
    let other = Actor::new(&other.address).with_token(ADMIN_TOKEN);
    let dump = begun(&app).await;
    app.server.crash().await;
    drop(dump);
    let taken_over = async || {
        let answer = other.dump().answer().await;
        (answer.status == 200).then_some(answer)
    };
    let dump = wait_for("the lock", Duration::from_secs(6), taken_over).await;
    restored(&dump.body).await;
}

#[tokio::test]
async fn a_dump_stops_when_it_loses_its_lock() {
    let redis = Redis::start().await;
    let url = redis.url();
    let app = app(&[("REDIS_URL", url.as_str()), ("DECANT_LOCK_SECONDS", "1")]).await;
    let dump = begun(&app).await;
    redis.set("database:backup:lock", "the hub's own").await;
    app.server.wait_for_log("backup_lock_lost", SOON).await;
    let (_, broken) = rest_of(dump).await;
    assert!(broken, "the dump looks whole");
    // The other holder's key stays.
    assert_eq!(
        redis.get("database:backup:lock").await.as_deref(),
        Some("the hub's own")
    );
    let problem = app
        .admin()
        .dump()
        .answer()
        .await
        .problem(409, "backup_lock_conflict");
    assert!(problem.detail.contains("another program"), "{}", problem.detail);
}

/// Two actions have no part here: `database_export_reader_cancel_error` needs a process that cannot be killed, and
/// `temp_file_cleanup_error` a file that cannot be removed.
#[tokio::test]
async fn the_actions_of_the_hubs_log_are_reached() {
    const PATIENCE: Duration = Duration::from_secs(20);
    let redis = Redis::start().await;
    let redis_url = redis.url();
    let app = app(&[("REDIS_URL", redis_url.as_str())]).await;
    let (user, _) = app.user().await;
    app.admin().dump().answer().await.good();
    user.dump().answer().await.problem(403, "forbidden");
    let dump = begun(&app).await;
    app.admin()
        .dump()
        .answer()
        .await
        .problem(409, "backup_lock_conflict");
    drop(dump);
    app.server.wait_for_log("pg_dump_cancelled", PATIENCE).await;
    lock_is_free(&app).await;
    let dump = begun(&app).await;
    assert!(app.database.end_sessions("pg_dump").await);
    rest_of(dump).await;
    lock_is_free(&app).await;
    // The database has no `usage_ledger`.
    app.admin().dump().query("mode", "ledgerOnly").answer().await;
    lock_is_free(&app).await;
    let dump = begun(&app).await;
    redis.pause();
    rest_of(dump).await;
    app.admin().dump().answer().await;
    for action in [
        "backup_lock_acquired",
        "backup_lock_conflict",
        "backup_lock_fallback_to_postgres",
        "backup_lock_release_failed",
        "backup_lock_released",
        "database_export_error",
        "database_export_initiated",
        "database_export_lock_conflict",
        "database_export_lock_release_error",
        "database_export_unauthorized",
        "pg_dump_cancelled",
        "pg_dump_complete",
        "pg_dump_error",
        "pg_dump_start",
    ] {
        app.server.wait_for_log(action, PATIENCE).await;
    }

    let (storage, no_programs) = (folder(), folder());
    std::fs::write(storage.path().join("logs"), "not a folder").unwrap();
    let other = App::start_with(&[
        ("STORAGE_URL", storage.path().to_str().unwrap()),
        ("PG_BIN_DIR", no_programs.path().to_str().unwrap()),
    ])
    .await;
    other.admin().dump().answer().await;
    for action in ["pg_dump_spawn_error", "temp_file_periodic_cleanup_error"] {
        other.server.wait_for_log(action, PATIENCE).await;
    }
    let name = other.database.text("select current_database()").await.unwrap();
    app.database
        .execute(format!("alter database {name} allow_connections false"))
        .await;
    other.admin().dump().answer().await;
    other
        .server
        .wait_for_log("database_export_connection_unavailable", PATIENCE)
        .await;
}
