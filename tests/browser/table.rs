//! The table on the page: columns, order, pages, zone, figures.

use std::time::Duration;

use decant_tests::app::App;
use decant_tests::browser::{Browser, in_browser, in_browser_with, key};
use decant_tests::patience::wait_for;
use decant_tests::server::ADMIN_TOKEN;
use serde_json::{Value, json};

use crate::number_in;

const SOON: Duration = Duration::from_secs(20);

/// Returns the cells that the table shows, row by row.
async fn shown(page: &Browser) -> Vec<Vec<String>> {
    let script = "return [...document.querySelectorAll('[data-testid=rows] tbody tr')]\
                  .map(row => [...row.cells].map(cell => cell.textContent))";
    serde_json::from_value(page.run(script, vec![]).await).expect("a table is rows of texts")
}

#[tokio::test]
async fn the_visitor_can_page_forwards_and_backwards() {
    let app = App::start().await;
    let rows = app.admin().usage_rows(&[("limit", "200")]).await;
    let sessions: Vec<_> = rows
        .column("session_id")
        .into_iter()
        .map(|session| session.unwrap_or_else(|| "–".to_owned()))
        .collect();
    in_browser(
        &app.server.address,
        "the_visitor_can_page_forwards_and_backwards",
        async |page| {
            page.sign_in(ADMIN_TOKEN).await;
            page.open("usage-logs?columns=session_id,model").await;
            let shows_from = async |first: usize, number: usize| {
                let last = first + number;
                let shows = async || {
                    let shown: Vec<_> = shown(page).await.into_iter().map(|row| row[0].clone()).collect();
                    (shown == sessions[first..last]).then_some(())
                };
                wait_for(&format!("rows {first} to {last}"), SOON, shows).await;
            };
            shows_from(0, 50).await;
            page.click("next-page").await;
            shows_from(50, 50).await;
            page.click("next-page").await;
            shows_from(100, 50).await;
            page.click("previous-page").await;
            shows_from(50, 50).await;

            // The address has the page.
            page.run("history.back()", vec![]).await;
            shows_from(100, 50).await;
            page.reload().await;
            shows_from(100, 50).await;
            page.text("page-place", SOON, |text| text.starts_with("Rows 101–150 of "))
                .await;
            page.click("first-page").await;
            shows_from(0, 50).await;

            // The rows of a page are remembered.
            page.choose("page-rows", "25").await;
            shows_from(0, 25).await;
            page.click("next-page").await;
            shows_from(25, 25).await;
            page.open("usage-logs?columns=session_id").await;
            shows_from(0, 25).await;
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
                    let rows = shown(page).await;
                    rows.first().is_some_and(|row| row.len() == number).then_some(())
                };
                wait_for(&format!("{number} columns"), SOON, has).await;
            };
            has_columns(9).await;
            page.click("columns-toggle").await;
            page.click("column-model").await;
            page.click("column-created_at").await;
            has_columns(7).await;
            page.click("column-session_id").await;
            has_columns(8).await;
            page.text("columns-toggle", SOON, |text| text.contains("8/18"))
                .await;
            page.click("all-columns").await;
            has_columns(9).await;
        },
    )
    .await;
}

/// Answers how many rows are fully visible, and whether the last column is.
const VISIBLE: &str = "
    const frame = document.querySelector('[data-testid=rows]').getBoundingClientRect();
    const isSeen = ({ top, bottom, right }) => top >= frame.top && bottom <= Math.min(frame.bottom, innerHeight) && right <= frame.right;
    const rows = [...document.querySelectorAll('[data-testid=rows] tbody tr')];
    return rows.filter(row => isSeen(row.cells[row.cells.length - 1].getBoundingClientRect())).length;";

#[tokio::test]
async fn twelve_rows_with_status_and_cost_are_visible_at_first() {
    let app = App::start().await;
    in_browser_with(
        &["--window-size=1280,800"],
        &app.server.address,
        "twelve_rows_with_status_and_cost_are_visible_at_first",
        async |page| {
            let size = json!({ "width": 1280, "height": 800, "deviceScaleFactor": 1, "mobile": false });
            page.devtools("Emulation.setDeviceMetricsOverride", size).await;
            page.sign_in(ADMIN_TOKEN).await;
            let heads = "return [...document.querySelectorAll('[data-testid=rows] th')].map(head => head.textContent)";
            let are_seen = async || {
                let seen = page.run(VISIBLE, vec![]).await.as_u64()?;
                (seen >= 12).then_some(())
            };
            wait_for("twelve rows", SOON, are_seen).await;
            let covered = "const top = document.querySelector('[data-testid=rows]').getBoundingClientRect().top; \
                           return [...document.querySelectorAll('[data-testid=figures] dd')]\
                           .filter(figure => figure.getBoundingClientRect().bottom > top).length";
            assert_eq!(page.run(covered, vec![]).await, json!(0), "the table covers figures");
            assert_eq!(
                page.run(heads, vec![]).await,
                json!([
                    "Time, UTC ↓", "Status Code", "User", "Key", "Provider", "Model", "Total Tokens", "Cost (USD)",
                    "Duration"
                ])
            );
        },
    )
    .await;
}

#[tokio::test]
async fn the_oldest_rows_come_first_in_table_and_file() {
    let app = App::start().await;
    let newest = app.admin().usage_file(&[]).await;
    let oldest = app.admin().usage_file(&[("sort", "reversed")]).await;
    in_browser(
        &app.server.address,
        "the_oldest_rows_come_first_in_table_and_file",
        async |page| {
            page.sign_in(ADMIN_TOKEN).await;
            let file = async || {
                page.click("export-start").await;
                let path = page.download().await;
                let file = std::fs::read(&path).unwrap();
                std::fs::remove_file(path).unwrap();
                file
            };
            assert!(file().await == newest, "the newest rows are not first");
            page.click("sort").await;
            page.text("sort", SOON, |text| text.contains('↑')).await;
            // The kept rows of the export before have the other order.
            assert!(file().await == oldest, "the oldest rows are not first");
            page.run("history.back()", vec![]).await;
            page.text("sort", SOON, |text| text.contains('↓')).await;
            assert!(file().await == newest, "the newest rows are not first again");
        },
    )
    .await;
}

#[tokio::test]
async fn figures_are_short_and_have_their_exact_value() {
    let app = App::start().await;
    let exact = async |query: &[(&str, &str)]| -> Vec<String> {
        let summary = app.admin().summary("usage-logs").queries(query);
        let summary: Value = summary.answer().await.good().json();
        let figures = summary["figures"].as_array().unwrap();
        figures
            .iter()
            .map(|figure| figure["value"].as_str().unwrap().to_owned())
            .collect()
    };
    let (all, failed) = (exact(&[]).await, exact(&[("exclude_200", "true")]).await);
    in_browser(
        &app.server.address,
        "figures_are_short_and_have_their_exact_value",
        async |page| {
            page.sign_in(ADMIN_TOKEN).await;
            let titles =
                "return [...document.querySelectorAll('[data-testid=figures] dd')].map(one => one.title)";
            let have = async |values: &[String]| {
                let have = async || (page.run(titles, vec![]).await == json!(values)).then_some(());
                wait_for("the exact figures", SOON, have).await;
            };
            have(&all).await;
            page.text("figure-requests", SOON, |text| {
                number_in(text) == all[0].parse().ok()
            })
            .await;
            page.text("figure-cost", SOON, |text| text.starts_with('$')).await;
            page.text("figure-errors", SOON, |text| text.ends_with(" %"))
                .await;
            page.set_filter("exclude_200", None).await;
            have(&failed).await;
            page.text("figure-errors", SOON, |text| text == "100.0 %").await;
        },
    )
    .await;
}

#[tokio::test]
async fn times_are_in_the_zone_of_the_address_and_the_choice_is_remembered() {
    let app = App::start().await;
    let rows = app
        .admin()
        .usage_rows(&[("limit", "1"), ("columns", "created_at")])
        .await;
    let utc = rows.column("created_at")[0].clone().unwrap();
    in_browser(
        &app.server.address,
        "times_are_in_the_zone_of_the_address_and_the_choice_is_remembered",
        async |page| {
            page.sign_in(ADMIN_TOKEN).await;
            page.text("row-open", SOON, |text| text == &utc[..19]).await;
            page.choose("zone", "Asia/Shanghai").await;
            page.text("sort", SOON, |text| text.contains("UTC+8")).await;
            page.text("row-open", SOON, |text| text != &utc[..19]).await;
            page.open("probe-logs").await;
            page.text("sort", SOON, |text| text.contains("UTC+8")).await;
            page.open("usage-logs?zone=UTC").await;
            page.text("row-open", SOON, |text| text == &utc[..19]).await;
        },
    )
    .await;
}

#[tokio::test]
async fn keys_move_through_rows_and_pages_and_open_what_the_page_has() {
    let app = App::start().await;
    let rows = app.database.usage_rows("true").await;
    in_browser(
        &app.server.address,
        "keys_move_through_rows_and_pages_and_open_what_the_page_has",
        async |page| {
            page.sign_in(ADMIN_TOKEN).await;
            page.see("row-open").await;
            let focused_row = async |row: &str| {
                let script = "return document.activeElement.closest('tr')?.dataset.row";
                let is = async || (page.run(script, vec![]).await == json!(row)).then_some(());
                wait_for(&format!("the focus in row {row}"), SOON, is).await;
            };
            for (key, row) in [('j', "0"), ('j', "1"), ('k', "0"), ('k', "0")] {
                page.press_key(key).await;
                focused_row(row).await;
            }
            page.press_key(']').await;
            page.text("page-place", SOON, |text| text.starts_with("Rows 51–"))
                .await;
            page.press_key('[').await;
            page.text("page-place", SOON, |text| text.starts_with("Rows 1–"))
                .await;
            // There is no page before the first.
            page.press_key('[').await;

            page.press_key('c').await;
            page.see("column-model").await;
            page.has_focus("columns-toggle").await;
            page.press_key('f').await;
            page.has_focus("filter-search").await;
            // A letter in a field is text.
            page.press_key('e').await;
            page.press_key(key::ESCAPE).await;
            page.has_focus("add-filter").await;
            page.press_key('e').await;
            page.has_focus("export-as-csv").await;
            page.press_key(key::ESCAPE).await;
            page.has_focus("export-menu").await;

            page.text("row-count", SOON, |text| number_in(text) == Some(rows))
                .await;
            app.database
                .execute("update message_request set deleted_at = now() where id % 2 = 0")
                .await;
            page.press_key('r').await;
            page.text("row-count", SOON, |text| {
                number_in(text).is_some_and(|now| now < rows)
            })
            .await;
        },
    )
    .await;
}
