//! `decant work`: workers without a server.

use std::time::Duration;

use decant_tests::actors::Actor;
use decant_tests::cluster::folder;
use decant_tests::database::Database;
use decant_tests::definitions::{Definitions, NUMBERS};
use decant_tests::exports::{Exports, create, wait_until};
use decant_tests::metrics::Metrics;
use decant_tests::patience::wait_for;
use decant_tests::program;
use decant_tests::server::data_dir;
use decant_tests::worker::Worker;
use serde_json::{Value, json};

const PATIENCE: Duration = Duration::from_secs(30);

/// A free port of its own.
const LISTEN: (&str, &str) = ("DECANT_LISTEN", "127.0.0.1:0");

#[tokio::test]
async fn it_makes_the_exports_of_servers_with_the_same_state_database_until_it_is_stopped() {
    let definitions = Definitions::of(&[NUMBERS]);
    let exports = Exports::start(&[definitions.setting(), ("DECANT_WORKERS", "0")]).await;
    let worker = Worker::start(&exports, &[definitions.setting()]).await;
    assert_eq!(worker.address(), None, "{}", worker.ready);
    let admin = exports.app.admin();
    let id = create(&admin, &json!({ "dataset": "numbers", "format": "csv" })).await;
    wait_until(&admin, &id, "completed").await;
    assert!(!exports.file(&id).await.is_empty());
    assert!(worker.stop().await);
}

#[tokio::test]
async fn it_shows_health_and_metrics_where_it_is_told_to_listen() {
    let definitions = Definitions::of(&[NUMBERS]);
    let exports = Exports::start(&[definitions.setting(), ("DECANT_WORKERS", "0")]).await;
    let settings = [definitions.setting(), LISTEN, ("DECANT_WORKERS", "3")];
    let worker = Worker::start(&exports, &settings).await;
    let at_worker = Actor::new(worker.address().expect("it listens"));
    at_worker.healthz().answer().await.good();
    assert_eq!(at_worker.readyz().answer().await.good().text(), "ready\n");
    let verbose: Value = at_worker
        .readyz()
        .query("verbose", "")
        .answer()
        .await
        .good()
        .json();
    assert_eq!(verbose["status"], "ready", "{verbose}");
    let admin = exports.app.admin();
    let id = create(&admin, &json!({ "dataset": "numbers", "format": "csv" })).await;
    wait_until(&admin, &id, "completed").await;
    let metrics = Metrics::until(&at_worker, "the rows of the export", |metrics| {
        metrics.number("decant_export_rows_total") == 3.0
    })
    .await;
    assert_eq!(metrics.number("decant_workers"), 3.0);
    assert_eq!(metrics.number("decant_exports_queued"), 0.0);
    for path in ["/", "/api/nothing", "/metrics/x"] {
        let problem = at_worker.get(path).answer().await.problem(404, "not_found");
        assert!(problem.detail.contains("decant work"), "{}", problem.detail);
    }
    assert!(worker.stop().await);
}

#[tokio::test]
async fn its_metrics_need_the_token_that_is_set() {
    let exports = Exports::start(&[("DECANT_WORKERS", "0")]).await;
    let token = "a-token-for-metrics-0123";
    let worker = Worker::start(&exports, &[LISTEN, ("DECANT_METRICS_TOKEN", token)]).await;
    let at_worker = Actor::new(worker.address().expect("it listens"));
    at_worker
        .metrics()
        .answer()
        .await
        .problem(401, "metrics_token_needed");
    at_worker.with_token(token).metrics().answer().await.good();
}

#[tokio::test]
async fn it_reads_the_definitions_again_at_sighup() {
    let definitions = Definitions::of(&[NUMBERS]);
    let exports = Exports::start(&[definitions.setting(), ("DECANT_WORKERS", "0")]).await;
    let worker = Worker::start(&exports, &[definitions.setting()]).await;
    let admin = exports.app.admin();
    definitions.write(&NUMBERS.replace("(3, 'three')", "(3, 'three'), (4, 'four')"));
    worker.hang_up();
    // The server still has the old definition; only the worker makes the file.
    wait_for("the new definition", PATIENCE, async || {
        let id = create(&admin, &json!({ "dataset": "numbers", "format": "csv" })).await;
        let export = wait_until(&admin, &id, "completed").await;
        (export["recordCount"] == 4).then_some(())
    })
    .await;
    assert!(worker.stop().await);
}

#[tokio::test]
async fn it_needs_a_shared_state_database_and_the_database_that_is_exported() {
    let (database, data) = (Database::empty().await, folder());
    for (settings, named) in [
        (vec![("DSN", database.dsn.as_str()), data_dir(&data)], "STATE_DSN"),
        (vec![("STATE_DSN", database.dsn.as_str()), data_dir(&data)], "DSN"),
        (
            vec![
                ("DSN", database.dsn.as_str()),
                ("STATE_DSN", database.dsn.as_str()),
                ("DECANT_WORKERS", "0"),
                data_dir(&data),
            ],
            "DECANT_WORKERS",
        ),
    ] {
        let refusal = program::run(&["work"], &settings).await.refusal();
        assert!(refusal.contains(named), "{refusal}");
    }
}
