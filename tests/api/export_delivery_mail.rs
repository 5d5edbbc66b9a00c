//! Files of exports leave by mail: encrypted on their way, to allowed recipients, each of whom has a result of their own.

use std::io::Read as _;

use decant_tests::actors::Actor;
use decant_tests::definitions::{BROKEN, Definitions};
use decant_tests::exports::{Exports, PATIENCE, create, export, wait_until};
use decant_tests::patience::wait_for;
use decant_tests::program::Settings;
use decant_tests::smtp::{Security, Smtp, USER};
use decant_tests::workspaces::{self, ACME, ADMIN, MEMBER};
use serde_json::{Value, json};

const SENDER: (&str, &str) = ("DECANT_MAIL_FROM", "Decant <decant@decant.example>");

const DOMAINS: (&str, &str) = ("DECANT_MAIL_DOMAINS", "Example.com, example.org");

const AT_ONCE: (&str, &str) = ("DECANT_DELIVERY_RETRY_SECONDS", "0");

async fn start(smtp: &Smtp, settings: Settings<'_>) -> Exports {
    let url = smtp.url();
    let ours = [("SMTP_URL", url.as_str()), SENDER, DOMAINS, AT_ONCE];
    Exports::start(&[&ours, settings].concat()).await
}

/// An export that is mailed to these recipients.
fn body(to: &[&str]) -> Value {
    json!({ "dataset": "usage-logs", "format": "csv", "limit": 3, "filters": { "start": "2020-01-01" },
        "delivery": { "email": to } })
}

/// Waits until each delivery of an export has ended, and returns recipient, status and attempts of each.
async fn ended(actor: &Actor, id: &str) -> Vec<(String, String, u64)> {
    wait_for("the end of all deliveries", PATIENCE, async || {
        let export = export(actor, id).await;
        let text = |delivery: &Value, member: &str| delivery[member].as_str().unwrap_or_default().to_owned();
        let deliveries: Vec<_> = export["deliveries"]
            .as_array()?
            .iter()
            .map(|delivery| {
                let attempts = delivery["attempts"].as_u64().unwrap_or_default();
                (text(delivery, "target"), text(delivery, "status"), attempts)
            })
            .collect();
        let is_over = |status: &str| ["delivered", "failed", "cancelled"].contains(&status);
        deliveries
            .iter()
            .all(|(_, status, _)| is_over(status))
            .then_some(deliveries)
    })
    .await
}

fn result(to: &str, status: &str, attempts: u64) -> (String, String, u64) {
    (to.to_owned(), status.to_owned(), attempts)
}

#[tokio::test]
async fn a_mail_has_the_file_and_its_facts_as_text_and_as_html() {
    let smtp = Smtp::start(Security::TlsAndPassword);
    let exports = start(&smtp, &[]).await;
    let (user, _) = exports.app.user().await;
    let id = create(&user, &body(&["alice@example.com"])).await;
    let mail = smtp.wait_for(1).await.remove(0);
    assert_eq!(mail.to, "alice@example.com");
    assert!(mail.is_encrypted);
    assert_eq!(mail.user, USER);
    assert_eq!(mail.header("Subject"), "Export ready: usage-logs (3 rows)");
    assert_eq!(
        mail.header("From"),
        "\"Decant\" <decant@decant.example>".replace('"', "")
    );
    assert_eq!(mail.header("To"), "alice@example.com");
    assert_eq!(mail.header("Auto-Submitted"), "auto-generated");
    let export = wait_until(&user, &id, "completed").await;
    let (text, html) = (
        mail.text(),
        String::from_utf8(mail.part("text/html").unwrap()).unwrap(),
    );
    let name = export["fileName"].as_str().unwrap();
    for fact in [
        "usage-logs",
        "start = 2020-01-01",
        export["checksum"].as_str().unwrap(),
        &export["fileSize"].to_string(),
        name,
        &id,
    ] {
        assert!(
            text.contains(fact) && html.contains(fact),
            "{fact}: {text}\n{html}"
        );
    }
    assert!(mail.source.contains(name), "{}", mail.headers());
    let attached = mail.part("application/gzip").expect("a file is attached");
    assert_eq!(attached, exports.file(&id).await);
    let mut rows = String::new();
    flate2::read::GzDecoder::new(attached.as_slice())
        .read_to_string(&mut rows)
        .unwrap();
    assert_eq!(rows.lines().count(), 4);
    assert_eq!(
        ended(&user, &id).await,
        [result("alice@example.com", "delivered", 1)]
    );
}

#[tokio::test]
async fn a_file_that_is_too_large_for_a_mail_is_a_link() {
    let smtp = Smtp::start(Security::None);
    let settings = [
        ("DECANT_MAIL_ATTACH_MAX_MB", "0"),
        ("DECANT_MAIL_LINK_HOURS", "2"),
        ("DECANT_PUBLIC_URL", "https://decant.example"),
    ];
    let exports = start(&smtp, &settings).await;
    let (user, _) = exports.app.user().await;
    let id = create(&user, &body(&["alice@example.com"])).await;
    let mail = smtp.wait_for(1).await.remove(0);
    assert!(
        !mail.source.contains("Content-Disposition: attachment"),
        "{}",
        mail.source
    );
    let text = mail.text();
    let link = text
        .lines()
        .find_map(|line| line.strip_prefix("https://decant.example"));
    let link = link.unwrap_or_else(|| panic!("there is no link: {text}"));
    let file = exports.app.anonymous().get(link).answer().await.good();
    assert_eq!(file.body, exports.file(&id).await);
    let links: Value = user
        .get(&format!("/api/exports/{id}/links"))
        .answer()
        .await
        .good()
        .json();
    let seconds = "select extract(epoch from expires_at - created_at)::bigint::text from decant.export_links";
    assert_eq!(
        exports.state.text(seconds).await.as_deref(),
        Some("7200"),
        "{links}"
    );
    // A link is withdrawn as any other one.
    user.delete_export(&id).answer().await.good();
    assert_ne!(exports.app.anonymous().get(link).answer().await.status, 200);
}

#[tokio::test]
async fn each_recipient_has_a_result_of_their_own() {
    let smtp = Smtp::start(Security::None);
    let exports = start(&smtp, &[]).await;
    let (user, _) = exports.app.user().await;
    let recipients = [
        "alice@example.com",
        "never@example.com",
        "later@example.org",
        "busy@example.org",
    ];
    let id = create(&user, &body(&recipients)).await;
    assert_eq!(
        ended(&user, &id).await,
        [
            result("alice@example.com", "delivered", 1),
            // A code of 500 and more is not tried again.
            result("never@example.com", "failed", 1),
            // One of 400 and more is.
            result("later@example.org", "delivered", 2),
            result("busy@example.org", "failed", 5),
        ]
    );
    for (recipient, attempts) in recipients.iter().zip([1, 1, 2, 5]) {
        assert_eq!(smtp.attempts(recipient), attempts, "{recipient}");
    }
    let mut to: Vec<_> = smtp.mails().into_iter().map(|mail| mail.to).collect();
    to.sort();
    assert_eq!(to, ["alice@example.com", "later@example.org"]);
    let export = wait_until(&user, &id, "completed").await;
    let reason = export["deliveries"][1]["lastError"].as_str().unwrap();
    assert!(
        reason.contains("550") && reason.contains("No such person"),
        "{reason}"
    );
}

#[tokio::test]
async fn recipients_are_of_the_allowed_domains_and_administrators_name_any() {
    let smtp = Smtp::start(Security::None);
    let exports = start(&smtp, &[]).await;
    let (user, _) = exports.app.user().await;
    let admin = exports.app.admin();
    for refused in [
        "eve@example.net",
        "eve@sub.example.com",
        "eve@example.com.evil.example",
    ] {
        let answer = user.create_export(&body(&[refused])).answer().await;
        let problem = answer.problem(403, "recipient_not_allowed");
        assert_eq!(problem.field.as_deref(), Some("delivery.email"), "{refused}");
    }
    for wrong in [
        "",
        "nobody",
        "a@",
        "a@example.com\r\nBcc: eve@example.net",
        "a@example.com\nBcc: eve@example.net",
        "a@example.com,eve@example.net",
        "Alice <a@example.com>",
        "a@example.com>\r\nRCPT TO:<eve@example.net",
    ] {
        for actor in [&user, &admin] {
            let answer = actor.create_export(&body(&[wrong])).answer().await;
            let problem = answer.problem(400, "invalid_parameter");
            assert_eq!(problem.field.as_deref(), Some("delivery.email"), "{wrong:?}");
        }
    }
    let many: Vec<_> = (0..11).map(|number| format!("a{number}@example.com")).collect();
    let many: Vec<_> = many.iter().map(String::as_str).collect();
    user.create_export(&body(&many))
        .answer()
        .await
        .problem(400, "invalid_parameter");
    let id = create(&admin, &body(&["eve@example.net", "eve@example.net"])).await;
    assert_eq!(
        ended(&admin, &id).await,
        [result("eve@example.net", "delivered", 1)]
    );
}

#[tokio::test]
async fn a_permission_refuses_deliveries_also_those_that_wait() {
    let smtp = Smtp::start(Security::None);
    // A delivery that fails waits until the test makes it due.
    let exports = start(&smtp, &[("DECANT_DELIVERY_RETRY_SECONDS", "3600")]).await;
    let (user, of_hub) = exports.app.user().await;
    let id = create(&user, &body(&["later@example.com"])).await;
    wait_for("a delivery that waits", PATIENCE, async || {
        let delivery = export(&user, &id).await["deliveries"][0].clone();
        (delivery["status"] == "queued" && delivery["attempts"] == 1).then_some(())
    })
    .await;
    let refusal = json!({ "subject": format!("hub:{}", of_hub.id), "canDeliver": false });
    let admin = exports.app.admin();
    admin.grant_export_permission(&refusal).answer().await.good();
    let refused = user.create_export(&body(&["alice@example.com"])).answer().await;
    refused.problem(403, "export_not_permitted");
    let due = "update decant.export_deliveries set not_before = now() where status = 'queued'";
    exports.state.execute(due).await;
    assert_eq!(
        ended(&admin, &id).await,
        [result("later@example.com", "cancelled", 2)]
    );
    assert!(smtp.mails().is_empty());
    // The file is still theirs.
    user.download_export(&id).answer().await.good();
}

#[tokio::test]
async fn a_server_without_mail_refuses_recipients() {
    let exports = Exports::start(&[]).await;
    let (user, _) = exports.app.user().await;
    let answer = user.create_export(&body(&["alice@example.com"])).answer().await;
    let problem = answer.problem(400, "no_mail");
    assert_eq!(problem.field.as_deref(), Some("delivery.email"));
    let notify = json!({ "dataset": "usage-logs", "notify": true });
    let answer = user.create_export(&notify).answer().await;
    assert_eq!(answer.status, 400, "{}", answer.text());
    assert!(answer.text().contains("notify"), "{}", answer.text());
}

#[tokio::test]
async fn mail_leaves_this_machine_only_with_tls_and_a_good_certificate() {
    let (plain, encrypted) = (Smtp::start(Security::None), Smtp::start(Security::TlsAndPassword));
    let certificate = encrypted.certificate();
    let trusted = ("SSL_CERT_FILE", certificate.as_str());
    for (smtp, settings, is_sent) in [
        // It offers no STARTTLS.
        (&plain, vec![], false),
        // Its certificate has no known signer.
        (&encrypted, vec![], false),
        (&encrypted, vec![trusted], true),
    ] {
        let url = format!("{}?tls=required", smtp.url());
        let exports = start(
            smtp,
            &[&[("SMTP_URL", url.as_str())], settings.as_slice()].concat(),
        )
        .await;
        let (user, _) = exports.app.user().await;
        let before = smtp.mails().len();
        let id = create(&user, &body(&["alice@example.com"])).await;
        let expected = match is_sent {
            true => result("alice@example.com", "delivered", 1),
            false => result("alice@example.com", "failed", 5),
        };
        assert_eq!(ended(&user, &id).await, [expected]);
        assert_eq!(smtp.mails().len() - before, usize::from(is_sent));
    }
}

#[tokio::test]
async fn a_failure_is_mailed_if_the_request_says_so() {
    let smtp = Smtp::start(Security::None);
    let definitions = Definitions::of(&[BROKEN]);
    let exports = start(&smtp, &[definitions.setting()]).await;
    let admin = exports.app.admin();
    let broken = |notify: bool| json!({ "dataset": "broken", "format": "csv", "notify": notify, "delivery": { "email": ["alice@example.com"] } });
    let silent = create(&admin, &broken(false)).await;
    assert_eq!(
        ended(&admin, &silent).await,
        [result("alice@example.com", "cancelled", 0)]
    );
    let told = create(&admin, &broken(true)).await;
    assert_eq!(
        ended(&admin, &told).await,
        [result("alice@example.com", "delivered", 1)]
    );
    let mails = smtp.mails();
    assert_eq!(mails.len(), 1);
    assert_eq!(mails[0].header("Subject"), "Export failed: broken");
    assert!(mails[0].text().contains(&told), "{}", mails[0].text());
}

#[tokio::test]
async fn rows_of_a_workspace_leave_it_by_its_administrators_only() {
    let smtp = Smtp::start(Security::None);
    let url = smtp.url();
    let exports = Exports::start_on(
        workspaces::database().await,
        &[("SMTP_URL", url.as_str()), SENDER, DOMAINS, AT_ONCE],
    )
    .await;
    let alerts = json!({ "dataset": "alerts", "format": "csv", "workspace": ACME,
        "delivery": { "email": ["alice@example.com"] } });
    let client = |person| workspaces::user(&exports.app, person);
    let refused = client(MEMBER).create_export(&alerts).answer().await;
    refused.problem(403, "role_too_low");
    let id = create(&client(ADMIN), &alerts).await;
    let delivered = [result("alice@example.com", "delivered", 1)];
    assert_eq!(ended(&client(ADMIN), &id).await, delivered);
    let job = json!({ "resourceType": "alerts", "format": "csv", "mode": "background",
        "delivery": { "email": ["alice@example.com"] } });
    let answer = client(ADMIN).export_workspace(ACME, &job).answer().await.good();
    let job: Value = answer.json();
    let id = job["jobId"].as_str().unwrap();
    assert_eq!(ended(&client(ADMIN), id).await, delivered);
}

#[tokio::test]
async fn the_limits_say_which_recipients_a_caller_may_name() {
    let smtp = Smtp::start(Security::None);
    let exports = start(&smtp, &[]).await;
    let delivery = async |actor: &Actor| {
        let limits: Value = actor.export_limits().answer().await.good().json();
        limits["delivery"].clone()
    };
    let (user, _) = exports.app.user().await;
    let domains = json!(["example.com", "example.org"]);
    let of_user = json!({ "email": true, "emailDomains": domains, "webhookSecretRequired": true });
    assert_eq!(delivery(&user).await, of_user);
    let of_admin = json!({ "email": true, "emailDomains": null, "webhookSecretRequired": true });
    assert_eq!(delivery(&exports.app.admin()).await, of_admin);

    let without_mail = Exports::start(&[("DECANT_WEBHOOK_SECRET", "a-secret-of-the-server-0123")]).await;
    let (user, _) = without_mail.app.user().await;
    let shown = delivery(&user).await;
    assert_eq!(
        (&shown["email"], &shown["webhookSecretRequired"]),
        (&json!(false), &json!(false))
    );
}
