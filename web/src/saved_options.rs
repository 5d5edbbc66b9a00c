//! Choices of the visitor in `localStorage`: export options, separate for each visitor because several may share a browser, and
//! what tables look like.

use leptos::prelude::window;
use wasm_export::{Options, Zone};

use crate::probes::terminal::{LINES_MAX, LINES_MIN};
use crate::selection::PAGE_SIZES;

/// Returns the last options, if the visitor has chosen any. Zone and columns belong to the table and are not saved.
pub fn load(visitor: &str) -> Option<Options> {
    // Options of another version of Decant may not parse; the defaults replace them.
    item(&key(visitor)).and_then(|json| serde_json::from_str(&json).ok())
}

pub fn save(visitor: &str, options: &Options) {
    if let Ok(json) = serde_json::to_string(options) {
        set_item(&key(visitor), &json);
    }
}

/// Returns the workspace that the visitor chose last in this browser.
pub fn workspace(visitor: &str) -> Option<String> {
    item(&workspace_key(visitor))
}

pub fn save_workspace(visitor: &str, workspace: &str) {
    set_item(&workspace_key(visitor), workspace);
}

fn workspace_key(visitor: &str) -> String {
    format!("decant-workspace-{visitor}")
}

const ZONE: &str = "decant-zone";
const PAGE_ROWS: &str = "decant-page-rows";

/// Returns the zone that was chosen last in this browser.
pub fn zone() -> Option<String> {
    item(ZONE).filter(|zone| zone.parse::<Zone>().is_ok())
}

pub fn save_zone(zone: &str) {
    set_item(ZONE, zone);
}

/// Returns the rows of a page that were chosen last in this browser.
pub fn page_rows() -> Option<usize> {
    let rows = item(PAGE_ROWS)?.parse().ok();
    rows.filter(|rows| PAGE_SIZES.contains(rows))
}

pub fn save_page_rows(rows: usize) {
    set_item(PAGE_ROWS, &rows.to_string());
}

const PROBE_LINES: &str = "decant-probe-lines";

/// Returns the number of probes on the page that was chosen last in this browser.
pub fn probe_lines() -> Option<usize> {
    let lines = item(PROBE_LINES)?.parse().ok();
    lines.filter(|lines| (LINES_MIN..=LINES_MAX).contains(lines))
}

pub fn save_probe_lines(lines: usize) {
    set_item(PROBE_LINES, &lines.to_string());
}

fn item(key: &str) -> Option<String> {
    storage()?.get_item(key).ok().flatten()
}

/// Does nothing if the browser forbids storage.
fn set_item(key: &str, value: &str) {
    if let Some(storage) = storage() {
        let _ = storage.set_item(key, value);
    }
}

fn key(visitor: &str) -> String {
    format!("decant-options-{visitor}")
}

/// Returns `None` if the browser forbids storage.
pub fn storage() -> Option<web_sys::Storage> {
    window().local_storage().ok().flatten()
}
