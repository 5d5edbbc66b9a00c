//! JSON laid out for people, for pages that have the text.

use wasm_bindgen::JsError;
use wasm_bindgen::prelude::wasm_bindgen;

use crate::pretty::Pretty;

/// Lays out a JSON text as `JSON.stringify(JSON.parse(text), null, 2)` does, but loses nothing: keys keep their order,
/// numbers their digits.
///
/// # Errors
/// The text is not JSON; the error says where and why.
#[wasm_bindgen]
pub fn pretty_json(text: &[u8]) -> Result<Vec<u8>, JsError> {
    let mut pretty = Pretty::new();
    let mut out = Vec::new();
    pretty.push(text, &mut out)?;
    pretty.finish(&mut out)?;
    Ok(out)
}
