//! Hands a finished file to the browser's downloads.

use std::time::Duration;

use leptos::prelude::{document, set_timeout};
use leptos::task::spawn_local;
use wasm_bindgen::{JsCast, JsValue};
use wasm_export::browser::disk::{FILE_KEPT, sweep};
use web_sys::{Blob, HtmlAnchorElement, Url};

/// Downloads a file under a name. Nothing is copied through the page: the browser reads the file from its disk.
pub(super) fn download(content: &JsValue, file_name: &str) -> Result<(), JsValue> {
    let anchor: HtmlAnchorElement = document().create_element("a")?.unchecked_into();
    let url = Url::create_object_url_with_blob(content.unchecked_ref::<Blob>())?;
    anchor.set_href(&url);
    anchor.set_download(file_name);
    anchor.click();
    // The download goes on after the click; the file it reads must not go before it.
    let release = move || {
        let _ = Url::revoke_object_url(&url);
        spawn_local(sweep());
    };
    set_timeout(release, FILE_KEPT + Duration::from_secs(1));
    Ok(())
}
