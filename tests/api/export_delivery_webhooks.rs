//! Webhooks hear of the end of an export: signed, tried again, and never within a private network.

use decant_tests::actors::Actor;
use decant_tests::definitions::{BROKEN, Definitions};
use decant_tests::exports::{Exports, PATIENCE, create, export, wait_until};
use decant_tests::metrics::Metrics;
use decant_tests::patience::wait_for;
use decant_tests::webhook_receiver::{ALLOWED, Reply, SECRET, WebhookReceiver};
use decant_tests::worker::Worker;
use serde_json::{Value, json};

const AT_ONCE: (&str, &str) = ("DECANT_DELIVERY_RETRY_SECONDS", "0");

/// A delivery that has failed is not tried again within a test.
const LATER: (&str, &str) = ("DECANT_DELIVERY_RETRY_SECONDS", "3600");

/// An export that is delivered to this address.
fn body(url: &str) -> Value {
    json!({ "dataset": "usage-logs", "format": "csv", "limit": 3, "delivery": { "webhook": url, "webhookSecret": SECRET } })
}

/// Waits until the first delivery of an export has this status, and returns it.
async fn delivery(actor: &Actor, id: &str, status: &str) -> Value {
    wait_for(&format!("a delivery that is {status}"), PATIENCE, async || {
        let delivery = export(actor, id).await["deliveries"][0].clone();
        (delivery["status"] == status).then_some(delivery)
    })
    .await
}

#[tokio::test]
async fn a_webhook_hears_of_a_complete_export_with_a_signature_and_a_link_to_its_file() {
    let receiver = WebhookReceiver::start(&[]).await;
    let public = ("DECANT_PUBLIC_URL", "https://decant.example/below/");
    let exports = Exports::start(&[ALLOWED, public]).await;
    let (user, _) = exports.app.user().await;
    let id = create(&user, &body(&receiver.url())).await;
    let received = receiver.wait_for(1).await.remove(0);
    received.assert_signed(SECRET);
    assert_eq!(received.header("content-type"), "application/json");
    assert_eq!(received.header("x-decant-event"), "export.completed");
    let event = received.json();
    assert_eq!(event["event"], "export.completed");
    assert_eq!(event["export"]["id"], id.as_str());
    assert_eq!(event["export"]["recordCount"], 3);
    let link = event["link"].as_str().expect("there is a link");
    let path = link
        .strip_prefix("https://decant.example/below")
        .expect("it is below the public address");
    let file = exports.app.anonymous().get(path).answer().await.good();
    assert_eq!(file.body, exports.file(&id).await);
    let delivered = delivery(&user, &id, "delivered").await;
    assert_eq!(delivered["id"], received.header("x-decant-delivery"));
    assert_eq!(
        (&delivered["kind"], &delivered["attempts"]),
        (&json!("webhook"), &json!(1))
    );
    assert_eq!(delivered["lastError"], Value::Null);
    let status: Value = user.export_status(&id).answer().await.good().json();
    assert_eq!(status["export"]["deliveries"][0], delivered);
    let is_logged = |log: &Value| log["event_type"] == "deliver" && log["level"] == "info";
    assert!(
        status["logs"].as_array().unwrap().iter().any(is_logged),
        "{status}"
    );
}

#[tokio::test]
async fn neither_the_secret_nor_the_path_of_a_webhook_is_shown_or_logged() {
    let receiver = WebhookReceiver::start(&[Reply::Status(500)]).await;
    let exports = Exports::start(&[ALLOWED, AT_ONCE]).await;
    let admin = exports.app.admin();
    let id = create(&admin, &body(&receiver.url())).await;
    let schedule = json!({ "exportType": "dataset", "dataset": "usage-logs", "format": "csv",
        "recurrence": "daily", "scheduledAt": "2099-01-01T02:00:00Z",
        "delivery": { "webhook": receiver.url(), "webhookSecret": SECRET } });
    let made: Value = admin.schedule_export(&schedule).answer().await.json();
    delivery(&admin, &id, "delivered").await;
    let target = "http://127.0.0.1/…";
    let shown = export(&admin, &id).await;
    assert_eq!(shown["deliveries"][0]["target"], target);
    assert_eq!(shown["parameters"]["delivery"], json!({ "webhook": target }));
    let of_schedule = admin
        .show_schedule(made["request"]["id"].as_u64().unwrap())
        .answer()
        .await;
    assert_eq!(
        of_schedule.json::<Value>()["schedule"]["parameters"]["delivery"],
        json!({ "webhook": target })
    );
    let records = exports
        .state
        .text("select string_agg(to_json(a)::text, ' ') from decant.audit a")
        .await;
    for text in [
        shown.to_string(),
        admin.export_status(&id).answer().await.text(),
        admin.exports().answer().await.text(),
        of_schedule.text(),
        receiver.received()[1].body.clone(),
        exports.app.server.log(),
        records.unwrap_or_default(),
    ] {
        for hidden in [SECRET, "secret-path", "hidden"] {
            assert!(!text.contains(hidden), "{text}");
        }
    }
}

#[tokio::test]
async fn a_webhook_that_fails_gets_the_same_delivery_again_until_it_takes_it() {
    let replies = [Reply::Status(500), Reply::Close, Reply::Status(404)];
    let receiver = WebhookReceiver::start(&replies).await;
    let exports = Exports::start(&[ALLOWED, AT_ONCE]).await;
    let (user, _) = exports.app.user().await;
    let id = create(&user, &body(&receiver.url())).await;
    let delivered = delivery(&user, &id, "delivered").await;
    assert_eq!(delivered["attempts"], 4);
    let received = receiver.received();
    assert_eq!(received.len(), 4);
    for request in &received {
        request.assert_signed(SECRET);
        assert_eq!(request.header("x-decant-delivery"), delivered["id"]);
    }
}

#[tokio::test]
async fn after_five_attempts_a_delivery_has_failed_and_its_export_is_complete() {
    let receiver = WebhookReceiver::start(&vec![Reply::Status(503); 9]).await;
    let exports = Exports::start(&[ALLOWED, AT_ONCE]).await;
    let (user, _) = exports.app.user().await;
    let id = create(&user, &body(&receiver.url())).await;
    let failed = delivery(&user, &id, "failed").await;
    assert_eq!(failed["attempts"], 5);
    assert_eq!(failed["lastError"], "The webhook answers 503");
    assert_eq!(receiver.received().len(), 5);
    let export = wait_until(&user, &id, "completed").await;
    assert_eq!(export["errorCode"], Value::Null);
    user.download_export(&id).answer().await.good();
    let recorded = "select count(*)::text from decant.audit where action = 'export_delivery_failed'";
    wait_for("the record of the failure", PATIENCE, async || {
        (exports.state.text(recorded).await.as_deref() == Some("1")).then_some(())
    })
    .await;
    Metrics::until(
        &exports.app.anonymous(),
        "the failure in the metrics",
        |metrics| {
            let labels = [("kind", "webhook"), ("outcome", "failed")];
            metrics.value("decant_deliveries_total", &labels) == Some(1.0)
        },
    )
    .await;
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let elsewhere = WebhookReceiver::start(&[]).await;
    let receiver = WebhookReceiver::start(&vec![Reply::Redirect(elsewhere.url()); 5]).await;
    let exports = Exports::start(&[ALLOWED, AT_ONCE]).await;
    let (user, _) = exports.app.user().await;
    let id = create(&user, &body(&receiver.url())).await;
    let failed = delivery(&user, &id, "failed").await;
    let reason = failed["lastError"].as_str().unwrap();
    assert!(reason.contains("307") && reason.contains("redirect"), "{reason}");
    assert!(elsewhere.received().is_empty());
}

#[tokio::test]
async fn a_webhook_that_hangs_is_left_and_one_that_answers_much_is_not_read_to_its_end() {
    let receiver = WebhookReceiver::start(&[Reply::Hang, Reply::Large(1024 * 1024)]).await;
    let exports = Exports::start(&[ALLOWED, LATER]).await;
    let (user, _) = exports.app.user().await;
    let id = create(&user, &body(&receiver.url())).await;
    let waiting = wait_for("a delivery that is tried again", PATIENCE, async || {
        let delivery = export(&user, &id).await["deliveries"][0].clone();
        (delivery["status"] == "queued" && delivery["attempts"] == 1).then_some(delivery)
    })
    .await;
    assert_eq!(
        waiting["lastError"],
        "The webhook gave no answer within 5 seconds"
    );
    assert!(waiting["nextAttemptAt"].is_string(), "{waiting}");
    make_due(&exports).await;
    assert_eq!(delivery(&user, &id, "delivered").await["attempts"], 2);
}

async fn make_due(exports: &Exports) {
    let due = "update decant.export_deliveries set not_before = now() where status = 'queued'";
    exports.state.execute(due).await;
}

#[tokio::test]
async fn a_webhook_within_a_private_network_is_refused_also_by_its_name() {
    let receiver = WebhookReceiver::start(&[]).await;
    let exports = Exports::start(&[AT_ONCE]).await;
    let (user, _) = exports.app.user().await;
    for address in [
        receiver.url(),
        "https://127.0.0.1/".to_owned(),
        "https://2130706433/".to_owned(),
        "https://[::ffff:169.254.169.254]/".to_owned(),
        "https://169.254.169.254/latest/meta-data/".to_owned(),
        "https://user:password@hooks.example/".to_owned(),
        "ftp://hooks.example/".to_owned(),
        "nonsense".to_owned(),
    ] {
        let refused = user.create_export(&body(&address)).answer().await;
        let problem = refused.problem(400, "invalid_parameter");
        assert_eq!(problem.field.as_deref(), Some("delivery.webhook"), "{address}");
    }
    // The name leads to an address of this machine, which is found out when the request is sent.
    let named = format!("https://localhost:{}/", receiver.port());
    let id = create(&user, &body(&named)).await;
    let failed = delivery(&user, &id, "failed").await;
    assert_eq!(failed["attempts"], 1);
    let reason = failed["lastError"].as_str().unwrap();
    assert!(
        reason.contains("private network") && reason.contains("DECANT_WEBHOOK_ALLOW"),
        "{reason}"
    );
    assert!(receiver.received().is_empty());
}

#[tokio::test]
async fn a_webhook_needs_a_secret_of_its_own_or_of_the_server() {
    let receiver = WebhookReceiver::start(&[]).await;
    let exports = Exports::start(&[ALLOWED]).await;
    let (user, _) = exports.app.user().await;
    let usage = |delivery: Value| json!({ "dataset": "usage-logs", "format": "csv", "limit": 1, "delivery": delivery });
    let url = receiver.url();
    for delivery in [
        json!({ "webhook": url }),
        json!({ "webhook": url, "webhookSecret": "short" }),
        json!({ "webhookSecret": SECRET }),
    ] {
        let refused = user.create_export(&usage(delivery.clone())).answer().await;
        assert_eq!(refused.status, 400, "{delivery}");
        assert!(
            refused.text().contains("delivery.webhookSecret"),
            "{}",
            refused.text()
        );
    }
    drop(exports);
    let of_server = "a-secret-of-the-server-0123";
    let exports = Exports::start(&[ALLOWED, ("DECANT_WEBHOOK_SECRET", of_server)]).await;
    let (user, _) = exports.app.user().await;
    create(&user, &usage(json!({ "webhook": url }))).await;
    receiver.wait_for(1).await[0].assert_signed(of_server);
}

#[tokio::test]
async fn a_webhook_hears_of_a_failure_and_nothing_of_a_cancelled_export() {
    let receiver = WebhookReceiver::start(&[]).await;
    let definitions = Definitions::of(&[BROKEN]);
    let exports = Exports::start(&[ALLOWED, definitions.setting()]).await;
    let admin = exports.app.admin();
    let mut broken = body(&receiver.url());
    broken["dataset"] = json!("broken");
    let id = create(&admin, &broken).await;
    let received = receiver.wait_for(1).await.remove(0);
    assert_eq!(received.header("x-decant-event"), "export.failed");
    let event = received.json();
    assert_eq!(
        (&event["export"]["id"], &event["link"]),
        (&json!(id), &Value::Null)
    );
    assert!(event["export"]["errorCode"].is_string(), "{event}");

    let mut later = body(&receiver.url());
    later["scheduledAt"] = json!("2099-01-01T00:00:00Z");
    let id = create(&admin, &later).await;
    assert_eq!(export(&admin, &id).await["deliveries"][0]["status"], "waiting");
    admin.cancel_export(&id).answer().await.good();
    assert_eq!(export(&admin, &id).await["deliveries"][0]["status"], "cancelled");
    // A later export is delivered, so the cancelled one would have been before it.
    create(&admin, &body(&receiver.url())).await;
    let received = receiver.wait_for(2).await;
    assert_eq!(received[1].header("x-decant-event"), "export.completed");
}

#[tokio::test]
async fn another_worker_takes_up_the_delivery_of_one_that_was_killed() {
    let receiver = WebhookReceiver::start(&[Reply::Hang]).await;
    let exports = Exports::start(&[("DECANT_WORKERS", "0"), ALLOWED]).await;
    let (user, _) = exports.app.user().await;
    let id = create(&user, &body(&receiver.url())).await;
    let settings = [
        ALLOWED,
        ("DECANT_LINK_SECRET", "a-link-secret-of-these-tests-0123456789"),
        ("DECANT_EXPORT_LEASE_SECONDS", "2"),
    ];
    let mut first = Worker::start(&exports, &settings).await;
    receiver.wait_for(1).await;
    first.crash().await;
    assert_eq!(export(&user, &id).await["deliveries"][0]["status"], "sending");
    let second = Worker::start(&exports, &settings).await;
    let delivered = delivery(&user, &id, "delivered").await;
    assert_eq!(delivered["attempts"], 2);
    let received = receiver.received();
    assert_eq!(
        received[0].header("x-decant-delivery"),
        received[1].header("x-decant-delivery")
    );
    assert!(second.stop().await);
}

#[tokio::test]
async fn a_worker_without_the_secret_of_links_leaves_deliveries_to_the_servers() {
    let receiver = WebhookReceiver::start(&[]).await;
    let exports = Exports::start(&[("DECANT_WORKERS", "0"), ALLOWED]).await;
    let (user, _) = exports.app.user().await;
    let id = create(&user, &body(&receiver.url())).await;
    let worker = Worker::start(&exports, &[ALLOWED]).await;
    let complete = wait_until(&user, &id, "completed").await;
    assert_eq!(complete["deliveries"][0]["status"], "queued");
    assert!(worker.stop().await);
    let server = exports.another_server(&[ALLOWED]).await;
    delivery(&user, &id, "delivered").await;
    drop(server);
}

#[tokio::test]
async fn a_delivery_that_waits_ends_with_its_file_and_with_the_right_to_it() {
    let receiver = WebhookReceiver::start(&vec![Reply::Status(500); 4]).await;
    let exports = Exports::start(&[ALLOWED, LATER]).await;
    let admin = exports.app.admin();
    let (user, of_hub) = exports.app.user().await;
    let mut ids = Vec::new();
    for _ in 0..3 {
        ids.push(create(&user, &body(&receiver.url())).await);
    }
    receiver.wait_for(3).await;
    for id in &ids {
        delivery(&admin, id, "queued").await;
    }
    // Expired.
    let expired = format!(
        "update decant.data_exports set expires_at = now() - interval '1 minute' where id = '{}'",
        ids[0]
    );
    exports.state.execute(expired).await;
    // Deleted.
    user.delete_export(&ids[1]).answer().await.good();
    // Not allowed any more.
    let disable = format!("update keys set is_enabled = false where key = '{}'", of_hub.key);
    exports.app.database.execute(disable).await;
    make_due(&exports).await;
    for (id, reason) in [
        (&ids[0], "the time of the file is over"),
        (&ids[2], "no longer allowed"),
    ] {
        let cancelled = delivery(&admin, id, "cancelled").await;
        let found = cancelled["lastError"].as_str().unwrap();
        assert!(found.contains(reason), "{found}");
    }
    assert_eq!(receiver.received().len(), 3);
}
