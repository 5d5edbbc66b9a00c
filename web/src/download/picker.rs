//! "Save as…", in browsers that have `showSaveFilePicker`.

use js_sys::{Function, Reflect};
use leptos::prelude::window;
use serde_json::json;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::DomException;

use crate::toasts::Toasts;

pub fn can_pick() -> bool {
    picker().is_some()
}

/// Asks the visitor for a file to write to. Returns `None` if the visitor cancels. The browser allows it only
/// in answer to a click; its error message is returned otherwise.
async fn pick(file_name: &str, media_type: &str) -> Result<Option<JsValue>, String> {
    let to_result = |error: JsValue| match error.dyn_ref::<DomException>() {
        Some(exception) if exception.name() == "AbortError" => Ok(None),
        Some(exception) => Err(exception.message()),
        None => Err(format!("{error:?}")),
    };
    let Some(picker) = picker() else { return Ok(None) };
    let (essence, _) = media_type.split_once(';').unwrap_or((media_type, ""));
    let ending = file_name.rsplit('.').next().unwrap_or_default();
    let options = json!({
        "suggestedName": file_name,
        "types": [{ "accept": { essence: [format!(".{ending}")] } }],
    });
    let options = js_sys::JSON::parse(&options.to_string()).unwrap_or_default();
    let picked = match picker.call1(&window(), &options) {
        Ok(promise) => JsFuture::from(js_sys::Promise::resolve(&promise)).await,
        Err(error) => Err(error),
    };
    picked.map_or_else(to_result, |handle| Ok(Some(handle)))
}

/// Asks the visitor for a file as [`pick`] does, and shows the browser's error.
pub async fn picked_file(file_name: &str, media_type: &str, toasts: Toasts) -> Option<JsValue> {
    match pick(file_name, media_type).await {
        Ok(picked) => picked,
        Err(reason) => {
            toasts.error("The browser could not open a file".to_owned(), reason);
            None
        }
    }
}

fn picker() -> Option<Function> {
    Reflect::get(&window(), &"showSaveFilePicker".into())
        .ok()?
        .dyn_into()
        .ok()
}
