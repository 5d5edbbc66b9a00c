//! Copies texts to the visitor's clipboard.

use leptos::prelude::window;
use wasm_bindgen_futures::JsFuture;

/// Copies a text and returns whether the browser did. Browsers have a clipboard only for pages over TLS and for
/// those of the same machine, and let a page write to it only in answer to a click.
pub async fn copy(text: &str) -> bool {
    let window = window();
    window.is_secure_context()
        && JsFuture::from(window.navigator().clipboard().write_text(text))
            .await
            .is_ok()
}
