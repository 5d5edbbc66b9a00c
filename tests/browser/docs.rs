//! The documentation of the API.

use std::time::Duration;

use decant_tests::app::App;
use decant_tests::browser::in_browser_with;
use decant_tests::patience::wait_for;

use crate::IS_TOO_WIDE;

const PATIENCE: Duration = Duration::from_secs(20);

const OPERATIONS: &str = "return document.querySelectorAll('.opblock').length;";

const BACKGROUND: &str = "return getComputedStyle(document.documentElement).backgroundColor;";

/// Opens the operation that counts rows, whose schema, parameters and problems are shown then.
const OPEN: &str = "document.querySelector('[id$=countRows] .opblock-summary-control').click();";

const SHOWN: &str = "return document.querySelector('[id$=countRows] .responses-table') !== null;";

#[tokio::test]
async fn all_operations_are_shown_on_wide_and_narrow_screens_by_day_and_night() {
    let app = App::start().await;
    for (size, dark) in [
        ("1280,900", false),
        ("1280,900", true),
        ("360,800", false),
        ("360,800", true),
    ] {
        let flags = [format!("--window-size={size}")];
        in_browser_with(&[&flags[0]], &app.server.address, "docs", async |page| {
            if dark {
                page.prefer_dark().await;
            }
            page.run("location.assign('/docs');", vec![]).await;
            let shown = async || (page.run(OPERATIONS, vec![]).await.as_u64()? > 25).then_some(());
            wait_for("the operations", PATIENCE, shown).await;
            page.run(OPEN, vec![]).await;
            let shown = async || (page.run(SHOWN, vec![]).await == true).then_some(());
            wait_for("an operation", PATIENCE, shown).await;
            assert_eq!(page.run(IS_TOO_WIDE, vec![]).await, false, "{size}");
            let background = page.run(BACKGROUND, vec![]).await.to_string();
            assert_eq!(background.contains("28, 32, 34"), dark, "{background}");
            // The page of the sign-in, which the browser shows first, may have asked who is signed in. `/docs` never asks.
            let mut errors = page.console_errors().await;
            errors.retain(|error| !error.contains("/api/me"));
            assert!(errors.is_empty(), "{errors:?}");
        })
        .await;
    }
}
