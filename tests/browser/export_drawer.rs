//! The export's drawer: what the export will contain, and its rows in every format.

use std::time::Duration;

use decant_tests::app::App;
use decant_tests::browser::{Browser, in_browser, key};
use decant_tests::server::ADMIN_TOKEN;
use serde_json::json;

use crate::{number_in, open_export_drawer};

const SOON: Duration = Duration::from_secs(20);

/// Returns the text of the first row's cell under a heading of the preview's grid.
async fn cells_of_grid(page: &Browser, row: usize) -> Vec<String> {
    let script = "const rows = document.querySelectorAll('[data-testid=export-preview] tbody tr'); \
                  return rows.length === 10 ? [...rows[arguments[0]].cells].map((cell) => cell.textContent) : []";
    let cells = page.run(script, vec![json!(row)]).await;
    serde_json::from_value(cells).expect("cells are texts")
}

#[tokio::test]
async fn the_drawer_shows_rows_in_every_format() {
    let app = App::start().await;
    let rows = app.admin().usage_rows(&[("limit", "10")]).await;
    let text_of = |column: &str| {
        let cells = rows.column(column);
        cells.into_iter().flatten().next().expect("some row has a value")
    };
    let (user, key) = (text_of("user_name"), text_of("key_name"));
    let place = rows.column("user_name").iter().position(Option::is_some);
    let place = place.expect("some row has a user");
    in_browser(
        &app.server.address,
        "the_drawer_shows_rows_in_every_format",
        async |page| {
            page.sign_in(ADMIN_TOKEN).await;
            page.text("row-count", SOON, |text| number_in(text).is_some())
                .await;
            open_export_drawer(page).await;
            page.click("export-advanced").await;
            for format in ["CSV", "JSON", "JSON lines", "XML", "Markdown"] {
                page.choose("option-format", format).await;
                if format != "CSV" {
                    page.choose("option-metadata", "Included").await;
                }
                let has_rows = |text: &str| {
                    // Markdown and XML escape some letters, but none of a plain word.
                    let word = |text: &str| {
                        let word = text.split(|letter: char| !letter.is_alphanumeric());
                        word.max_by_key(|word| word.len()).unwrap_or_default().to_owned()
                    };
                    text.contains(&word(&user)) && text.contains(&word(&key))
                };
                page.text("export-preview", SOON, has_rows).await;
            }
            for format in ["Excel (XLSX)", "HTML report"] {
                page.choose("option-format", format).await;
                page.text("export-preview", SOON, |text| text.starts_with("Time"))
                    .await;
                assert!(cells_of_grid(page, place).await.contains(&user), "{format}");
            }
        },
    )
    .await;
}

#[tokio::test]
async fn the_drawer_states_the_contents_and_gives_the_focus_back() {
    let app = App::start().await;
    in_browser(
        &app.server.address,
        "the_drawer_states_the_contents_and_gives_the_focus_back",
        async |page| {
            page.sign_in(ADMIN_TOKEN).await;
            let rows = page
                .text("row-count", SOON, |text| number_in(text).is_some())
                .await;
            page.choose("zone", "Asia/Shanghai").await;
            open_export_drawer(page).await;
            let contents = page
                .text("export-contents", SOON, |text| text.contains(&rows))
                .await;
            for expected in ["Filters\nNone", "All 18 columns", "Asia/Shanghai"] {
                assert!(contents.contains(expected), "{contents}");
            }
            let is_inside =
                "return document.querySelector('dialog.export-drawer').contains(document.activeElement)";
            assert_eq!(page.run(is_inside, vec![]).await, true);
            page.press_key(key::ESCAPE).await;
            page.see_no_more("export-drawer-start").await;
            page.has_focus("export-menu").await;

            open_export_drawer(page).await;
            page.click("export-drawer-close").await;
            page.has_focus("export-menu").await;
        },
    )
    .await;
}

#[tokio::test]
async fn a_preset_sets_the_options_and_another_choice_is_custom() {
    let app = App::start().await;
    in_browser(
        &app.server.address,
        "a_preset_sets_the_options_and_another_choice_is_custom",
        async |page| {
            page.sign_in(ADMIN_TOKEN).await;
            open_export_drawer(page).await;
            let preset = async |expected: &str| {
                let chosen =
                    "return document.querySelector('[data-testid=option-profile]').selectedOptions[0].text";
                let is = async || (page.run(chosen, vec![]).await == expected).then_some(());
                decant_tests::patience::wait_for(&format!("the preset {expected}"), SOON, is).await;
            };
            preset("Standard CSV (RFC 4180)").await;
            page.click("export-advanced").await;
            page.choose("option-newline", "LF").await;
            preset("Custom").await;
            page.choose("option-profile", "Standard CSV (RFC 4180)").await;
            preset("Standard CSV (RFC 4180)").await;
            page.choose("option-format", "JSON").await;
            preset("Default").await;
        },
    )
    .await;
}
