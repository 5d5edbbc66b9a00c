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
