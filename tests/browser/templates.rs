//! Templates of exports in the panel: saved, chosen, deleted.

use std::time::Duration;

use decant_tests::browser::in_browser;
use decant_tests::exports::Exports;
use serde_json::{Value, json};

use crate::open_export_drawer;

const SOON: Duration = Duration::from_secs(20);

#[tokio::test]
async fn a_template_brings_back_format_options_and_filters() {
    let exports = Exports::start(&[]).await;
    let (user, who) = exports.app.user().await;
    in_browser(
        &exports.app.server.address,
        "a_template_brings_back_format_options_and_filters",
        async |page| {
            page.sign_in(&who.key).await;
            page.open("usage-logs?exclude_200=true&zone=UTC").await;
            open_export_drawer(page).await;
            page.choose("option-format", "JSON").await;
            page.choose("option-compression", "gzip").await;
            page.click("template-new").await;
            page.fill("template-name", "Errors").await;
            page.click("template-save").await;
            page.text("toast-success", SOON, |text| text.contains("Errors"))
                .await;
            let list: Value = user.get("/api/exports/templates").answer().await.good().json();
            let all = list["templates"].as_array().expect("a list").clone();
            let saved = all.iter().find(|template| template["name"] == "Errors");
            let saved = saved.expect("the template is there").clone();
            assert_eq!(
                (&saved["format"], &saved["shared"]),
                (&json!("json"), &json!(false))
            );
            assert_eq!(saved["parameters"]["options"]["compression"], "gzip");

            page.open("usage-logs").await;
            open_export_drawer(page).await;
            page.choose("option-format", "CSV").await;
            page.choose("export-template", "Errors").await;
            let values = "return ['option-format', 'option-compression']\
                          .map((id) => document.getElementById(id).selectedOptions[0].label)";
            let chosen = async || {
                let now = page.run(values, vec![]).await;
                (now[1] == "gzip").then_some(now)
            };
            let chosen = decant_tests::patience::wait_for("the options", SOON, chosen).await;
            assert!(
                chosen[0]
                    .as_str()
                    .is_some_and(|format| format.starts_with("JSON")),
                "{chosen}"
            );
            page.click("template-delete").await;
            page.click("confirm-yes").await;
            page.see_no_more("template-delete").await;
            page.click("export-drawer-close").await;
            let address = page.run("return location.search", vec![]).await;
            assert!(
                address
                    .as_str()
                    .is_some_and(|address| address.contains("exclude_200=true")),
                "{address}"
            );
        },
    )
    .await;
}
