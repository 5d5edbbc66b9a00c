//! Permissions for exports on the page: added, changed, deleted; and what they refuse.

use std::time::Duration;

use decant_tests::actors::Actor;
use decant_tests::browser::in_browser;
use decant_tests::exports::Exports;
use decant_tests::server::ADMIN_TOKEN;
use serde_json::{Value, json};

use crate::IS_TOO_WIDE;

const SOON: Duration = Duration::from_secs(20);

/// Returns the permissions of the server.
async fn permissions(admin: &Actor) -> Vec<Value> {
    let list: Value = admin.export_permissions().answer().await.good().json();
    list["permissions"].as_array().cloned().unwrap_or_default()
}

#[tokio::test]
async fn a_permission_of_the_page_refuses_an_export_with_the_words_of_the_server() {
    let exports = Exports::start(&[]).await;
    let (user, who) = exports.app.user().await;
    let admin = exports.app.admin();
    in_browser(
        &exports.app.server.address,
        "a_permission_of_the_page_refuses_an_export_with_the_words_of_the_server",
        async |page| {
            page.sign_in(ADMIN_TOKEN).await;
            page.click("admin-export-permissions").await;
            page.see("permissions-empty").await;
            page.click("permission-add").await;
            page.choose("permission-holder", "Members").await;
            page.choose("permission-dataset", "Usage logs").await;
            page.choose("permission-right-0", "Refused").await;
            page.click("permission-save").await;
            page.text("permissions", SOON, |text| {
                text.contains("Members") && text.contains("Usage logs")
            })
            .await;
            let given = permissions(&admin).await.remove(0);
            let expected = (&json!("user"), &json!("usage-logs"), &json!(false), &Value::Null);
            let is = (
                &given["role"],
                &given["dataset"],
                &given["canCreate"],
                &given["canDownload"],
            );
            assert_eq!(is, expected);

            let body = json!({ "dataset": "usage-logs", "format": "csv" });
            let refusal = user.create_export(&body).answer().await;
            assert_eq!(refusal.status, 403);
            let refusal: Value = refusal.json();
            let sentence = refusal["detail"]
                .as_str()
                .expect("a refusal has a sentence")
                .to_owned();
            page.forget_session().await;
            page.open("usage-logs").await;
            page.sign_in(&who.key).await;
            page.click("export-menu").await;
            page.click("export-background").await;
            page.text("toast-error", SOON, |text| text.contains(&sentence))
                .await;
        },
    )
    .await;
}

#[tokio::test]
async fn a_permission_is_changed_and_deleted() {
    let exports = Exports::start(&[]).await;
    let admin = exports.app.admin();
    let given = json!({ "subject": "hub:7", "format": "csv", "canCreate": true, "canManage": false,
        "rowsMax": 10_000, "expiresAt": "2090-01-31T02:00:00Z" });
    let given: Value = admin.grant_export_permission(&given).answer().await.good().json();
    let id = &given["permission"]["id"];
    in_browser(
        &exports.app.server.address,
        "a_permission_is_changed_and_deleted",
        async |page| {
            page.sign_in(ADMIN_TOKEN).await;
            page.open("admin/export-permissions").await;
            page.text(&format!("permission-{id}"), SOON, |text| {
                text.contains("hub:7") && text.contains("10,000") && text.contains("2090-01-31")
            })
            .await;
            page.click(&format!("edit-{id}")).await;
            page.choose("permission-right-3", "Not said").await;
            page.fill("permission-rows", "20,000").await;
            page.click("permission-save").await;
            page.text(&format!("permission-{id}"), SOON, |text| text.contains("20,000"))
                .await;
            let changed = permissions(&admin).await.remove(0);
            assert_eq!((&changed["id"], &changed["canCreate"]), (id, &json!(true)));
            assert_eq!(
                (&changed["canManage"], &changed["rowsMax"]),
                (&Value::Null, &json!(20_000))
            );
            assert_eq!(changed["expiresAt"], "2090-01-31T02:00:00Z");

            page.click(&format!("delete-{id}")).await;
            page.click("confirm-no").await;
            page.click(&format!("delete-{id}")).await;
            page.click("confirm-yes").await;
            page.see("permissions-empty").await;
            assert!(permissions(&admin).await.is_empty());
        },
    )
    .await;
}

#[tokio::test]
async fn the_form_names_what_is_missing_and_the_page_is_for_administrators() {
    let exports = Exports::start(&[]).await;
    let (_, who) = exports.app.user().await;
    in_browser(
        &exports.app.server.address,
        "the_form_names_what_is_missing_and_the_page_is_for_administrators",
        async |page| {
            page.become_a_telephone().await;
            page.sign_in(ADMIN_TOKEN).await;
            page.open("admin/export-permissions").await;
            page.click("permission-add").await;
            page.choose("permission-holder", "One person").await;
            page.text("permission-obstacle", SOON, |text| text == "Type the person.")
                .await;
            page.fill("permission-subject", "somebody").await;
            page.choose("permission-right-0", "Refused").await;
            page.click("permission-save").await;
            page.text("permission-problem", SOON, |text| text.contains("subject"))
                .await;
            assert_eq!(page.run(IS_TOO_WIDE, vec![]).await, false, "the form is too wide");
            page.fill("permission-subject", "hub:7").await;
            page.click("permission-save").await;
            page.text("permissions", SOON, |text| {
                text.contains("hub:7") && text.contains("Refused")
            })
            .await;
            assert_eq!(
                page.run(IS_TOO_WIDE, vec![]).await,
                false,
                "the table is too wide"
            );

            page.forget_session().await;
            page.open("usage-logs").await;
            page.sign_in(&who.key).await;
            page.open("admin/export-permissions").await;
            page.see("for-administrators-only").await;
        },
    )
    .await;
}
