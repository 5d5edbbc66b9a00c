//! Export options in `localStorage`, separate for each visitor because several may share a browser.

use leptos::prelude::window;
use wasm_export::Options;

/// Returns the last options, or the defaults. Zone and columns belong to the table and are not saved.
pub fn load(visitor: &str) -> Options {
    let saved = storage()
        .and_then(|storage| storage.get_item(&key(visitor)).ok().flatten())
        // Options of another version of Decant may not parse; the defaults replace them.
        .and_then(|json| serde_json::from_str(&json).ok());
    saved.unwrap_or_default()
}

/// Does nothing if the browser forbids storage.
pub fn save(visitor: &str, options: &Options) {
    if let (Some(storage), Ok(json)) = (storage(), serde_json::to_string(options)) {
        let _ = storage.set_item(&key(visitor), &json);
    }
}

fn key(visitor: &str) -> String {
    format!("decant-options-{visitor}")
}

/// Returns `None` if the browser forbids storage.
pub fn storage() -> Option<web_sys::Storage> {
    window().local_storage().ok().flatten()
}
