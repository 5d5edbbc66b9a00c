//! What a visitor chose about files, remembered by the browser: for each visitor apart, since they may share it.

use leptos::prelude::window;
use wasm_export::Options;

/// The visitor's last choice, or the defaults. Zone and columns are those
/// of the table and not remembered here.
#[must_use]
pub fn load(visitor: &str) -> Options {
    let saved = storage()
        .and_then(|storage| storage.get_item(&key(visitor)).ok().flatten())
        // Words of another version of Decant are forgotten.
        .and_then(|json| serde_json::from_str(&json).ok());
    saved.unwrap_or_default()
}

/// Remembers a choice. A browser that does not let pages remember is none the worse.
pub fn save(visitor: &str, options: &Options) {
    if let (Some(storage), Ok(json)) = (storage(), serde_json::to_string(options)) {
        let _ = storage.set_item(&key(visitor), &json);
    }
}

fn key(visitor: &str) -> String {
    format!("decant-options-{visitor}")
}

fn storage() -> Option<web_sys::Storage> {
    window().local_storage().ok().flatten()
}
