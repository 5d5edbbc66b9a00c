//! The page on a telephone's screen.

use std::time::Duration;

use decant_tests::app::App;
use decant_tests::browser::{in_browser_with, key};
use decant_tests::patience::wait_for;
use decant_tests::server::ADMIN_TOKEN;
use serde_json::json;

use crate::IS_TOO_WIDE;

const SOON: Duration = Duration::from_secs(10);

/// Returns whether an element is fully visible between the window's left and right edge.
const IS_SEEN: &str = r#"
    const { left, right, height } = document.querySelector(`[data-testid="${arguments[0]}"]`).getBoundingClientRect();
    return height > 0 && left >= 0 && right <= document.documentElement.clientWidth;
"#;

const FOCUSED: &str = "return document.activeElement.id;";

#[tokio::test]
async fn the_page_and_its_navigation_fit_on_a_small_screen() {
    let app = App::start().await;
    let narrow = ["--window-size=360,800"];
    in_browser_with(
        &narrow,
        &app.server.address,
        "the_page_and_its_navigation_fit_on_a_small_screen",
        async |page| {
            page.sign_in(ADMIN_TOKEN).await;
            assert_eq!(page.run(IS_SEEN, vec![json!("admin-log-cleanup")]).await, false);
            page.click("menu").await;
            page.see("menu-close").await;
            page.press_key(key::ESCAPE).await;
            page.has_focus("menu").await;
            for (link, its_page) in [
                ("admin-log-cleanup", "cleanup-count"),
                ("dataset-usage-logs", "export-start"),
                ("admin-database", "dump-start"),
            ] {
                page.click("menu").await;
                for any in [
                    "dataset-usage-logs",
                    "admin-session-requests",
                    "admin-log-cleanup",
                ] {
                    // The drawer slides in.
                    let is_seen = async || (page.run(IS_SEEN, vec![json!(any)]).await == true).then_some(());
                    wait_for(any, SOON, is_seen).await;
                }
                page.click(link).await;
                page.see(its_page).await;
                assert_eq!(page.run(FOCUSED, vec![]).await, json!("content"));
                let is_folded = async || (page.run(IS_SEEN, vec![json!(link)]).await == false).then_some(());
                wait_for("the menu to fold", SOON, is_folded).await;
                assert_eq!(page.run(IS_TOO_WIDE, vec![]).await, false, "{link}");
            }
        },
    )
    .await;
}

/// Returns what is cut in the first card: the texts of its cells that are not fully visible.
const CUT: &str = "
    const row = document.querySelector('[data-testid=rows] tbody tr');
    const cells = [...row.cells].filter(cell => {
        const { left, right, height } = cell.getBoundingClientRect();
        return height === 0 || left < 0 || right > document.documentElement.clientWidth;
    });
    return cells.map(cell => cell.textContent);";

/// Returns the mere numbers in the first card, which has no head that explains them.
const UNEXPLAINED: &str = "
    const row = document.querySelector('[data-testid=rows] tbody tr');
    if (getComputedStyle(row).display === 'table-row') { return ['no card']; }
    const cells = [...row.cells].filter(cell => /^[0-9.,]+$/.test(cell.textContent.trim()) && !cell.querySelector('svg'));
    const label = cell => getComputedStyle(cell, '::before').content;
    return cells.filter(cell => ['none', 'normal'].includes(label(cell))).map(cell => cell.textContent);";

#[tokio::test]
async fn rows_are_cards_and_a_filter_is_a_sheet_on_a_small_screen() {
    let app = App::start().await;
    in_browser_with(
        &["--window-size=360,800"],
        &app.server.address,
        "rows_are_cards_and_a_filter_is_a_sheet_on_a_small_screen",
        async |page| {
            let size = json!({ "width": 360, "height": 800, "deviceScaleFactor": 1, "mobile": true });
            page.devtools("Emulation.setDeviceMetricsOverride", size).await;
            page.sign_in(ADMIN_TOKEN).await;
            page.see("row-open").await;
            assert_eq!(page.run(CUT, vec![]).await, json!([]));
            assert_eq!(page.run(IS_TOO_WIDE, vec![]).await, false, "the page is too wide");

            page.click("add-filter").await;
            assert_eq!(page.run(IS_SEEN, vec![json!("add-filter-model")]).await, true);
            page.click("add-filter-model").await;
            page.see("filter-model").await;
            assert_eq!(page.run(IS_SEEN, vec![json!("apply-filters")]).await, true);
            page.press_key(key::ESCAPE).await;
            page.see_no_more("filter-popover").await;

            page.click("row-open").await;
            page.see("row-details").await;
            // The details move in from the side.
            let is_seen =
                async || (page.run(IS_SEEN, vec![json!("row-close")]).await == json!(true)).then_some(());
            wait_for("the button that closes the details", SOON, is_seen).await;
            page.press_key(key::ESCAPE).await;

            for dataset in ["probe-logs", "usage-by-user", "sessions"] {
                page.open(dataset).await;
                page.see("row-open").await;
                assert_eq!(page.run(CUT, vec![]).await, json!([]), "{dataset}");
                assert_eq!(
                    page.run(IS_TOO_WIDE, vec![]).await,
                    false,
                    "{dataset} is too wide"
                );
                assert_eq!(page.run(UNEXPLAINED, vec![]).await, json!([]), "{dataset}");
            }
        },
    )
    .await;
}
