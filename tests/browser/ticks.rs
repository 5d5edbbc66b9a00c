//! Conversations that a visitor ticks, and the rows that an export has: ticked, filtered, or all approved.

use std::collections::BTreeSet;
use std::time::Duration;

use decant_tests::actors::Query;
use decant_tests::app::App;
use decant_tests::browser::{Browser, in_browser, in_browser_with};
use decant_tests::database::Database;
use decant_tests::server::ADMIN_TOKEN;
use serde_json::{Value, json};

const SOON: Duration = Duration::from_secs(20);

/// Makes more conversations than an address has room for.
const MORE: &str = "
    do $$ begin for n in 1..7 loop
      create temp table more as select * from conversations limit 24;
      update more set id = gen_random_uuid(), created_at = created_at - n * interval '1 second';
      insert into conversations select * from more;
      drop table more;
    end loop; end $$";

async fn start() -> App {
    App::start_on(Database::with_conversations().await, &[]).await
}

/// Opens the conversations with this selection.
async fn open(page: &Browser, selection: &str) {
    page.open(&format!("conversations?{selection}")).await;
    page.see("tick-page").await;
    page.see("row-open").await;
}

/// Exports JSON and returns the ids in it.
async fn exported(page: &Browser, button: &str) -> BTreeSet<String> {
    page.click(button).await;
    let path = page.download().await;
    let file = std::fs::read(&path).expect("the file is there");
    std::fs::remove_file(path).expect("the folder is ours");
    ids(&serde_json::from_slice(&file).expect("the file is JSON"))
}

fn ids(file: &Value) -> BTreeSet<String> {
    let rows = file.as_array().into_iter().flatten();
    rows.filter_map(|row| row["id"].as_str().map(str::to_owned))
        .collect()
}

async fn by_server(app: &App, query: Query<'_>) -> BTreeSet<String> {
    let export = app.admin().export("conversations").query("format", "json");
    ids(&export.queries(query).answer().await.good().json())
}

/// Ticks the rows at these positions of the page, and returns their ids.
async fn tick(page: &Browser, positions: &[u64]) -> BTreeSet<String> {
    page.see("row-open").await;
    let script =
        "return [...document.querySelectorAll('td.tick-cell input')].map(box => box.dataset.testid.slice(5))";
    let all: Vec<String> = serde_json::from_value(page.run(script, vec![]).await).expect("ids are texts");
    let mut ticked = BTreeSet::new();
    for position in positions {
        let id = &all[usize::try_from(*position).expect("it is small")];
        page.click(&format!("tick-{id}")).await;
        ticked.insert(id.clone());
    }
    ticked
}

async fn choose_json(page: &Browser) {
    page.text("export-start", SOON, |text| text.starts_with("Export"))
        .await;
    page.click("export-menu").await;
    page.click("options-toggle").await;
    page.see("export-drawer-start").await;
    page.choose("option-format", "JSON").await;
    page.click("export-drawer-close").await;
}

#[tokio::test]
async fn ticked_rows_stay_ticked_over_pages_and_filters_and_are_exported_alone() {
    let app = start().await;
    app.database.execute(MORE).await;
    in_browser(
        &app.server.address,
        "ticked_rows_stay_ticked_over_pages_and_filters_and_are_exported_alone",
        async |page| {
            page.sign_in(ADMIN_TOKEN).await;
            open(page, "zone=UTC&limit=25").await;
            choose_json(page).await;
            assert!(!page.sees("export-ticked").await);
            let mut ticked = tick(page, &[0, 2]).await;
            page.text("ticked", SOON, |text| text == "2 selected").await;
            assert!(!page.sees("row-details").await, "a tick opens no details");
            page.click("next-page").await;
            page.text("page-place", SOON, |text| text.starts_with("Rows 26"))
                .await;
            // The rows of the first page may stand a moment longer.
            for id in &ticked {
                page.see_no_more(&format!("tick-{id}")).await;
            }
            ticked.extend(tick(page, &[1]).await);
            page.click("reload").await;
            page.click("quick-approved").await;
            page.text("row-count", SOON, |text| text.ends_with("rows")).await;
            page.text("ticked", SOON, |text| text == "3 selected").await;
            page.text("export-start", SOON, |text| text.contains("3 selected rows"))
                .await;
            assert_eq!(exported(page, "export-ticked").await, ticked);

            // The other scopes leave the ticks alone.
            page.click("export-menu").await;
            page.click("export-filtered").await;
            page.click("export-menu").await;
            let approved = by_server(&app, &[("status", "approved")]).await;
            assert_eq!(exported(page, "export-start").await, approved);
            page.text("ticked", SOON, |text| text == "3 selected").await;
            page.click("clear-ticks").await;
            page.see_no_more("ticked").await;
            page.text("export-start", SOON, |text| text == "Export JSON")
                .await;
        },
    )
    .await;
}

#[tokio::test]
async fn all_approved_conversations_are_exported_whatever_the_filters_are() {
    let app = start().await;
    in_browser(
        &app.server.address,
        "all_approved_conversations_are_exported_whatever_the_filters_are",
        async |page| {
            page.sign_in(ADMIN_TOKEN).await;
            open(page, "zone=UTC&status=rejected").await;
            choose_json(page).await;
            page.click("export-menu").await;
            page.text("export-quick-approved", SOON, |text| text == "All approved")
                .await;
            page.click("export-quick-approved").await;
            page.click("export-menu").await;
            let approved = by_server(&app, &[("status", "approved")]).await;
            assert!(!approved.is_empty());
            assert_eq!(exported(page, "export-start").await, approved);
        },
    )
    .await;
}

#[tokio::test]
async fn a_page_of_rows_is_ticked_at_once_and_a_long_selection_is_exported() {
    let app = start().await;
    app.database.execute(MORE).await;
    let all = by_server(&app, &[]).await;
    in_browser(
        &app.server.address,
        "a_page_of_rows_is_ticked_at_once_and_a_long_selection_is_exported",
        async |page| {
            page.sign_in(ADMIN_TOKEN).await;
            open(page, "zone=UTC&limit=200").await;
            choose_json(page).await;
            page.click("tick-page").await;
            let on_page = all.len().min(200);
            page.text("ticked", SOON, |text| text == format!("{on_page} selected"))
                .await;
            let exported = exported(page, "export-ticked").await;
            assert_eq!(exported.len(), on_page);
            assert!(exported.is_subset(&all));
            // An address could not have all of them.
            assert!(on_page > 120, "{on_page}");
            page.click("tick-page").await;
            page.see_no_more("ticked").await;
        },
    )
    .await;
}

#[tokio::test]
async fn what_a_row_contains_is_one_chip_on_a_small_screen() {
    let app = start().await;
    in_browser_with(
        &["--window-size=360,800"],
        &app.server.address,
        "what_a_row_contains_is_one_chip_on_a_small_screen",
        async |page| {
            let size = json!({ "width": 360, "height": 800, "deviceScaleFactor": 1, "mobile": true });
            page.devtools("Emulation.setDeviceMetricsOverride", size).await;
            page.sign_in(ADMIN_TOKEN).await;
            open(page, "zone=UTC").await;
            page.text("chip-row-contents", SOON, |text| text == "Contents: 4 of 6")
                .await;
            assert!(!page.sees("chip-includeMetadata").await);
            page.click("chip-row-contents").await;
            page.click("filter-includeTimestamps").await;
            page.click("apply-filters").await;
            page.text("chip-row-contents", SOON, |text| text == "Contents: 3 of 6")
                .await;
            page.click("remove-row-contents").await;
            page.text("chip-row-contents", SOON, |text| text == "Contents: 4 of 6")
                .await;
            let is_too_wide =
                "return document.documentElement.scrollWidth > document.documentElement.clientWidth;";
            assert_eq!(page.run(is_too_wide, vec![]).await, false);
        },
    )
    .await;
}
