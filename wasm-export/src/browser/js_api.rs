//! An export for pages that bring their own bytes: `make module` makes a module of it.

use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsError, JsValue};

use super::writer::{FileWriter, Out};
use crate::export::Export;
use crate::options::Options;

/// Raw rows in, a file out.
///
/// ```js
/// const file = new RowExport('{"zone":"Europe/Berlin"}', handle);
/// for await (const chunk of response.body) file.push(chunk);
/// const { rows } = JSON.parse(file.finish());
/// ```
#[wasm_bindgen]
pub struct RowExport {
    export: Export,
    out: Out,
}

#[wasm_bindgen]
impl RowExport {
    /// An export with options as a JSON object: `zone`, `timestamps`, `delimiter` and so on; `{}` for the
    /// defaults.
    ///
    /// # Errors
    /// An option is unknown, or its value is.
    #[wasm_bindgen(constructor)]
    pub fn new(options_json: &str, writer: FileWriter) -> Result<Self, JsError> {
        let options = serde_json::from_str::<Options>(options_json)?;
        Ok(Self {
            export: Export::new(options),
            out: Out::to(writer),
        })
    }

    /// Takes the next bytes of a raw-row stream, in any pieces, and writes what they make of the file.
    ///
    /// # Errors
    /// The server reports a failure, the bytes are no raw-row stream, or they could not be written.
    pub fn push(&mut self, bytes: &[u8]) -> Result<(), JsValue> {
        let pushed = self
            .export
            .push(bytes, &mut self.out.bytes)
            .map_err(JsError::from);
        self.out.write()?;
        Ok(pushed?)
    }

    /// Says that no more bytes come, writes the end of the file, and returns a JSON object: `rows`, `raw_bytes`,
    /// `file_bytes`, `columns`, `cursor`.
    ///
    /// # Errors
    /// The stream was not whole: the file must not be used. Or its end could not be written.
    pub fn finish(&mut self) -> Result<String, JsValue> {
        let summary = self.export.finish(&mut self.out.bytes).map_err(JsError::from)?;
        self.out.write()?;
        Ok(serde_json::to_string(&summary).map_err(JsError::from)?)
    }
}
