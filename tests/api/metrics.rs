//! `GET /metrics`.

use decant_tests::app::App;
use decant_tests::database::Database;
use decant_tests::definitions::{Definitions, FAILING, NUMBERS, silent_for};
use decant_tests::exports::{Exports, create, wait_until};
use decant_tests::metrics::Metrics;
use serde_json::{Value, json};
use sqlx::{Connection as _, Executor as _, PgConnection};

const OF_STATE_DATABASE: [&str; 5] = [
    "decant_exports_processing",
    "decant_exports_queued",
    "decant_queue_oldest_seconds",
    "decant_schedule_failures",
    "decant_storage_bytes",
];

const OF_PROCESS: [&str; 5] = [
    "process_cpu_seconds_total",
    "process_max_fds",
    "process_open_fds",
    "process_resident_memory_bytes",
    "process_start_time_seconds",
];

fn ended(metrics: &Metrics, status: &str) -> Option<f64> {
    let labels = [("type", "dataset"), ("format", "csv"), ("status", status)];
    metrics.value("decant_exports_total", &labels)
}

fn body() -> Value {
    json!({ "dataset": "numbers", "format": "csv" })
}

#[tokio::test]
async fn they_are_those_of_exports_of_the_queue_of_the_lock_and_of_the_process() {
    let exports = Exports::start(&[("DECANT_WORKERS", "3")]).await;
    let anonymous = exports.app.anonymous();
    let metrics = Metrics::until(&anonymous, "the workers", |metrics| {
        metrics.number("decant_workers") == 3.0
    })
    .await;
    let names = metrics.names();
    let of_server = [
        "decant_direct_exports_running",
        "decant_downloads_total",
        "decant_export_bytes_total",
        "decant_export_duration_seconds",
        "decant_export_rows_total",
        "decant_lock_held",
        "decant_workers",
    ];
    for name in [&of_server[..], &OF_STATE_DATABASE, &OF_PROCESS].concat() {
        assert!(names.contains(&name), "{name} is missing in {names:?}");
    }
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let age = now.unwrap().as_secs_f64() - metrics.number("process_start_time_seconds");
    assert!((-2.0..600.0).contains(&age), "{age}");
    let memory = metrics.number("process_resident_memory_bytes");
    assert!(memory > 1024.0 * 1024.0, "{memory}");
}

#[tokio::test]
async fn a_completed_export_and_its_download_are_counted() {
    let definitions = Definitions::of(&[NUMBERS]);
    let exports = Exports::start(&[definitions.setting()]).await;
    let admin = exports.app.admin();
    let before = Metrics::of(&admin).await;
    // An alert on an increase needs the zeros before the first of each.
    for status in ["completed", "failed", "cancelled"] {
        assert_eq!(ended(&before, status), Some(0.0), "{status}");
    }
    assert_eq!(before.number("decant_downloads_total"), 0.0);
    let id = create(&admin, &body()).await;
    let export = wait_until(&admin, &id, "completed").await;
    let after = Metrics::until(&admin, "the export", |metrics| {
        ended(metrics, "completed") == Some(1.0)
    })
    .await;
    let size = export["fileSize"].as_f64();
    assert_eq!(after.number("decant_export_rows_total"), 3.0);
    assert_eq!(Some(after.number("decant_export_bytes_total")), size);
    assert_eq!(after.number("decant_export_duration_seconds_count"), 1.0);
    assert!(after.number("decant_export_duration_seconds_sum") > 0.0);
    Metrics::until(&admin, "the stored file", |metrics| {
        metrics.value("decant_storage_bytes", &[("kind", "users")]) == size
    })
    .await;
    admin.download_export(&id).answer().await.good();
    admin.download_export(&id).answer().await.good();
    Metrics::until(&admin, "the downloads", |metrics| {
        metrics.number("decant_downloads_total") == 2.0
    })
    .await;
}

#[tokio::test]
async fn a_failed_export_is_counted_once_after_its_last_attempt() {
    let definitions = Definitions::of(&[FAILING]);
    let exports = Exports::start(&[definitions.setting()]).await;
    let admin = exports.app.admin();
    let id = create(&admin, &json!({ "dataset": "failing", "format": "csv" })).await;
    wait_until(&admin, &id, "failed").await;
    let metrics = Metrics::until(&admin, "the failure", |metrics| {
        ended(metrics, "failed") == Some(1.0)
    })
    .await;
    assert_eq!(ended(&metrics, "completed"), Some(0.0));
    assert_eq!(metrics.number("decant_export_rows_total"), 0.0);
}

#[tokio::test]
async fn the_queue_shows_how_many_wait_and_for_how_long() {
    let definitions = Definitions::of(&[NUMBERS]);
    let exports = Exports::start(&[definitions.setting(), ("DECANT_WORKERS", "0")]).await;
    let admin = exports.app.admin();
    let first = create(&admin, &body()).await;
    create(&admin, &body()).await;
    let waiting = Metrics::until(&admin, "the queue", |metrics| {
        metrics.number("decant_exports_queued") == 2.0 && metrics.number("decant_queue_oldest_seconds") > 0.0
    })
    .await;
    assert_eq!(
        (
            waiting.number("decant_workers"),
            waiting.number("decant_exports_processing")
        ),
        (0.0, 0.0)
    );
    admin.cancel_export(&first).answer().await.good();
    let metrics = Metrics::until(&admin, "the shorter queue", |metrics| {
        metrics.number("decant_exports_queued") == 1.0
    })
    .await;
    assert_eq!(ended(&metrics, "cancelled"), Some(1.0));
}

#[tokio::test]
async fn a_direct_export_and_the_lock_are_shown_while_they_last() {
    let definitions = Definitions::of(&[&silent_for(60.0)]);
    let app = App::start_on(Database::new().await, &[definitions.setting()]).await;
    let admin = app.admin();
    let idle = Metrics::of(&admin).await;
    assert_eq!(
        (
            idle.number("decant_direct_exports_running"),
            idle.number("decant_lock_held")
        ),
        (0.0, 0.0)
    );
    let export = admin.rows("silent").open().await;
    Metrics::until(&admin, "the export", |metrics| {
        metrics.number("decant_direct_exports_running") == 1.0
    })
    .await;
    drop(export);
    let mut blocker = PgConnection::connect(&app.database.dsn).await.unwrap();
    blocker
        .execute("begin; lock table message_request in access exclusive mode")
        .await
        .unwrap();
    let dump = tokio::spawn(admin.dump().answer());
    Metrics::until(&admin, "the lock", |metrics| {
        metrics.number("decant_lock_held") == 1.0
    })
    .await;
    drop(blocker);
    dump.await.unwrap().good();
    Metrics::until(&admin, "the end of both", |metrics| {
        metrics.number("decant_lock_held") == 0.0 && metrics.number("decant_direct_exports_running") == 0.0
    })
    .await;
}

#[tokio::test]
async fn without_a_state_database_its_figures_are_absent_and_the_others_stay() {
    let app = App::start().await;
    let metrics = Metrics::of(&app.anonymous()).await;
    let names = metrics.names();
    for name in OF_STATE_DATABASE {
        assert!(!names.contains(&name), "{names:?}");
    }
    assert_eq!(metrics.number("decant_workers"), 0.0);
    assert!(names.contains(&"process_open_fds"), "{names:?}");
}

#[tokio::test]
async fn they_need_the_token_that_is_set_and_no_other() {
    let token = "a-token-for-metrics-0123";
    let app = App::start_with(&[("DECANT_METRICS_TOKEN", token)]).await;
    let longer = format!("{token}4");
    for wrong in ["", "a-token-for-metrics-0124", &longer] {
        let answer = app.anonymous().with_token(wrong).metrics().answer().await;
        answer.problem(401, "metrics_token_needed");
        assert_eq!(answer.header("www-authenticate"), "Bearer");
    }
    for refused in [app.anonymous(), app.admin(), app.anonymous().with_api_key(token)] {
        refused
            .metrics()
            .answer()
            .await
            .problem(401, "metrics_token_needed");
    }
    Metrics::of(&app.anonymous().with_token(token)).await;
    // The token gives nothing else.
    app.anonymous()
        .with_token(token)
        .me()
        .answer()
        .await
        .problem(401, "invalid_credentials");
}

#[tokio::test]
async fn no_text_of_a_caller_becomes_a_label() {
    let definitions = Definitions::of(&[&NUMBERS.replace("\"numbers\"", "\"of-a-caller\"")]);
    let exports = Exports::start(&[definitions.setting()]).await;
    let admin = exports.app.admin();
    for (dataset, format) in [("of-a-caller", "of-a-caller"), ("unknown-of-a-caller", "csv")] {
        let body = json!({ "dataset": dataset, "format": format });
        admin.create_export(&body).answer().await;
    }
    let id = create(&admin, &json!({ "dataset": "of-a-caller", "format": "csv" })).await;
    wait_until(&admin, &id, "completed").await;
    Metrics::until(&admin, "the one that was accepted", |metrics| {
        ended(metrics, "completed") == Some(1.0)
    })
    .await;
    let text = admin.metrics().answer().await.good().text();
    assert!(!text.contains("of-a-caller"), "{text}");
}
