//! Background exports on the page: asked for in a panel, followed, listed, cancelled, made again, checked, deleted.

use std::time::Duration;

use decant_tests::actors::Actor;
use decant_tests::app::App;
use decant_tests::browser::{Browser, EXPORT_PATIENCE, in_browser, key};
use decant_tests::definitions::{Definitions, FAILING, SLOWLY};
use decant_tests::exports::{Exports, create, wait_until};
use decant_tests::patience::wait_for;
use decant_tests::server::ADMIN_TOKEN;
use decant_tests::workspaces::ACME;
use serde_json::{Value, json};

use crate::workspaces::brands;
use crate::{IS_TOO_WIDE, open_export_drawer};

const SOON: Duration = Duration::from_secs(20);

/// Returns the ids of the actor's exports, the newest first.
async fn ids(actor: &Actor) -> Vec<String> {
    let list: Value = actor.exports().answer().await.good().json();
    let exports = list["exports"].as_array().into_iter().flatten();
    let ids = exports.map(|export| export["id"].as_str().unwrap_or_default().to_owned());
    ids.collect()
}

async fn downloaded(page: &Browser) -> Vec<u8> {
    let path = page.download().await;
    let file = std::fs::read(&path).expect("the file is there");
    std::fs::remove_file(path).expect("the folder is ours");
    file
}

/// Waits until the list shows an export with a text.
async fn shows(page: &Browser, id: &str, text: &str) {
    page.text(&format!("export-{id}"), EXPORT_PATIENCE, |shown| {
        shown.contains(text)
    })
    .await;
}

#[tokio::test]
async fn an_export_runs_in_the_background_and_its_file_is_downloaded() {
    let exports = Exports::start(&[]).await;
    let (user, who) = exports.app.user().await;
    in_browser(
        &exports.app.server.address,
        "an_export_runs_in_the_background_and_its_file_is_downloaded",
        async |page| {
            page.sign_in(&who.key).await;
            // Before it, the page has asked who the visitor is.
            page.console_errors().await;
            page.choose("zone", "UTC").await;
            page.click("export-menu").await;
            page.text("export-background", SOON, |text| text.contains("stored for 7 d"))
                .await;
            page.click("export-background").await;
            page.text("background-done", EXPORT_PATIENCE, |text| text.contains("rows"))
                .await;
            let id = ids(&user).await.remove(0);
            let stored = exports.file(&id).await;
            page.click("background-download").await;
            assert!(downloaded(page).await == stored);
            let direct = user
                .export("usage-logs")
                .query("zone", "UTC")
                .answer()
                .await
                .good();
            assert!(stored == direct.body, "the panel's options are those of the file");

            page.click("background-exports").await;
            shows(page, &id, "Completed").await;
            page.text("exports-rate", SOON, |text| {
                text == "9 of 10 exports left this hour"
            })
            .await;
            page.click("background-open").await;
            page.text("export-record", SOON, |text| text.contains("SHA-256"))
                .await;
            page.text("export-parameters", SOON, |text| text.contains("usage-logs"))
                .await;
            page.text("export-log", SOON, |text| {
                text.contains("complete") && text.contains("created")
            })
            .await;
            page.click("to-exports").await;
            page.click(&format!("download-{id}")).await;
            assert!(downloaded(page).await == stored);
            assert_eq!(page.console_errors().await, [""; 0]);
        },
    )
    .await;
}

#[tokio::test]
async fn waiting_exports_have_a_place_and_are_cancelled_and_made_again() {
    let exports = Exports::start(&[("DECANT_WORKERS", "0")]).await;
    let (user, who) = exports.app.user().await;
    let body = json!({ "dataset": "usage-logs" });
    let first = create(&user, &body).await;
    let second = create(&user, &body).await;
    in_browser(
        &exports.app.server.address,
        "waiting_exports_have_a_place_and_are_cancelled_and_made_again",
        async |page| {
            page.sign_in(&who.key).await;
            page.open("exports").await;
            shows(page, &first, "1st in the queue").await;
            shows(page, &second, "2nd in the queue").await;
            page.click(&format!("cancel-{first}")).await;
            shows(page, &first, "Cancelled").await;
            shows(page, &second, "1st in the queue").await;

            page.choose("exports-status", "Cancelled").await;
            page.see_no_more(&format!("export-{second}")).await;
            page.text("exports-total", SOON, |text| text == "1 export").await;
            let address = page.run("return location.search", vec![]).await;
            assert_eq!(address, json!("?status=cancelled"));
            page.choose("exports-status", "Failed").await;
            page.click("exports-empty-clear").await;

            page.click(&format!("retry-{first}")).await;
            page.text("exports-total", SOON, |text| text == "3 exports").await;
            let newest = ids(&user).await.remove(0);
            shows(page, &newest, "2nd in the queue").await;
        },
    )
    .await;
}

#[tokio::test]
async fn a_running_export_shows_its_progress_and_stops_within_seconds() {
    let definitions = Definitions::of(&[SLOWLY, FAILING]);
    let exports = Exports::start(&[definitions.setting()]).await;
    let admin = exports.app.admin();
    in_browser(
        &exports.app.server.address,
        "a_running_export_shows_its_progress_and_stops_within_seconds",
        async |page| {
            page.sign_in(ADMIN_TOKEN).await;
            page.open("exports").await;
            page.see("exports-empty").await;
            let slow = create(&admin, &json!({ "dataset": "slowly", "format": "csv" })).await;
            // A list without open exports is not refreshed.
            page.reload().await;
            page.text(&format!("export-{slow}"), SOON, |text| {
                text.contains("Running") && text.contains(" of about ")
            })
            .await;
            page.click(&format!("cancel-{slow}")).await;
            page.text(&format!("export-{slow}"), Duration::from_secs(8), |text| {
                text.contains("Cancelled")
            })
            .await;

            let failing = create(&admin, &json!({ "dataset": "failing", "format": "csv" })).await;
            page.click("exports-everyone").await;
            let failed = wait_until(&admin, &failing, "failed").await;
            let cause = failed["errorMessage"]
                .as_str()
                .expect("a failure has a cause")
                .to_owned();
            shows(page, &failing, &cause).await;
            page.open(&format!("exports/{failing}")).await;
            page.text("export-log", SOON, |text| text.contains("error")).await;
            page.click(&format!("retry-{failing}")).await;
            let is_repeated = async || (ids(&admin).await.len() == 3).then_some(());
            wait_for("the new export", SOON, is_repeated).await;
        },
    )
    .await;
}

#[tokio::test]
async fn limits_are_shown_and_a_refusal_has_the_words_of_the_server() {
    let exports = Exports::start(&[("EXPORT_RATE_LIMIT", "2"), ("DECANT_WORKERS", "0")]).await;
    let (user, who) = exports.app.user().await;
    in_browser(
        &exports.app.server.address,
        "limits_are_shown_and_a_refusal_has_the_words_of_the_server",
        async |page| {
            page.sign_in(&who.key).await;
            open_export_drawer(page).await;
            page.text("background-limits", SOON, |text| {
                text.contains("2 of 2 exports left this hour")
                    && text.contains("Largest file\n104.9 MB")
                    && text.contains("Kept for\n7 d")
            })
            .await;
            page.text("background-estimate", SOON, |text| text.starts_with("About "))
                .await;
            // Another tab of the same person.
            for _ in 0..2 {
                create(&user, &json!({ "dataset": "usage-logs" })).await;
            }
            page.click("export-drawer-background").await;
            page.text("toast-error", SOON, |text| {
                text.contains("Too many exports") && text.contains("2 exports were created in the last hour")
            })
            .await;
            open_export_drawer(page).await;
            page.text("background-limit-reached", SOON, |text| {
                text.contains("as many as one person may")
            })
            .await;
            let is_off =
                "return document.querySelector('[data-testid=export-drawer-background]').ariaDisabled";
            assert_eq!(page.run(is_off, vec![]).await, json!("true"));
            assert_eq!(ids(&user).await.len(), 2);
        },
    )
    .await;
}

#[tokio::test]
async fn without_a_state_database_the_page_says_so_and_direct_exports_go_on() {
    let app = App::start_with(&[("STATE_DSN", "none")]).await;
    in_browser(
        &app.server.address,
        "without_a_state_database_the_page_says_so_and_direct_exports_go_on",
        async |page| {
            page.sign_in(ADMIN_TOKEN).await;
            page.click("background-exports").await;
            page.text("exports-off", SOON, |text| {
                text.contains("are off on this server")
            })
            .await;
            page.click("dataset-usage-logs").await;
            page.see("export-start").await;
            open_export_drawer(page).await;
            page.text("background-unavailable", SOON, |text| {
                text.contains("state database")
            })
            .await;
            page.click("export-drawer-start").await;
            assert!(!downloaded(page).await.is_empty());
        },
    )
    .await;
}

#[tokio::test]
async fn a_workspace_has_a_list_of_its_own_exports() {
    let (database, who) = brands().await;
    let exports = Exports::start_on(database, &[("DECANT_MEMBERSHIP_SECONDS", "0")]).await;
    let user = exports.app.anonymous().with_token(&who.key);
    let own = create(&user, &json!({ "dataset": "usage-logs", "format": "csv" })).await;
    let alerts = json!({ "dataset": "alerts", "format": "csv", "workspace": ACME });
    let of_acme = create(&user, &alerts).await;
    in_browser(
        &exports.app.server.address,
        "a_workspace_has_a_list_of_its_own_exports",
        async |page| {
            page.sign_in(&who.key).await;
            page.open(&format!("alerts?workspace={ACME}")).await;
            page.text("of-workspace", SOON, |text| text == "Acme").await;
            page.click("workspace-exports").await;
            page.text("exports-total", SOON, |text| text == "1 export").await;
            shows(page, &of_acme, "Completed").await;
            assert!(!page.sees(&format!("export-{own}")).await);
            let address = page.run("return location.search", vec![]).await;
            assert_eq!(address, json!(format!("?workspace={ACME}")));
            page.click("exports-own").await;
            shows(page, &own, "Completed").await;
            shows(page, &of_acme, "Completed").await;
        },
    )
    .await;
}

#[tokio::test]
async fn a_bundle_runs_in_the_background() {
    let exports = Exports::start(&[]).await;
    let (user, who) = exports.app.user().await;
    in_browser(
        &exports.app.server.address,
        "a_bundle_runs_in_the_background",
        async |page| {
            page.sign_in(&who.key).await;
            page.click("bundle-user-data").await;
            page.text("background-limits", SOON, |text| {
                text.contains("10 of 10 exports")
            })
            .await;
            page.click("bundle-background").await;
            page.see("background-done").await;
            let id = ids(&user).await.remove(0);
            let stored: Value = serde_json::from_slice(&exports.file(&id).await).expect("the file is JSON");
            assert!(stored["userData"].is_object(), "{stored}");
        },
    )
    .await;
}

#[tokio::test]
async fn a_stored_file_is_checked_linked_and_deleted() {
    let exports = Exports::start(&[]).await;
    let (user, who) = exports.app.user().await;
    let id = create(&user, &json!({ "dataset": "usage-logs", "format": "csv" })).await;
    wait_until(&user, &id, "completed").await;
    let stored = exports.file(&id).await;
    let address = exports.app.server.address.clone();
    in_browser(
        &address,
        "a_stored_file_is_checked_linked_and_deleted",
        async |page| {
            page.sign_in(&who.key).await;
            page.open("exports").await;
            page.click(&format!("more-{id}")).await;
            page.click("copy-link").await;
            page.text("toast-success", SOON, |text| text.contains("Link copied"))
                .await;
            let link = page.copied(&address).await;
            let path = link.split_once(&address).expect("the link leads to the server").1;
            assert!(exports.app.anonymous().get(path).answer().await.good().body == stored);

            page.click(&format!("more-{id}")).await;
            page.click("verify").await;
            page.text("toast-success", SOON, |text| {
                text.contains("The stored file is intact")
            })
            .await;
            page.click(&format!("more-{id}")).await;
            page.click("receipt").await;
            let receipt = page.download().await;
            let name = receipt
                .file_name()
                .and_then(|name| name.to_str())
                .unwrap_or_default();
            assert!(name.ends_with(".csv.gz.receipt.json"), "{name}");
            let saved: Value = serde_json::from_slice(&downloaded(page).await).expect("a receipt is JSON");
            let path = format!("/api/exports/{id}/receipt");
            let sent: Value = user.get(&path).answer().await.good().json();
            assert_eq!(saved, sent);
            assert_eq!(saved["receipt"]["export"], id.as_str());

            page.open(&format!("exports/{id}")).await;
            page.text("export-verification", SOON, |text| {
                text.matches("✓ right").count() == 5
            })
            .await;
            page.click(&format!("more-{id}")).await;
            page.click("delete").await;
            page.click("confirm-no").await;
            page.click(&format!("more-{id}")).await;
            page.click("delete").await;
            page.click("confirm-yes").await;
            page.see("exports-empty").await;
            assert_eq!(exports.files(), 0);

            page.open(&format!("exports/{id}")).await;
            page.text("notice", SOON, |text| text.contains("Unknown export"))
                .await;
        },
    )
    .await;
}

#[tokio::test]
async fn the_list_and_an_export_fit_on_a_telephone_and_obey_the_keyboard() {
    let exports = Exports::start(&[]).await;
    let (user, who) = exports.app.user().await;
    let id = create(&user, &json!({ "dataset": "usage-logs", "format": "csv" })).await;
    wait_until(&user, &id, "completed").await;
    in_browser(
        &exports.app.server.address,
        "the_list_and_an_export_fit_on_a_telephone_and_obey_the_keyboard",
        async |page| {
            page.become_a_telephone().await;
            page.sign_in(&who.key).await;
            page.open("exports").await;
            shows(page, &id, "Completed").await;
            assert_eq!(page.run(IS_TOO_WIDE, vec![]).await, false, "the list is too wide");
            let more = format!("more-{id}");
            let focus = "document.querySelector(`[data-testid='${arguments[0]}']`).focus()";
            page.run(focus, vec![json!(more)]).await;
            page.press_key(key::ENTER).await;
            page.has_focus("copy-link").await;
            assert_eq!(page.run(IS_TOO_WIDE, vec![]).await, false, "the menu is too wide");
            page.press_key(key::UP).await;
            page.has_focus("delete").await;
            page.press_key(key::ESCAPE).await;
            page.has_focus(&more).await;
            let heights = "return [...document.querySelectorAll('.stored-export :is(button, .button)')]\
                           .map((one) => one.getBoundingClientRect().height)";
            let heights: Vec<f64> =
                serde_json::from_value(page.run(heights, vec![]).await).expect("heights are numbers");
            assert!(heights.iter().all(|height| *height >= 44.0), "{heights:?}");

            page.open(&format!("exports/{id}")).await;
            page.see("export-log").await;
            assert_eq!(
                page.run(IS_TOO_WIDE, vec![]).await,
                false,
                "the export is too wide"
            );

            page.open("usage-logs").await;
            open_export_drawer(page).await;
            page.see("background-limits").await;
            assert_eq!(
                page.run(IS_TOO_WIDE, vec![]).await,
                false,
                "the drawer is too wide"
            );
        },
    )
    .await;
}

#[tokio::test]
async fn the_record_says_until_when_a_file_is_kept_or_since_when_it_is_gone() {
    let exports = Exports::start(&[]).await;
    let (user, who) = exports.app.user().await;
    let id = create(&user, &json!({ "dataset": "usage-logs", "format": "csv" })).await;
    wait_until(&user, &id, "completed").await;
    in_browser(
        &exports.app.server.address,
        "the_record_says_until_when_a_file_is_kept_or_since_when_it_is_gone",
        async |page| {
            page.sign_in(&who.key).await;
            page.open(&format!("exports/{id}")).await;
            let has = |text: &str, label: &str| text.lines().any(|line| line == label);
            page.text("export-record", SOON, |text| {
                has(text, "Kept until") && !has(text, "File removed")
            })
            .await;
            let over = "update decant.data_exports set expires_at = now() - interval '1 hour'";
            exports.state.execute(over).await;
            page.reload().await;
            page.text("export-record", SOON, |text| {
                has(text, "File removed") && !has(text, "Kept until")
            })
            .await;
        },
    )
    .await;
}
