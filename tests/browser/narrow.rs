//! The page on a telephone's screen.

use std::time::Duration;

use decant_tests::app::App;
use decant_tests::browser::in_browser_with;
use decant_tests::patience::wait_for;
use decant_tests::server::ADMIN_TOKEN;
use serde_json::json;

const SOON: Duration = Duration::from_secs(10);

/// Returns whether an element is fully visible between the window's left and right edge.
const IS_SEEN: &str = r#"
    const { left, right } = document.querySelector(`[data-testid="${arguments[0]}"]`).getBoundingClientRect();
    return left >= 0 && right <= document.documentElement.clientWidth;
"#;

const IS_TOO_WIDE: &str =
    "return document.documentElement.scrollWidth > document.documentElement.clientWidth;";

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
            page.see("administration").await;
            assert_eq!(page.run(IS_SEEN, vec![json!("admin-log-cleanup")]).await, false);
            for (link, its_page) in [
                ("admin-log-cleanup", "cleanup-count"),
                ("dataset-usage-logs", "export-start"),
                ("admin-database", "dump-start"),
            ] {
                page.click(link).await;
                page.see(its_page).await;
                let is_seen = async || (page.run(IS_SEEN, vec![json!(link)]).await == true).then_some(());
                wait_for("the link to be seen", SOON, is_seen).await;
                assert_eq!(page.run(IS_TOO_WIDE, vec![]).await, false, "{link}");
            }
            page.reload().await;
            page.see("dump-start").await;
            let is_seen =
                async || (page.run(IS_SEEN, vec![json!("admin-database")]).await == true).then_some(());
            wait_for("the link to be seen", SOON, is_seen).await;
        },
    )
    .await;
}
