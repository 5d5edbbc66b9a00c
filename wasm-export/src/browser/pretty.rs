//! The pretty-printer for pages.

use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsError, JsValue};

use super::writer::{FileWriter, Out};
use crate::pretty::Pretty;

/// A JSON text in, a file out that is laid out as `JSON.stringify(JSON.parse(text), null, 2)` does it, but has lost
/// nothing: keys keep their order, numbers their digits, strings their escapes.
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
    /// A text that has not begun.
    #[wasm_bindgen(constructor)]
    pub fn new(writer: FileWriter) -> Self {
        Self {
            pretty: Pretty::new(),
            out: Out::to(writer),
        }
    }

    /// Takes the next bytes of the text, in any pieces, and writes what they make of the layout.
    ///
    /// # Errors
    /// They cannot go on a JSON text; the error says where and why. Or they could not be written.
    pub fn push(&mut self, bytes: &[u8]) -> Result<(), JsValue> {
        let pushed = self
            .pretty
            .push(bytes, &mut self.out.bytes)
            .map_err(JsError::from);
        self.out.write()?;
        Ok(pushed?)
    }

    /// Says that no more bytes come.
    ///
    /// # Errors
    /// The text was not whole: the file must not be used. Or its end could not be written.
    pub fn finish(&mut self) -> Result<(), JsValue> {
        self.pretty.finish(&mut self.out.bytes).map_err(JsError::from)?;
        self.out.write()
    }
}
