//! The runs of a schedule are delivered, and its recipients hear when it stops.

use decant_tests::definitions::{BROKEN, Definitions};
use decant_tests::exports::Exports;
use decant_tests::smtp::{Security, Smtp};
use decant_tests::webhook_receiver::{ALLOWED, SECRET, WebhookReceiver};
use serde_json::{Value, json};

const TICK: (&str, &str) = ("DECANT_SCHEDULE_TICK_SECONDS", "1");

#[tokio::test]
async fn the_runs_of_a_schedule_are_delivered_and_its_stop_is_told() {
    let receiver = WebhookReceiver::start(&[]).await;
    let definitions = Definitions::of(&[BROKEN]);
    let exports = Exports::start(&[ALLOWED, definitions.setting(), TICK]).await;
    let admin = exports.app.admin();
    let schedule = |dataset: &str| {
        json!({ "exportType": "dataset", "dataset": dataset, "format": "csv", "name": format!("all {dataset}"),
            "recurrence": "daily", "scheduledAt": "2024-01-01T02:00:00Z", "maxFailures": 1, "options": { "limit": 3 },
            "delivery": { "webhook": receiver.url(), "webhookSecret": SECRET } })
    };
    let answer = admin.schedule_export(&schedule("usage-logs")).answer().await;
    assert_eq!(answer.status, 201, "{}", answer.text());
    let event = receiver.wait_for(1).await[0].json();
    assert_eq!(event["event"], "export.completed");
    assert_eq!(
        event["export"]["scheduleId"],
        answer.json::<Value>()["request"]["id"]
    );

    let answer = admin.schedule_export(&schedule("broken")).answer().await;
    assert_eq!(answer.status, 201, "{}", answer.text());
    let received = receiver.wait_for(3).await;
    let of = |event: &str| {
        let found = received.iter().find(|one| one.header("x-decant-event") == event);
        found.unwrap_or_else(|| panic!("there is no {event}")).clone()
    };
    of("export.failed");
    let stopped = of("schedule.stopped");
    stopped.assert_signed(SECRET);
    let schedule = &stopped.json()["schedule"];
    assert_eq!(
        (&schedule["name"], &schedule["failures"]),
        (&json!("all broken"), &json!(1))
    );
    assert!(schedule["lastError"].is_string(), "{schedule}");
}

#[tokio::test]
async fn the_owner_of_a_schedule_that_stops_gets_a_mail() {
    let smtp = Smtp::start(Security::None);
    let definitions = Definitions::of(&[BROKEN]);
    let url = smtp.url();
    let exports = Exports::start(&[
        ("SMTP_URL", url.as_str()),
        ("DECANT_MAIL_FROM", "decant@decant.example"),
        definitions.setting(),
        TICK,
    ])
    .await;
    let schedule = json!({ "exportType": "dataset", "dataset": "broken", "format": "csv", "recurrence": "daily",
        "name": "every\r\nBcc: eve@example.net", "scheduledAt": "2024-01-01T02:00:00Z", "maxFailures": 1,
        "delivery": { "email": ["alice@example.com"] } });
    let answer = exports.app.admin().schedule_export(&schedule).answer().await;
    assert_eq!(answer.status, 201, "{}", answer.text());
    let mail = smtp.wait_for(1).await.remove(0);
    assert_eq!(
        mail.header("Subject"),
        "Schedule stopped: every  Bcc: eve@example.net"
    );
    assert_eq!(
        (mail.to.as_str(), mail.header("Bcc").as_str()),
        ("alice@example.com", "")
    );
    assert!(mail.text().contains("Failures in a row: 1"), "{}", mail.text());
}

#[tokio::test]
async fn the_recipients_of_a_schedule_can_be_replaced_and_removed() {
    let (first, second) = (
        WebhookReceiver::start(&[]).await,
        WebhookReceiver::start(&[]).await,
    );
    let exports = Exports::start(&[ALLOWED]).await;
    let (admin, (user, _)) = (exports.app.admin(), exports.app.user().await);
    let to = |receiver: &WebhookReceiver| json!({ "webhook": receiver.url(), "webhookSecret": SECRET });
    let schedule = json!({ "exportType": "dataset", "dataset": "usage-logs", "format": "csv", "recurrence": "daily",
        "scheduledAt": "2099-01-01T02:00:00Z", "options": { "limit": 3 }, "delivery": to(&first) });
    let answer = user.schedule_export(&schedule).answer().await;
    assert_eq!(answer.status, 201, "{}", answer.text());
    let id = answer.json::<Value>()["request"]["id"].as_u64().unwrap();
    let run = async || user.run_schedule(id).answer().await.good();
    run().await;
    first.wait_for(1).await;

    // A change of other members leaves them, although the address is not shown.
    user.change_schedule(id, &json!({ "retentionDays": 2 }))
        .answer()
        .await
        .good();
    run().await;
    first.wait_for(2).await;

    for (change, code) in [
        (json!({ "notify": true }), "invalid_parameter"),
        (
            json!({ "delivery": { "webhook": "http://10.0.0.1/" } }),
            "invalid_parameter",
        ),
        (
            json!({ "delivery": { "email": ["alice@example.com"] } }),
            "no_mail",
        ),
    ] {
        let answer = user.change_schedule(id, &change).answer().await;
        let problem: Value = answer.json();
        assert_eq!(problem["code"], code, "{change} {problem}");
    }
    // An administrator changes it with the rights of its owner.
    let changed = admin
        .change_schedule(id, &json!({ "delivery": to(&second) }))
        .answer()
        .await;
    let shown: Value = changed.good().json();
    let shown = shown["schedule"]["parameters"]["delivery"].to_string();
    assert!(
        shown.contains("127.0.0.1/…") && !shown.contains(SECRET),
        "{shown}"
    );
    run().await;
    second.wait_for(1).await[0].assert_signed(SECRET);

    user.change_schedule(id, &json!({ "delivery": {} }))
        .answer()
        .await
        .good();
    run().await;
    let deliveries = "select count(*)::text from decant.export_deliveries";
    assert_eq!(exports.state.text(deliveries).await.as_deref(), Some("3"));
    assert_eq!((first.received().len(), second.received().len()), (2, 1));
}
