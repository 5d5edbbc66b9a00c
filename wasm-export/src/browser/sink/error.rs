//! The errors of a destination.

use js_sys::Reflect;
use wasm_bindgen::JsValue;

/// Why a file cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum SinkError {
    /// There is no more room.
    #[error("this device or this site has no room for the file: free some, or export fewer rows")]
    Full,
    /// The user or the browser denied permission.
    #[error("the browser did not allow the file to be written")]
    NotAllowed,
    /// The file has another length than was written.
    #[error(
        "the browser has lost a part of the file: delete what there is of it, and start the export again"
    )]
    Short,
    /// Any other error, in the browser's words.
    #[error("the browser could not write the file: {0}")]
    Browser(String),
}

impl From<JsValue> for SinkError {
    fn from(error: JsValue) -> Self {
        let word = |name| {
            Reflect::get(&error, &JsValue::from_str(name))
                .ok()
                .and_then(|word| word.as_string())
        };
        match word("name").as_deref() {
            Some("QuotaExceededError") => Self::Full,
            Some("NotAllowedError" | "SecurityError") => Self::NotAllowed,
            _ => Self::Browser(word("message").unwrap_or_else(|| format!("{error:?}"))),
        }
    }
}
