//! Recipients of files on the page: chosen in a panel and for a schedule, and what became of each.

use std::time::Duration;

use decant_tests::actors::Actor;
use decant_tests::browser::{Browser, EXPORT_PATIENCE, in_browser};
use decant_tests::exports::Exports;
use decant_tests::smtp::{Security, Smtp};
use decant_tests::webhook_receiver::{ALLOWED, WebhookReceiver};
use decant_tests::workspaces::{ACME, BETA};
use serde_json::{Value, json};

use crate::workspaces::brands;
use crate::{IS_TOO_WIDE, open_export_drawer};

const SOON: Duration = Duration::from_secs(20);

const SENDER: (&str, &str) = ("DECANT_MAIL_FROM", "Decant <decant@decant.example>");

const DOMAINS: (&str, &str) = ("DECANT_MAIL_DOMAINS", "example.com");

/// No time of a schedule comes by itself.
const NO_TICK: (&str, &str) = ("DECANT_SCHEDULE_TICK_SECONDS", "3600");

/// Starts a server that sends mail and reaches the receivers of this machine.
async fn start(smtp: &Smtp) -> Exports {
    let url = smtp.url();
    Exports::start(&[("SMTP_URL", url.as_str()), SENDER, DOMAINS, ALLOWED, NO_TICK]).await
}

/// Opens the page of the newest export of the actor.
async fn open_newest(page: &Browser, actor: &Actor) {
    let list: Value = actor.exports().answer().await.good().json();
    let id = list["exports"][0]["id"].as_str().expect("there is an export");
    page.open(&format!("exports/{id}")).await;
}

/// Waits until the page of an export says this of its deliveries.
async fn shows(page: &Browser, right: impl Fn(&str) -> bool) -> String {
    page.text("export-deliveries", EXPORT_PATIENCE, right).await
}

#[tokio::test]
async fn a_file_goes_by_mail_and_a_webhook_hears_of_it_and_its_page_says_delivered() {
    let smtp = Smtp::start(Security::None);
    let receiver = WebhookReceiver::start(&[]).await;
    let exports = start(&smtp).await;
    let (user, who) = exports.app.user().await;
    in_browser(
        &exports.app.server.address,
        "a_file_goes_by_mail_and_a_webhook_hears_of_it_and_its_page_says_delivered",
        async |page| {
            page.sign_in(&who.key).await;
            page.console_errors().await;
            open_export_drawer(page).await;
            page.click("delivery-toggle").await;
            page.fill("delivery-email", "alice@example.com, bob@example.com")
                .await;
            page.fill("delivery-webhook", &receiver.url()).await;
            page.click("delivery-generate").await;
            let secret = "return document.querySelector('[data-testid=delivery-secret]').value";
            let secret = page.run(secret, vec![]).await;
            let secret = secret.as_str().expect("the field has a text");
            assert_eq!(secret.len(), 48);
            page.click("export-drawer-background").await;
            page.see_no_more("export-drawer-background").await;

            let mails = smtp.wait_for(2).await;
            let mut to: Vec<_> = mails.iter().map(|mail| mail.to.as_str()).collect();
            to.sort_unstable();
            assert_eq!(to, ["alice@example.com", "bob@example.com"]);
            receiver.wait_for(1).await[0].assert_signed(secret);
            open_newest(page, &user).await;
            let shown = shows(page, |text| text.matches("Delivered").count() == 3).await;
            assert!(shown.contains("http://127.0.0.1/…"), "{shown}");
            assert!(!shown.contains("secret-path"), "{shown}");
            assert_eq!(page.console_errors().await, [""; 0]);
        },
    )
    .await;
}

#[tokio::test]
async fn a_recipient_that_is_refused_has_the_words_of_the_server_at_its_field() {
    let smtp = Smtp::start(Security::None);
    let exports = start(&smtp).await;
    let (user, who) = exports.app.user().await;
    in_browser(
        &exports.app.server.address,
        "a_recipient_that_is_refused_has_the_words_of_the_server_at_its_field",
        async |page| {
            page.sign_in(&who.key).await;
            open_export_drawer(page).await;
            page.click("delivery-toggle").await;
            page.fill("delivery-email", "mallory@elsewhere.example").await;
            page.click("export-drawer-background").await;
            page.text("delivery-email-problem", SOON, |text| text.contains("domains"))
                .await;
            page.fill("delivery-email", "never@example.com").await;
            page.text("delivery-email-problem", SOON, str::is_empty).await;
            page.fill("delivery-webhook", "https://10.0.0.1/hook").await;
            page.click("export-drawer-background").await;
            page.text("delivery-webhook-problem", SOON, |text| {
                text.contains("private network")
            })
            .await;
            // Nothing listens at this port.
            page.fill("delivery-webhook", "http://127.0.0.1:9/hook").await;
            page.click("export-drawer-background").await;
            page.text("delivery-secret-problem", SOON, |text| {
                text.starts_with("“Signing secret” is missing")
            })
            .await;
            page.click("delivery-generate").await;
            page.click("export-drawer-background").await;
            page.see_no_more("export-drawer-background").await;
            open_newest(page, &user).await;
            // The mail server has no such person.
            shows(page, |text| {
                text.contains("Failed") && text.contains("never@example.com") && text.contains("550")
            })
            .await;
        },
    )
    .await;
}

#[tokio::test]
async fn a_schedule_has_recipients_that_are_shown_and_changed() {
    let smtp = Smtp::start(Security::None);
    let exports = start(&smtp).await;
    let (user, who) = exports.app.user().await;
    in_browser(
        &exports.app.server.address,
        "a_schedule_has_recipients_that_are_shown_and_changed",
        async |page| {
            page.become_a_telephone().await;
            page.sign_in(&who.key).await;
            page.click("export-menu").await;
            page.click("export-schedule").await;
            page.click("schedule-delivery-toggle").await;
            page.fill("schedule-delivery-email", "mallory@elsewhere.example")
                .await;
            page.click("schedule-save").await;
            page.text("schedule-delivery-email-problem", SOON, |text| {
                text.contains("domains")
            })
            .await;
            assert_eq!(page.run(IS_TOO_WIDE, vec![]).await, false, "the form is too wide");
            page.fill("schedule-delivery-email", "alice@example.com bob@example.com")
                .await;
            page.click("schedule-delivery-notify").await;
            page.click("schedule-save").await;
            page.click("schedule-to-list").await;
            let list: Value = user.schedules().answer().await.good().json();
            let made = &list["schedules"][0];
            assert_eq!(made["parameters"]["notify"], true);
            let id = made["id"].as_u64().expect("an id is a number");
            page.text(&format!("schedule-{id}"), SOON, |text| {
                text.contains("2 recipients")
            })
            .await;

            page.click(&format!("more-{id}")).await;
            page.click("edit").await;
            page.fill("schedule-delivery-email", "carol@example.com").await;
            page.click("schedule-save").await;
            page.text(&format!("schedule-{id}"), SOON, |text| {
                text.contains("1 recipient")
            })
            .await;
            let list: Value = user.schedules().answer().await.good().json();
            let delivery = &list["schedules"][0]["parameters"]["delivery"];
            assert_eq!(delivery["email"], json!(["carol@example.com"]));
        },
    )
    .await;
}

#[tokio::test]
async fn without_mail_there_is_a_webhook_and_members_of_a_workspace_have_no_recipients() {
    let (database, who) = brands().await;
    let exports = Exports::start_on(database, &[("DECANT_MEMBERSHIP_SECONDS", "0")]).await;
    in_browser(
        &exports.app.server.address,
        "without_mail_there_is_a_webhook_and_members_of_a_workspace_have_no_recipients",
        async |page| {
            page.sign_in(&who.key).await;
            page.open(&format!("alerts?workspace={ACME}")).await;
            open_export_drawer(page).await;
            page.text("delivery-toggle", SOON, |text| text == "Deliver by webhook")
                .await;
            page.click("delivery-toggle").await;
            page.see("delivery-webhook").await;
            assert!(!page.sees("delivery-email").await);
            page.click("export-drawer-close").await;

            page.open(&format!("alerts?workspace={BETA}")).await;
            page.text("of-workspace", SOON, |text| text == "Beta").await;
            open_export_drawer(page).await;
            page.see("background-limits").await;
            assert!(!page.sees("delivery-toggle").await);
        },
    )
    .await;
}
