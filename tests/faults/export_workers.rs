//! Workers of background exports that are killed, paused or stopped, and databases that break off.

use std::time::Duration;

use decant_tests::actors::Actor;
use decant_tests::definitions::{Definitions, SLOWLY, silent_for};
use decant_tests::exports::{Exports, PATIENCE, create, export, wait_until};
use decant_tests::metrics::Metrics;
use decant_tests::patience::wait_for;
use decant_tests::server::Server;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};

const SOON: Duration = Duration::from_secs(60);

/// A short lease, so that a lost worker is noticed soon.
const LEASE: (&str, &str) = ("DECANT_EXPORT_LEASE_SECONDS", "3");

/// Starts a server without workers, and one with workers.
async fn start(definitions: &Definitions) -> (Exports, Server) {
    let settings = [definitions.setting(), LEASE, ("DECANT_WORKERS", "0")];
    let exports = Exports::start(&settings).await;
    let worker = exports.another_server(&[definitions.setting(), LEASE]).await;
    (exports, worker)
}

fn signal(server: &Server, signal: Signal) {
    kill(Pid::from_raw(server.pid().cast_signed()), signal).expect("the server runs");
}

async fn logged(exports: &Exports, id: &str) -> Vec<String> {
    let sql = format!("select event_type from decant.export_logs where export_id = '{id}' order by id");
    exports.state.texts(&sql).await.into_iter().flatten().collect()
}

async fn status(actor: &Actor, id: &str) -> Value {
    actor.export_status(id).answer().await.good().json()
}

#[tokio::test]
async fn the_export_of_a_killed_worker_is_taken_up_again_and_nothing_is_doubled() {
    let definitions = Definitions::of(&[SLOWLY]);
    let (exports, mut worker) = start(&definitions).await;
    let admin = exports.app.admin();
    let body = json!({ "dataset": "slowly", "format": "csv", "options": { "compression": "none" } });
    let id = create(&admin, &body).await;
    wait_until(&admin, &id, "processing").await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    worker.crash().await;
    let _next = exports.another_server(&[definitions.setting(), LEASE]).await;
    let completed = wait_until(&admin, &id, "completed").await;
    assert_eq!(
        (&completed["attempts"], &completed["recordCount"]),
        (&json!(2), &json!(20_000)),
        "{completed}"
    );
    let events = logged(&exports, &id).await;
    assert!(
        events.starts_with(&["created".to_owned(), "start".to_owned()]),
        "{events:?}"
    );
    assert_eq!(
        events.iter().filter(|event| *event == "retry").count(),
        1,
        "{events:?}"
    );
    assert_eq!(
        events.iter().filter(|event| *event == "complete").count(),
        1,
        "{events:?}"
    );
    let direct = admin
        .export("slowly")
        .query("format", "csv")
        .answer()
        .await
        .good();
    assert!(exports.file(&id).await == direct.body);
    // Each server looks for lost workers, also one without workers of its own.
    let recorded = "select count(*) from decant.audit where action = 'export_taken_up_again'";
    let once = async || (exports.state.number(recorded).await == 1).then_some(());
    wait_for("the record of the lost worker", SOON, once).await;
}

#[tokio::test]
async fn a_worker_that_lost_its_lease_while_writing_cannot_complete_the_export() {
    let definitions = Definitions::of(&[&silent_for(6.0)]);
    let (exports, first) = start(&definitions).await;
    let admin = exports.app.admin();
    let id = create(&admin, &json!({ "dataset": "silent", "format": "csv" })).await;
    wait_until(&admin, &id, "processing").await;
    signal(&first, Signal::SIGSTOP);
    let _second = exports.another_server(&[definitions.setting(), LEASE]).await;
    let completed = wait_until(&admin, &id, "completed").await;
    assert_eq!(completed["attempts"], 2, "{completed}");
    signal(&first, Signal::SIGCONT);
    first.wait_for_log("export_lease_lost", SOON).await;
    let removed = async || (exports.files() == 1).then_some(());
    wait_for("the removal of the other file", SOON, removed).await;
    let after: Value = admin.show_export(&id).answer().await.good().json();
    assert_eq!(after["export"], completed);
}

#[tokio::test]
async fn a_worker_that_stops_gives_its_export_back_without_counting_the_attempt() {
    let definitions = Definitions::of(&[&silent_for(30.0), SLOWLY]);
    let settings = [definitions.setting(), LEASE, ("DECANT_WORKERS", "0")];
    let exports = Exports::start(&settings).await;
    let hasty = [definitions.setting(), LEASE, ("DECANT_SHUTDOWN_SECONDS", "1")];
    let mut worker = exports.another_server(&hasty).await;
    let admin = exports.app.admin();
    let id = create(&admin, &json!({ "dataset": "silent", "format": "csv" })).await;
    wait_until(&admin, &id, "processing").await;
    worker.ask_to_stop();
    assert_eq!(worker.ended().await, Some(0), "{}", worker.log());
    let given_back = wait_until(&admin, &id, "queued").await;
    assert_eq!(
        (&given_back["attempts"], &given_back["errorCode"]),
        (&json!(0), &Value::Null),
        "{given_back}"
    );
    assert_eq!(exports.files(), 0);
    // One that has the time ends.
    let mut patient = exports.another_server(&[definitions.setting(), LEASE]).await;
    admin.cancel_export(&id).answer().await.good();
    let id = create(&admin, &json!({ "dataset": "slowly", "format": "csv" })).await;
    wait_until(&admin, &id, "processing").await;
    patient.ask_to_stop();
    assert_eq!(patient.ended().await, Some(0), "{}", patient.log());
    wait_until(&admin, &id, "completed").await;
}

#[tokio::test]
async fn an_export_whose_connection_to_the_database_breaks_is_tried_again() {
    let definitions = Definitions::of(&[SLOWLY]);
    let exports = Exports::start(&[definitions.setting(), LEASE]).await;
    let admin = exports.app.admin();
    let id = create(&admin, &json!({ "dataset": "slowly", "format": "csv" })).await;
    let copies = async || (exports.app.database.running_copies().await == 1).then_some(());
    wait_for("a running copy", SOON, copies).await;
    exports
        .app
        .database
        .execute("select pg_terminate_backend(pid) from pg_stat_activity where query ilike 'copy (%' and datname = current_database()")
        .await;
    let completed = wait_until(&admin, &id, "completed").await;
    assert_eq!(completed["attempts"], 2, "{completed}");
    let status = status(&admin, &id).await;
    let retry = status["logs"]
        .as_array()
        .unwrap()
        .iter()
        .find(|log| log["event_type"] == "retry");
    assert_eq!(retry.unwrap()["level"], "warn", "{status}");
    assert_eq!(exports.files(), 1);
}

#[tokio::test]
async fn a_storage_that_cannot_be_written_fails_after_three_attempts_with_the_cause() {
    let definitions = Definitions::of(&[&silent_for(0.1)]);
    let exports = Exports::start(&[definitions.setting(), ("DECANT_DISK_RESERVE_MB", "4000000")]).await;
    let admin = exports.app.admin();
    let id = create(&admin, &json!({ "dataset": "silent", "format": "csv" })).await;
    let failed = wait_until(&admin, &id, "failed").await;
    assert_eq!(
        (&failed["attempts"], &failed["errorCode"]),
        (&json!(3), &json!("storage_failed")),
        "{failed}"
    );
    assert_eq!(exports.files(), 0);
}

#[tokio::test]
async fn while_the_state_database_is_away_nothing_is_created_and_what_runs_is_completed_later() {
    let definitions = Definitions::of(&[SLOWLY]);
    let exports = Exports::start(&[definitions.setting(), ("DECANT_EXPORT_LEASE_SECONDS", "60")]).await;
    let admin = exports.app.admin();
    let id = create(&admin, &json!({ "dataset": "slowly", "format": "csv" })).await;
    wait_until(&admin, &id, "processing").await;
    // Before its rows come, the worker reads the rights of its person there.
    wait_for("the rows", PATIENCE, async || {
        (exports.app.database.running_copies().await > 0).then_some(())
    })
    .await;
    let name = exports.state.text("select current_database()").await.unwrap();
    let cluster = decant_tests::cluster::Cluster::shared().await;
    cluster
        .execute(format!("alter database {name} allow_connections false"))
        .await;
    cluster
        .execute(format!(
            "select pg_terminate_backend(pid) from pg_stat_activity where datname = '{name}'"
        ))
        .await;
    let problem = admin
        .create_export(&json!({ "dataset": "slowly" }))
        .answer()
        .await
        .problem(503, "state_database_unavailable");
    assert!(problem.detail.contains("state database"), "{problem:?}");
    tokio::time::sleep(Duration::from_secs(12)).await;
    cluster
        .execute(format!("alter database {name} allow_connections true"))
        .await;
    let completed = wait_until(&admin, &id, "completed").await;
    assert_eq!(completed["attempts"], 1, "{completed}");
}

/// Waits for the advisory lock 4711 of the database, and then fails.
const FAILING_LATER: &str = r#"
name = "failing-later"
title = "Failing later"
access = "admin"
order = ["n desc"]
from = "(select (random() * 0)::integer as n from pg_advisory_xact_lock(4711)) slow"

[[column]]
name = "n"
label = "Number"
sql = "1 / n"
"#;

/// Waits until a statement with this text waits for the record that a test has locked.
async fn waits(exports: &Exports, text: &str) {
    let sql = format!(
        "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock' \
         and query like '%{text}%'"
    );
    let look = async || (exports.state.number(&sql).await == 1).then_some(());
    wait_for(text, SOON, look).await;
}

#[tokio::test]
async fn an_export_that_is_cancelled_while_its_attempt_fails_is_cancelled_once() {
    let definitions = Definitions::of(&[FAILING_LATER]);
    let settings = [definitions.setting(), ("DECANT_WAIT_SECONDS", "60")];
    let exports = Exports::start(&settings).await;
    let admin = exports.app.admin();
    let mut source = PgConnection::connect(&exports.app.database.dsn).await.unwrap();
    let mut state = PgConnection::connect(&exports.state.dsn).await.unwrap();
    for is_retryable in [false, true] {
        source.execute("select pg_advisory_lock(4711)").await.unwrap();
        let id = create(&admin, &json!({ "dataset": "failing-later", "format": "csv" })).await;
        let copies = async || (exports.app.database.running_copies().await == 1).then_some(());
        wait_for("a running copy", SOON, copies).await;
        // Both the cancellation and the failure wait for the record: the cancellation is first.
        let mut holding = state.begin().await.unwrap();
        let lock = format!("select from decant.data_exports where id = '{id}' for update");
        holding.execute(AssertSqlSafe(lock)).await.unwrap();
        let cancelling = async { admin.cancel_export(&id).answer().await.good() };
        let failing = async {
            waits(&exports, "set cancel_asked = true").await;
            match is_retryable {
                true => {
                    let end = "select pg_terminate_backend(pid) from pg_stat_activity \
                               where query ilike 'copy (%' and datname = current_database()";
                    exports.app.database.execute(end).await;
                }
                false => {
                    let unlocked = source.execute("select pg_advisory_unlock_all()").await;
                    unlocked.unwrap();
                }
            }
            waits(&exports, "attempts = attempts + $7").await;
            holding.commit().await.unwrap();
        };
        let (cancelled, ()) = tokio::join!(cancelling, failing);
        let cancelled: Value = cancelled.json();
        assert_eq!(cancelled["export"]["status"], "cancelled", "{cancelled}");
        assert_eq!(cancelled["export"]["errorCode"], Value::Null, "{cancelled}");
        assert_eq!(logged(&exports, &id).await, ["created", "start", "cancel"]);
        let after = export(&admin, &id).await;
        assert_eq!(after, cancelled["export"], "{is_retryable}");
        assert_eq!(exports.files(), 0);
        source.execute("select pg_advisory_unlock_all()").await.unwrap();
    }
    let counted = |metrics: &Metrics, status| {
        let labels = [("type", "dataset"), ("format", "csv"), ("status", status)];
        metrics.value("decant_exports_total", &labels)
    };
    let ended = Metrics::until(&exports.app.anonymous(), "both", |metrics| {
        counted(metrics, "cancelled") == Some(2.0)
    })
    .await;
    assert_eq!(counted(&ended, "failed"), Some(0.0));
}
