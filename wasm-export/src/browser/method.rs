//! Calls methods that some browsers lack.

use js_sys::{Function, Promise, Reflect};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

/// Calls the method and awaits its promise.
pub(super) async fn call(object: &JsValue, method: &str) -> Result<JsValue, JsValue> {
    let method = Reflect::get(object, &JsValue::from_str(method))?.dyn_into::<Function>()?;
    let promise = method.call0(object)?.dyn_into::<Promise>()?;
    JsFuture::from(promise).await
}
