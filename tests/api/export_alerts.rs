//! Operators hear of trouble once when it begins, and once when it is over, whatever the number of servers.

use decant_tests::definitions::{BROKEN, Definitions};
use decant_tests::exports::{Exports, PATIENCE, create, wait_until};
use decant_tests::metrics::Metrics;
use decant_tests::patience::wait_for;
use decant_tests::program::{self, Settings};
use decant_tests::webhook_receiver::{Reply, SECRET, WebhookReceiver};
use serde_json::{Value, json};

const SIGNED: (&str, &str) = ("DECANT_WEBHOOK_SECRET", SECRET);
const EVERY_SECOND: (&str, &str) = ("DECANT_SCHEDULE_TICK_SECONDS", "1");
const AT_ONCE: (&str, &str) = ("DECANT_DELIVERY_RETRY_SECONDS", "0");

/// A server that sends alerts to this receiver.
async fn start(receiver: &WebhookReceiver, settings: Settings<'_>) -> Exports {
    let url = receiver.url();
    let ours = [
        SIGNED,
        EVERY_SECOND,
        AT_ONCE,
        ("DECANT_ALERT_WEBHOOK", url.as_str()),
    ];
    Exports::start(&[&ours, settings].concat()).await
}

/// Waits until the receiver has heard of an alert of this kind with this status, and returns it.
async fn heard(receiver: &WebhookReceiver, kind: &str, status: &str) -> Value {
    wait_for(&format!("{kind} {status}"), PATIENCE, async || {
        let of_kind = |event: &Value| event["alert"]["kind"] == kind && event["alert"]["status"] == status;
        receiver
            .received()
            .iter()
            .map(|received| received.json())
            .find(of_kind)
    })
    .await
}

/// Waits until the metric of a kind has this value.
async fn metric(exports: &Exports, kind: &str, value: f64) {
    Metrics::until(&exports.app.anonymous(), kind, |metrics| {
        metrics.value("decant_export_alerts", &[("kind", kind)]) == Some(value)
    })
    .await;
}

fn count(receiver: &WebhookReceiver, kind: &str) -> usize {
    let alerts = receiver.received();
    alerts
        .iter()
        .filter(|received| received.json()["alert"]["kind"] == kind)
        .count()
}

#[tokio::test]
async fn many_failures_are_told_once_by_two_servers_and_so_is_their_end() {
    let receiver = WebhookReceiver::start(&[Reply::Status(500)]).await;
    let definitions = Definitions::of(&[BROKEN]);
    let exports = start(&receiver, &[definitions.setting()]).await;
    let url = receiver.url();
    let settings = [
        definitions.setting(),
        SIGNED,
        EVERY_SECOND,
        AT_ONCE,
        ("DECANT_ALERT_WEBHOOK", url.as_str()),
    ];
    let _other = exports.another_server(&settings).await;
    let admin = exports.app.admin();
    metric(&exports, "failures", 0.0).await;
    for _ in 0..3 {
        let id = create(&admin, &json!({ "dataset": "broken", "format": "csv" })).await;
        wait_until(&admin, &id, "failed").await;
    }
    let began = heard(&receiver, "failures", "began").await;
    assert_eq!(began["event"], "export.alert");
    assert_eq!(
        began["alert"]["message"],
        "3 of 3 exports failed within 15 minutes"
    );
    metric(&exports, "failures", 1.0).await;
    // Their time passes.
    exports
        .state
        .execute("update decant.data_exports set completed_at = completed_at - interval '1 hour'")
        .await;
    let over = heard(&receiver, "failures", "over").await;
    assert_eq!(over["alert"]["since"], began["alert"]["since"]);
    metric(&exports, "failures", 0.0).await;
    let received = receiver.received();
    received
        .iter()
        .for_each(|received| received.assert_signed(SECRET));
    assert!(
        received
            .iter()
            .all(|received| received.header("x-decant-event") == "export.alert")
    );
    // The first request was answered with 500, and sent again with the same id.
    assert_eq!(
        received[0].header("x-decant-delivery"),
        received[1].header("x-decant-delivery")
    );
    assert_eq!(count(&receiver, "failures"), 3, "{received:?}");
    let recorded = "select string_agg(details ->> 'state', ' ' order by at, id) from decant.audit where action = 'export_alert'";
    wait_for("the records", PATIENCE, async || {
        (exports.state.text(recorded).await.as_deref() == Some("began over")).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_long_wait_and_a_full_quota_are_told() {
    let receiver = WebhookReceiver::start(&[]).await;
    let exports = start(
        &receiver,
        &[("DECANT_WORKERS", "0"), ("DECANT_USER_QUOTA_MB", "1")],
    )
    .await;
    let worker = [SIGNED, EVERY_SECOND, ("DECANT_EXPORTS_PER_USER", "1")];
    let (user, _) = exports.app.user().await;
    let id = create(
        &user,
        &json!({ "dataset": "usage-logs", "format": "csv", "limit": 3 }),
    )
    .await;
    exports
        .state
        .execute("update decant.data_exports set not_before = now() - interval '6 minutes'")
        .await;
    exports
        .state
        .execute("insert into decant.storage_usage (owner, used_bytes) values ('user:999', 1000000)")
        .await;
    metric(&exports, "waiting", 1.0).await;
    metric(&exports, "storage", 1.0).await;
    // A server with workers sends, and makes the export.
    let _other = exports.another_server(&worker).await;
    let waiting = heard(&receiver, "waiting", "began").await;
    let message = waiting["alert"]["message"].as_str().unwrap();
    assert!(message.starts_with("An export has waited 6 minutes"), "{message}");
    let storage = heard(&receiver, "storage", "began").await;
    let message = storage["alert"]["message"].as_str().unwrap();
    // The disk of the tests may be full, too, and then the alert is older than the row.
    assert!(
        message.contains("user:999 uses more than 90 % of its quota") || message.contains("The disk"),
        "{message}"
    );
    wait_until(&user, &id, "completed").await;
    heard(&receiver, "waiting", "over").await;
    metric(&exports, "waiting", 0.0).await;
}

#[tokio::test]
async fn requests_of_alerts_are_always_signed() {
    let webhook = ("DECANT_ALERT_WEBHOOK", "http://127.0.0.1:9/secret-path");
    let refused = program::run(&["serve"], &[webhook]).await.refusal();
    assert!(
        refused.contains("DECANT_ALERT_WEBHOOK needs DECANT_WEBHOOK_SECRET"),
        "{refused}"
    );
    assert!(!refused.contains("secret-path"), "{refused}");
}
