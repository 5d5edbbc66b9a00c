//! Settings of the page in `localStorage`, the same for every visitor of this browser.

use crate::saved_options::storage;

/// Returns a stored setting.
pub fn load(key: &str) -> Option<String> {
    storage()?.get_item(key).ok().flatten()
}

/// Stores a setting, or removes it. Does nothing if the browser forbids storage.
pub fn save(key: &str, value: Option<&str>) {
    if let Some(storage) = storage() {
        let _ = match value {
            Some(value) => storage.set_item(key, value),
            None => storage.remove_item(key),
        };
    }
}
