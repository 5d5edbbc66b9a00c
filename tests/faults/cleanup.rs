//! Clean-ups that fail: every row is in the log or in the archive.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use decant_tests::actors::{Actor, rest_of};
use decant_tests::app::App;
use decant_tests::cluster::{Cluster, execute, folder};
use decant_tests::database::{DEMO_ROWS, Database, fill};
use decant_tests::dumps::completed;
use decant_tests::logs::{archives, broken};
use decant_tests::patience::wait_for;
use decant_tests::program::{self, Settings};
use decant_tests::server::{ADMIN_TOKEN, Server, data_dir};
use decant_tests::small_disk::SmallDisk;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use reqwest::Response;
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};

const SOON: Duration = Duration::from_secs(10);

/// Slow enough for a fault in the middle.
const SLOW: Settings<'_> = &[
    ("DECANT_CLEANUP_BATCH_ROWS", "50"),
    ("DECANT_CLEANUP_PAUSE_MS", "200"),
];

/// A request that deletes the oldest 80 % of the log.
async fn order(database: &Database, archive_first: bool) -> Value {
    let time = database.log_time(0.8).await;
    json!({ "beforeDate": time, "dryRun": false, "archiveFirst": archive_first })
}

async fn app(settings: Settings<'_>) -> App {
    let app = App::start_with(settings).await;
    app.database.make_ledger().await;
    app
}

/// Reads events until the first batch is being deleted.
async fn deleting(response: &mut Response) {
    let mut told = String::new();
    while !told.contains("\"phase\":\"deleting\"") {
        let piece = response.chunk().await.expect("the connection holds");
        let piece = piece.unwrap_or_else(|| panic!("it ended before it deleted: {told}"));
        told.push_str(&String::from_utf8_lossy(&piece));
    }
}

/// Restores an archive by `decant cleanup restore`.
async fn bring_back(dsn: &str, archive: &Path) {
    let data = folder();
    let settings = [("DSN", dsn), data_dir(&data)];
    let archive = archive.to_str().expect("its name is plain");
    // Another machine, without the secret of the one that archived.
    let arguments = ["cleanup", "restore", archive, "--unverified"];
    program::run(&arguments, &settings).await.good();
}

#[tokio::test]
async fn a_server_killed_during_a_clean_up_leaves_every_row_in_the_log_or_in_the_archive() {
    let folder = folder();
    let place = ("STORAGE_URL", folder.path().to_str().unwrap());
    let mut app = app(&[SLOW, &[place]].concat()).await;
    let (before, ids) = (app.database.contents().await, app.database.log_ids().await);
    let fields = order(&app.database, true).await;
    let mut running = app.admin().clean_up_with_events(&fields).open().await;
    deleting(&mut running).await;
    app.server.crash().await;
    let ended = async || {
        let sql = "select count(*) from pg_stat_activity where application_name = 'decant clean-up' \
                   and datname = current_database()";
        (app.database.number(sql).await == 0).then_some(())
    };
    wait_for("its session to end", SOON, ended).await;

    let left = app.database.log_ids().await;
    let gone: BTreeSet<u64> = ids.difference(&left).copied().collect();
    let archives = archives(&folder.path().join("logs"));
    assert_eq!(archives.len(), 1);
    assert!(
        !gone.is_empty() && gone.len() < archives[0].ids.len(),
        "{}",
        gone.len()
    );
    assert!(gone.is_subset(&archives[0].ids));
    bring_back(&app.database.dsn, &archives[0].path).await;
    assert_eq!(app.database.contents().await, before);

    // The lock ended with its session, so the next clean-up deletes the rest.
    app.server = Server::start(&[("DSN", &app.database.dsn)]).await;
    let cleaned: Value = app.admin().clean_up(&fields).answer().await.good().json();
    assert_eq!(cleaned["deleted"], archives[0].ids.len());
}

#[tokio::test]
async fn a_server_killed_while_it_archives_deletes_nothing_and_leaves_no_archive() {
    let folder = folder();
    let data = folder.path().join("data");
    let settings = [
        ("STORAGE_URL", folder.path().to_str().unwrap()),
        ("DECANT_DATA_DIR", data.to_str().unwrap()),
    ];
    let mut app = App::start_on(Database::with_rows(40_000).await, &settings).await;
    app.database.make_ledger().await;
    let before = app.database.contents().await;
    let fields = order(&app.database, true).await;
    let mut running = app.admin().clean_up_with_events(&fields).open().await;
    running.chunk().await.unwrap().unwrap();
    app.server.crash().await;
    let archives = archives(&folder.path().join("logs"));
    if archives.is_empty() {
        assert_eq!(app.database.contents().await, before);
    }
    // Its unfinished file is no archive, and is removed.
    let restarted = [
        ("DSN", app.database.dsn.as_str()),
        ("DECANT_SCRATCH_SECONDS", "1"),
    ];
    app.server = Server::start(&[&restarted[..], &settings].concat()).await;
    // The status shows the end as soon as the lock of the dead server is free.
    let ended = async || {
        let status: Value = app.admin().database_status().answer().await.good().json();
        let state = status["lastCleanup"]["ending"]["state"].as_str()?.to_owned();
        Some(state)
    };
    let state = wait_for("the end of the clean-up", SOON, ended).await;
    assert!(state == "failed" || !archives.is_empty(), "{state}");
    let swept = async || {
        let mut files = std::fs::read_dir(data.join("scratch")).ok()?;
        files.next().is_none().then_some(())
    };
    wait_for("the sweep", SOON, swept).await;
}

#[tokio::test]
async fn a_postgresql_killed_during_a_clean_up_loses_no_row() {
    let cluster = Cluster::start().await;
    let dsn = cluster.dsn(decant_embedded::DATABASE);
    fill(&dsn, DEMO_ROWS).await;
    // With asynchronous commit, a killed PostgreSQL may lose committed deletions.
    let durable = "alter database decant set synchronous_commit = on".to_owned();
    execute(&dsn, durable).await;
    let text = async |sql: &str| -> sqlx::Result<String> {
        let mut connection = PgConnection::connect(&dsn).await?;
        sqlx::query_scalar(AssertSqlSafe(sql.to_owned()))
            .fetch_one(&mut connection)
            .await
    };
    const LOG: &str =
        "select count(*) || ' ' || sum(hashtextextended(m::text, 0)::numeric) from message_request m";
    let before = text(LOG).await.unwrap();
    let folder = folder();
    let place = ("STORAGE_URL", folder.path().to_str().unwrap());
    let server = Server::start(&[&[("DSN", dsn.as_str()), place][..], SLOW].concat()).await;
    let admin = Actor::new(&server.address).with_token(ADMIN_TOKEN);
    let fields = json!({
        "beforeDate": text("select (percentile_disc(0.8) within group (order by created_at))::text from message_request").await.unwrap(),
        "dryRun": false, "archiveFirst": true, "withoutStatistics": true,
    });
    let mut running = admin.clean_up_with_events(&fields).open().await;
    deleting(&mut running).await;
    // As the kernel does when memory runs out. PostgreSQL then ends all sessions and recovers from its WAL.
    let pid = text("select pid::text from pg_stat_activity where application_name = 'decant clean-up'")
        .await
        .unwrap();
    kill(Pid::from_raw(pid.parse().unwrap()), Signal::SIGKILL).unwrap();
    let (told, _) = rest_of(running).await;
    let told = String::from_utf8_lossy(&told);
    let (_, error) = told
        .split_once("event: error\ndata: ")
        .unwrap_or_else(|| panic!("{told}"));
    let error: Value = serde_json::from_str(error.trim()).unwrap();
    assert!(error["deleted"].as_u64().unwrap() > 0, "{error}");
    assert!(
        error["message"].as_str().unwrap().contains("connection"),
        "{error}"
    );

    let recovered = async || text(LOG).await.ok();
    let after = wait_for("the recovery", Duration::from_secs(60), recovered).await;
    assert_ne!(after, before);
    let archives = archives(&folder.path().join("logs"));
    assert_eq!(archives.len(), 1);
    bring_back(&dsn, &archives[0].path).await;
    assert_eq!(text(LOG).await.unwrap(), before);
}

#[tokio::test]
async fn a_full_disk_deletes_nothing() {
    let disk = SmallDisk::of_bytes(512 * 1024);
    let place = ("STORAGE_URL", disk.path().to_str().unwrap());
    let no_reserve = ("DECANT_DISK_RESERVE_MB", "0");
    let app = App::start_on(Database::with_rows(20_000).await, &[place, no_reserve]).await;
    app.database.make_ledger().await;
    let before = app.database.contents().await;
    let fields = order(&app.database, true).await;
    let error = broken(app.admin().clean_up_with_events(&fields).answer().await);
    assert_eq!(error["deleted"], 0);
    let message = error["message"].as_str().unwrap();
    assert!(
        message.contains("nothing was deleted") && message.contains("No space left"),
        "{message}"
    );
    app.admin()
        .clean_up(&fields)
        .answer()
        .await
        .problem(500, "cleanup_failed");
    assert_eq!(app.database.contents().await, before);
    assert_eq!(archives(&disk.path().join("logs")).len(), 0);
    assert_eq!(std::fs::read_dir(disk.path().join("logs")).unwrap().count(), 0);
}

#[tokio::test]
async fn locked_or_changed_rows_are_not_deleted() {
    for archive_first in [false, true] {
        let app = app(SLOW).await;
        let fields = order(&app.database, archive_first).await;
        let before = app.database.log_ids().await;
        let time = fields["beforeDate"].as_str().unwrap();
        let of_time =
            |what: &str| format!("select {what}(id) from message_request where created_at < '{time}'");
        let locked = app.database.number(&of_time("min")).await;
        let changed = app.database.number(&of_time("max")).await;
        let mut holder = PgConnection::connect(&app.database.dsn).await.unwrap();
        let lock = format!("begin; select from message_request where id = {locked} for update");
        holder.execute(sqlx::raw_sql(AssertSqlSafe(lock))).await.unwrap();

        let mut running = app.admin().clean_up_with_events(&fields).open().await;
        deleting(&mut running).await;
        // The same value makes a new version of the row too.
        execute(
            &app.database.dsn,
            format!("update message_request set model = model where id = {changed}"),
        )
        .await;
        let (rest, broken) = rest_of(running).await;
        assert!(!broken);
        let rest = String::from_utf8_lossy(&rest);
        let (_, cleaned) = rest
            .split_once("event: complete\ndata: ")
            .unwrap_or_else(|| panic!("{rest}"));
        let cleaned: Value = serde_json::from_str(cleaned.trim()).unwrap();
        let left = app.database.log_ids().await;
        let mut expected = BTreeSet::from([locked]);
        // Without an archive only the conditions count, and the changed row still meets them.
        if archive_first {
            expected.insert(changed);
        }
        assert_eq!(cleaned["left"], expected.len(), "{cleaned}");
        assert!(expected.is_subset(&left));
        assert_eq!(left.contains(&changed), archive_first);
        assert_eq!(cleaned["deleted"], before.len() - left.len());

        // The next clean-up deletes the row that is no longer locked.
        holder.execute("rollback").await.unwrap();
        let rest: Value = app.admin().clean_up(&fields).answer().await.good().json();
        assert_eq!(rest["deleted"], expected.len());
        assert_eq!(rest["left"], 0);
    }
}

#[tokio::test]
async fn a_clean_up_ends_after_its_batch_when_its_client_leaves_or_the_server_stops() {
    let settings = [
        ("DECANT_CLEANUP_BATCH_ROWS", "50"),
        ("DECANT_CLEANUP_PAUSE_MS", "300"),
    ];
    let mut app = app(&settings).await;
    let fields = order(&app.database, false).await;
    let mut deleted = 0;
    for stops in [false, true] {
        let before = app.database.log_ids().await.len();
        let mut running = app.admin().clean_up_with_events(&fields).open().await;
        deleting(&mut running).await;
        let stopped = if stops {
            app.server.ask_to_stop();
            let (rest, _) = rest_of(running).await;
            assert!(String::from_utf8_lossy(&rest).contains("\"cancelled\":true"));
            assert_eq!(app.server.ended().await, Some(0));
            before - app.database.log_ids().await.len()
        } else {
            drop(running);
            let cancelled = async || app.server.log().contains("log_cleanup_cancelled").then_some(());
            wait_for("it to end", SOON, cancelled).await;
            let now = app.database.log_ids().await.len();
            let status: Value = app.admin().database_status().answer().await.json();
            assert_eq!(status["lastCleanup"]["deleted"], before - now);
            before - now
        };
        assert!(stopped > 0 && stopped <= 500 && stopped % 50 == 0, "{stopped}");
        deleted += stopped;
    }
    assert_eq!(
        app.database.log_ids().await.len(),
        usize::try_from(DEMO_ROWS).unwrap() - deleted
    );
    app.server = Server::start(&[("DSN", &app.database.dsn)]).await;
    completed(app.admin().clean_up_with_events(&fields).answer().await);
}
