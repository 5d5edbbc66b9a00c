//! The figures of exports on the page: one's own, and those of everybody.

use std::time::Duration;

use decant_tests::app::App;
use decant_tests::browser::{Browser, in_browser};
use decant_tests::definitions::{BROKEN, Definitions};
use decant_tests::exports::{Exports, create, wait_until};
use decant_tests::server::ADMIN_TOKEN;
use serde_json::json;

use crate::IS_TOO_WIDE;

const SOON: Duration = Duration::from_secs(20);

/// Returns the titles of the charts, which a screen reader reads.
async fn titles(page: &Browser) -> Vec<String> {
    page.see("statistics-charts").await;
    let script = "return [...document.querySelectorAll('[data-testid=statistics-charts] svg > title')]\
                  .map(one => one.textContent)";
    serde_json::from_value(page.run(script, vec![]).await).expect("titles are texts")
}

/// Opens the table of the first chart, and returns its rows.
async fn table(page: &Browser) -> Vec<String> {
    page.see("statistics-charts").await;
    let script = "const chart = document.querySelector('[data-testid=statistics-charts] details');\
                  chart.open = true; return [...chart.querySelectorAll('tr')].map(row => row.innerText)";
    serde_json::from_value(page.run(script, vec![]).await).expect("rows are texts")
}

async fn is(page: &Browser, figure: &str, expected: &str) {
    page.text(&format!("statistics-{figure}"), SOON, |text| text == expected)
        .await;
}

#[tokio::test]
async fn a_person_sees_figures_and_charts_of_their_exports_for_days_that_the_address_keeps() {
    let exports = Exports::start(&[]).await;
    let (user, who) = exports.app.user().await;
    for format in ["csv", "csv", "json"] {
        let id = create(
            &user,
            &json!({ "dataset": "usage-logs", "format": format, "limit": 3 }),
        )
        .await;
        wait_until(&user, &id, "completed").await;
    }
    in_browser(
        &exports.app.server.address,
        "a_person_sees_figures_and_charts_of_their_exports_for_days_that_the_address_keeps",
        async |page| {
            page.sign_in(&who.key).await;
            // Before it, the page has asked who the visitor is.
            page.console_errors().await;
            page.click("statistics").await;
            is(page, "total", "3 exports").await;
            is(page, "today", "3").await;
            is(page, "success", "100.0 %").await;
            page.text("statistics-size", SOON, |text| text.ends_with('B'))
                .await;
            let exact = "return document.querySelector('[data-testid=statistics-success]').title";
            let exact = page.run(exact, vec![]).await;
            assert_eq!(exact, json!("100 %: 3 completed, 0 failed"));
            assert!(!page.sees("statistics-everyone").await);

            let charts = titles(page).await;
            assert!(
                charts[0].starts_with("Exports a day. Total: 3. Highest: 3 ("),
                "{charts:?}"
            );
            assert!(
                charts[1].starts_with("By format. Total: 3. Highest: 2 (CSV)"),
                "{charts:?}"
            );
            assert!(
                charts[2].starts_with("By status. Total: 3. Highest: 3 (Completed)"),
                "{charts:?}"
            );
            let rows = table(page).await;
            assert_eq!(
                (rows.len(), rows[0].as_str()),
                (1 + 30, "Day, UTC\tCompleted\tFailed\tCancelled")
            );

            page.click("statistics-days-7").await;
            page.text("statistics-about", SOON, |text| text.contains("the last 7 days"))
                .await;
            assert_eq!(table(page).await.len(), 1 + 7);
            let address = page.run("return location.search", vec![]).await;
            assert_eq!(address, json!("?days=7"));
            page.reload().await;
            assert_eq!(table(page).await.len(), 1 + 7);
            page.click("statistics-days-30").await;
            page.text("statistics-about", SOON, |text| text.contains("the last 30 days"))
                .await;
            assert_eq!(page.run("return location.search", vec![]).await, json!(""));
            assert_eq!(page.console_errors().await, [""; 0]);
        },
    )
    .await;
}

#[tokio::test]
async fn administrators_see_the_figures_of_everybody_the_storage_and_the_queue() {
    let definitions = Definitions::of(&[BROKEN]);
    let exports = Exports::start(&[definitions.setting(), ("DECANT_EXPORT_ATTEMPTS", "1")]).await;
    let (user, admin) = (exports.app.user().await.0, exports.app.admin());
    let of_user = create(&user, &json!({ "dataset": "usage-logs", "format": "csv" })).await;
    wait_until(&user, &of_user, "completed").await;
    let broken = create(&admin, &json!({ "dataset": "broken", "format": "csv" })).await;
    wait_until(&admin, &broken, "failed").await;
    in_browser(
        &exports.app.server.address,
        "administrators_see_the_figures_of_everybody_the_storage_and_the_queue",
        async |page| {
            page.sign_in(ADMIN_TOKEN).await;
            page.open("statistics").await;
            is(page, "total", "1 export").await;
            is(page, "success", "0.0 %").await;
            assert!(!page.sees("statistics-queue").await);
            page.click("statistics-everyone").await;
            is(page, "total", "2 exports").await;
            is(page, "success", "50.0 %").await;
            let address = page.run("return location.search", vec![]).await;
            assert_eq!(address, json!("?all=true"));
            page.text("statistics-storage", SOON, |text| text.contains("Growth a day"))
                .await;
            page.text("statistics-queue", SOON, |text| text.contains("None waits"))
                .await;
            page.text("statistics-health", SOON, |text| {
                text.contains("Usage logs") && text.contains("Broken") && text.contains("100.0 %")
            })
            .await;
            // Stripes tell failures from the others without colour.
            let script = "return document.querySelectorAll('svg.stacks rect[fill^=\"url(#hatch)\"]').length";
            assert_eq!(page.run(script, vec![]).await, json!(1));
            page.click("statistics-mine").await;
            is(page, "total", "1 export").await;
            page.become_a_telephone().await;
            page.click("statistics-everyone").await;
            page.see("statistics-health").await;
            assert_eq!(page.run(IS_TOO_WIDE, vec![]).await, false, "the page is too wide");
        },
    )
    .await;
}

#[tokio::test]
async fn without_exports_the_page_leads_to_the_data() {
    let exports = Exports::start(&[]).await;
    let (_, who) = exports.app.user().await;
    in_browser(
        &exports.app.server.address,
        "without_exports_the_page_leads_to_the_data",
        async |page| {
            page.sign_in(&who.key).await;
            page.open("statistics").await;
            page.click("statistics-to-data").await;
            page.see("export-start").await;
            // Only administrators may ask for those of everybody.
            page.open("statistics?all=true").await;
            page.see("notice").await;
        },
    )
    .await;
}

#[tokio::test]
async fn without_a_state_database_the_page_of_statistics_says_so() {
    let app = App::start_with(&[("STATE_DSN", "none")]).await;
    in_browser(
        &app.server.address,
        "without_a_state_database_the_page_of_statistics_says_so",
        async |page| {
            page.sign_in(ADMIN_TOKEN).await;
            page.click("statistics").await;
            page.text("statistics-off", SOON, |text| text.contains("state database"))
                .await;
            assert!(!page.sees("statistics-everyone").await);
        },
    )
    .await;
}
