//! The signed receipt of a background export.

use js_sys::{Array, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use wasm_export::rows::Problem;
use web_sys::Blob;

use super::save;
use crate::client;

/// Saves the receipt through the browser's downloads.
///
/// # Errors
/// The problem that the server answers, or that the browser saves no files.
pub async fn download_receipt(id: &str, file_name: &str) -> Result<(), Problem> {
    let receipt = client::export_receipt(id).await?;
    let parts = Array::of1(&Uint8Array::from(receipt.as_slice()));
    let saved = Blob::new_with_u8_array_sequence(parts.unchecked_ref())
        .and_then(|blob| save::download(&JsValue::from(blob), file_name));
    saved.map_err(|_| Problem {
        title: "the browser does not save it".to_owned(),
        detail: "Allow downloads of this page, and try again.".to_owned(),
        ..Problem::default()
    })
}
