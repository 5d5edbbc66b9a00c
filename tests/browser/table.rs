//! The table on the page: filters, pages, columns.

use std::time::Duration;

use decant_tests::app::App;
use decant_tests::browser::{Browser, in_browser};
use decant_tests::database::RETRIED;
use decant_tests::server::ADMIN_TOKEN;

use crate::number_in;

const SOON: Duration = Duration::from_secs(20);

async fn has_rows(page: &Browser, rows: u64) {
    page.text("row-count", SOON, |text| number_in(text) == Some(rows))
        .await;
}

/// Returns the cells that the table shows, row by row.
async fn shown(page: &Browser) -> Vec<Vec<String>> {
    let script = "return [...document.querySelectorAll('[data-testid=rows] tbody tr')]\
                  .map(row => [...row.cells].map(cell => cell.textContent))";
    serde_json::from_value(page.run(script, vec![]).await).expect("a table is rows of texts")
}

#[tokio::test]
async fn filters_narrow_the_rows_and_survive_a_reload() {
    let app = App::start().await;
    let all = app.database.usage_rows("true").await;
    let narrow = format!("m.status_code is distinct from 200 and {RETRIED}");
    let narrow = app.database.usage_rows(&narrow).await;
    let model = app
        .database
        .text("select model from message_request where deleted_at is null limit 1")
        .await
        .unwrap();
    let of_model = app
        .database
        .usage_rows(&format!("m.model = '{}'", model.replace('\'', "''")))
        .await;
    in_browser(
        &app.server.address,
        "filters_narrow_the_rows_and_survive_a_reload",
        async |page| {
            page.sign_in(ADMIN_TOKEN).await;
            has_rows(page, all).await;
            page.click("filter-exclude_200").await;
            page.fill("filter-min_retry_count", "1").await;
            page.click("apply-filters").await;
            has_rows(page, narrow).await;

            page.reload().await;
            has_rows(page, narrow).await;

            page.click("clear-filters").await;
            has_rows(page, all).await;
            page.fill("filter-model", &model).await;
            page.click("apply-filters").await;
            has_rows(page, of_model).await;
        },
    )
    .await;
}

#[tokio::test]
async fn an_invalid_value_is_reported_at_its_field() {
    let app = App::start().await;
    in_browser(
        &app.server.address,
        "an_invalid_value_is_reported_at_its_field",
        async |page| {
            page.sign_in(ADMIN_TOKEN).await;
            page.fill("filter-min_retry_count", "two").await;
            page.click("apply-filters").await;
            let script =
                "return document.getElementById('filter-min_retry_count-problem')?.textContent ?? ''";
            let told = async || {
                let text = page.run(script, vec![]).await;
                text.as_str()
                    .is_some_and(|text| text.contains("whole number"))
                    .then_some(())
            };
            decant_tests::patience::wait_for("the problem at its field", SOON, told).await;
        },
    )
    .await;
}

#[tokio::test]
async fn the_visitor_can_page_forwards_and_backwards() {
    let app = App::start().await;
    let rows = app.admin().usage_rows(&[("limit", "200")]).await;
    let models: Vec<_> = rows
        .column("session_id")
        .into_iter()
        .map(Option::unwrap_or_default)
        .collect();
    in_browser(
        &app.server.address,
        "the_visitor_can_page_forwards_and_backwards",
        async |page| {
            page.sign_in(ADMIN_TOKEN).await;
            // The session ID is the last but one column.
            let shows_from = async |first: usize| {
                let shows = async || {
                    let shown: Vec<_> = shown(page)
                        .await
                        .into_iter()
                        .filter_map(|row| row.into_iter().rev().nth(1))
                        .collect();
                    (shown.len() == 50 && shown == models[first..first + 50]).then_some(())
                };
                decant_tests::patience::wait_for(&format!("rows {first} to {}", first + 49), SOON, shows)
                    .await;
            };
            shows_from(0).await;
            page.click("next-page").await;
            shows_from(50).await;
            page.click("next-page").await;
            shows_from(100).await;
            page.click("previous-page").await;
            shows_from(50).await;
        },
    )
    .await;
}

#[tokio::test]
async fn the_visitor_chooses_the_columns() {
    let app = App::start().await;
    in_browser(
        &app.server.address,
        "the_visitor_chooses_the_columns",
        async |page| {
            page.sign_in(ADMIN_TOKEN).await;
            let has_columns = async |number: usize| {
                let has = async || {
                    shown(page)
                        .await
                        .first()
                        .is_some_and(|row| row.len() == number)
                        .then_some(())
                };
                decant_tests::patience::wait_for(&format!("{number} columns"), SOON, has).await;
            };
            has_columns(18).await;
            page.click("columns-toggle").await;
            page.click("column-session_id").await;
            page.click("column-created_at").await;
            has_columns(16).await;
            page.click("all-columns").await;
            has_columns(18).await;
        },
    )
    .await;
}
