//! The JSON formatter for pages.

use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsError, JsValue};

use super::writer::{FileWriter, Out};
use crate::pretty::Pretty;

/// Indents a JSON text like `JSON.stringify(JSON.parse(text), null, 2)`, but without loss: keys keep their order, numbers
/// their digits, strings their escapes.
///
/// ```js
/// const file = new PrettyJson(handle);
/// for await (const chunk of response.body) file.push(chunk);
/// file.finish();
/// ```
#[wasm_bindgen]
pub struct PrettyJson {
    pretty: Pretty,
    out: Out,
}

#[wasm_bindgen]
impl PrettyJson {
    /// Returns a formatter at the beginning of a text.
    #[wasm_bindgen(constructor)]
    pub fn new(writer: FileWriter) -> Self {
        Self {
            pretty: Pretty::new(),
            out: Out::to(writer),
        }
    }

    /// Takes the next bytes of the text, in pieces of any length, and writes the indented text.
    ///
    /// # Errors
    /// When they cannot continue a JSON text, with the place and the fault. Also when the file cannot be written.
    pub fn push(&mut self, bytes: &[u8]) -> Result<(), JsValue> {
        let pushed = self
            .pretty
            .push(bytes, &mut self.out.bytes)
            .map_err(JsError::from);
        self.out.write()?;
        Ok(pushed?)
    }

    /// Ends the text, and writes the end of the file.
    ///
    /// # Errors
    /// When the text is incomplete, and the file must not be used. Also when the end of the file cannot be written.
    pub fn finish(&mut self) -> Result<(), JsValue> {
        self.pretty.finish(&mut self.out.bytes).map_err(JsError::from)?;
        self.out.write()
    }
}
