//! The page in headless Chromium.

mod activity;
mod backups;
mod below_a_path;
mod bundles;
mod database;
mod deliveries;
mod docs;
mod export;
mod export_drawer;
mod export_menu;
mod exports_page;
mod filters;
mod kept_rows;
mod log_cleanup;
mod narrow;
mod permissions;
mod probes;
mod restore;
mod resume;
mod row_details;
mod schedules;
mod sessions;
mod shell;
mod sign_in;
mod statistics;
mod table;
mod templates;
mod ticks;
mod workspaces;

use decant_tests::browser::Browser;

const IS_TOO_WIDE: &str =
    "return document.documentElement.scrollWidth > document.documentElement.clientWidth;";

/// Opens the drawer with the options of the export.
async fn open_export_drawer(page: &Browser) {
    page.click("export-menu").await;
    page.click("options-toggle").await;
    page.see("export-drawer-start").await;
}

/// Returns the first number of a text such as `1,234 of about 5,678`.
fn number_in(text: &str) -> Option<u64> {
    let digits = text.trim_start_matches(|one: char| !one.is_ascii_digit());
    let digits = digits
        .chars()
        .take_while(|one| one.is_ascii_digit() || *one == ',');
    digits
        .filter(char::is_ascii_digit)
        .collect::<String>()
        .parse()
        .ok()
}
