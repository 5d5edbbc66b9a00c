//! Operations whose lock is lost: another one may have begun, so they must not change anything.

use std::time::Duration;

use decant_tests::actors::{Actor, rest_of};
use decant_tests::app::App;
use decant_tests::cluster::folder;
use decant_tests::database::Database;
use decant_tests::dumps::{completed, copies, failed};
use decant_tests::logs::archives;
use decant_tests::patience::wait_for;
use decant_tests::program;
use decant_tests::server::{ADMIN_TOKEN, Server, data_dir};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::json;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};

/// Bound for the end of an operation whose lock is lost.
const SOON: Duration = Duration::from_secs(5);

/// Bound for an operation to reach a blocked table.
const PATIENCE: Duration = Duration::from_secs(30);

/// Blocks changes of a table, but no dump, until the connection is dropped.
async fn block(database: &Database, table: &str) -> PgConnection {
    let mut blocker = PgConnection::connect(&database.dsn)
        .await
        .expect("PostgreSQL accepts a connection");
    let lock = format!("begin; lock table {table} in share mode");
    blocker
        .execute(sqlx::raw_sql(AssertSqlSafe(lock)))
        .await
        .expect("it is free");
    blocker
}

/// Waits until an operation waits for a lock, and ends the session of Decant's own lock.
async fn end_lock_of_the_blocked(database: &Database) {
    let blocked = "select 1 from pg_locks where not granted \
                   and database = (select oid from pg_database where datname = current_database())";
    wait_for("a blocked operation", PATIENCE, async || {
        database.text(blocked).await
    })
    .await;
    database.execute(database.end_lock()).await;
}

#[tokio::test]
async fn a_restore_that_has_lost_its_lock_changes_nothing() {
    let app = App::start().await;
    let migrations = folder();
    let setting = (
        "DECANT_POST_RESTORE_MIGRATIONS",
        migrations.path().to_str().expect("its name is plain"),
    );
    // It runs immediately before the swap, or the commit.
    std::fs::write(migrations.path().join("1.sql"), app.database.end_lock()).expect("the folder is ours");
    let dump = app.admin().dump().answer().await.good().body;
    app.database.execute("delete from message_request").await;
    let beside = Server::start(&[("DSN", &app.database.dsn), setting]).await;
    let in_place = app.server_of_owner(&[setting]).await;
    let before = app.database.contents().await;
    for address in [&beside.address, &in_place.address] {
        let admin = Actor::new(address).with_token(ADMIN_TOKEN);
        let fields = [("cleanFirst", "true"), ("allowMissingTables", "true")];
        let why = failed(admin.import(&dump, &fields).answer().await);
        assert!(why.contains("lock"), "{why}");
        assert_eq!(app.database.contents().await, before);
        assert!(copies(&admin).await.is_empty());
    }
}

#[tokio::test]
async fn a_clean_up_that_has_lost_its_lock_deletes_nothing() {
    // Enough rows for the archive to be unfinished when the first event arrives.
    let app = App::start_on(Database::with_rows(10_000).await, &[]).await;
    app.database.make_ledger().await;
    let before = app.database.contents().await;
    let time = app.database.log_time(0.8).await;
    let fields = json!({ "beforeDate": time, "dryRun": false, "archiveFirst": true });
    let mut running = app.admin().clean_up_with_events(&fields).open().await;
    running.chunk().await.unwrap().expect("it archives");
    let server = Pid::from_raw(app.server.pid().cast_signed());
    kill(server, Signal::SIGSTOP).expect("the process is ours");
    app.database.execute(app.database.end_lock()).await;
    kill(server, Signal::SIGCONT).expect("the process is ours");
    let (events, _) = rest_of(running).await;
    let events = String::from_utf8_lossy(&events);
    assert!(
        events.contains("event: error") && events.contains("lock"),
        "{events}"
    );
    assert_eq!(app.database.contents().await, before);
}

#[tokio::test]
async fn a_blocked_operation_that_has_lost_its_lock_ends_at_once() {
    let app = App::start().await;
    let in_place = app.server_of_owner(&[]).await;
    let dump = app.admin().dump().answer().await.good().body;
    app.database
        .execute("delete from message_request where id % 2 = 0")
        .await;
    let before = app.database.contents().await;
    for (address, clean) in [(&in_place.address, "true"), (&app.server.address, "false")] {
        let _blocker = block(&app.database, "message_request").await;
        let fields = [("cleanFirst", clean), ("allowMissingTables", "true")];
        let admin = Actor::new(address).with_token(ADMIN_TOKEN);
        let import = tokio::spawn(admin.import(&dump, &fields).answer());
        end_lock_of_the_blocked(&app.database).await;
        let answer = tokio::time::timeout(SOON, import).await;
        let why = failed(
            answer
                .expect("it ends while the table is blocked")
                .expect("it ends"),
        );
        assert!(why.contains("The lock was lost"), "clean {clean}: {why}");
        drop(_blocker);
        assert_eq!(app.database.contents().await, before);
    }
}

#[tokio::test]
async fn archived_rows_are_not_restored_without_the_lock() {
    let database = Database::new().await;
    database.make_ledger().await;
    let data = folder();
    let run = async |arguments: &[&str]| {
        let settings = [("DSN", database.dsn.as_str()), data_dir(&data)];
        program::run(&[&["cleanup"], arguments].concat(), &settings).await
    };
    let time = database.log_time(0.5).await;
    run(&["--before", &time, "--yes", "--archive-first"]).await.good();
    let archive = archives(&data.path().join("storage/logs")).remove(0);
    let archive = archive.path.to_str().expect("its name is plain");
    let before = database.contents().await;
    let blocker = block(&database, "message_request").await;
    let restoring = async {
        let restored = run(&["restore", archive]).await;
        drop(blocker);
        restored
    };
    let (restored, ()) = tokio::join!(restoring, end_lock_of_the_blocked(&database));
    let refusal = restored.refusal();
    assert!(refusal.contains("lock was lost"), "{refusal}");
    assert_eq!(database.contents().await, before);
}

#[tokio::test]
async fn a_rollback_that_waits_for_a_session_and_loses_its_lock_changes_nothing() {
    let database = Database::new().await;
    let name = database.text("select current_database()").await;
    let role = format!("waits_for_{}", name.expect("it has a name"));
    database.give_to(&role).await;
    let server = Server::start(&[("DSN", &database.dsn_of(&role))]).await;
    let admin = Actor::new(&server.address).with_token(ADMIN_TOKEN);
    let dump = admin.dump().answer().await.good().body;
    let restored = completed(admin.import(&dump, &[("cleanFirst", "true")]).answer().await);
    let previous = restored["previous"].as_str().expect("it has a name");
    let oid = "select oid from pg_database where datname = current_database()";
    let before = database.text(oid).await;
    // The role may not end this session. PostgreSQL waits five seconds for its end.
    let mut monitor = PgConnection::connect(&database.dsn).await.expect("a session");
    let ending = async {
        let swapping = async || (!database.decant_sessions("restore").await.is_empty()).then_some(());
        wait_for("the swap", PATIENCE, swapping).await;
        tokio::time::sleep(Duration::from_millis(300)).await;
        let attempts = || server.log().matches("the swap waits for sessions").count();
        let before = attempts();
        // By this session, because a new one would wait for the end of the attempt.
        let ended = monitor.execute(AssertSqlSafe(database.end_lock())).await;
        ended.expect("the lock ends");
        // The lock is asked before each attempt, so the session ends only after one that has begun before.
        wait_for("the next attempt", PATIENCE, async || {
            (attempts() > before).then_some(())
        })
        .await;
        drop(monitor);
    };
    let (answer, ()) = tokio::join!(admin.roll_back(previous).answer(), ending);
    assert!(
        answer.status >= 400 && answer.text().contains("lock was lost"),
        "{}",
        answer.text()
    );
    assert_eq!(database.text(oid).await, before);
}
