//! Saves a finished file through the browser's downloads.

use std::time::Duration;

use leptos::prelude::{document, set_timeout};
use leptos::task::spawn_local;
use wasm_bindgen::{JsCast, JsValue};
use wasm_export::browser::disk::{FILE_KEPT, sweep};
use web_sys::{Blob, HtmlAnchorElement, Url};

/// Saves a blob. The browser reads it from its disk, so the page copies nothing.
pub(super) fn download(content: &JsValue, file_name: &str) -> Result<(), JsValue> {
    let anchor: HtmlAnchorElement = document().create_element("a")?.unchecked_into();
    let url = Url::create_object_url_with_blob(content.unchecked_ref::<Blob>())?;
    anchor.set_href(&url);
    anchor.set_download(file_name);
    anchor.click();
    // The browser reads the file after the click, so URL and file must outlive the download.
    let release = move || {
        let _ = Url::revoke_object_url(&url);
        spawn_local(sweep());
    };
    set_timeout(release, FILE_KEPT + Duration::from_secs(1));
    Ok(())
}
