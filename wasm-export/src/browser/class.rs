//! An export for pages that bring their own bytes: `make module` makes a module of it.

use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsError, JsValue};

use crate::{Export, Options};

#[wasm_bindgen]
extern "C" {
    /// Takes a file's bytes: an object with a method `write(bytes)`, such as a `FileSystemSyncAccessHandle`.
    ///
    /// The `Uint8Array` it is given lies in the module's memory and is good until `write` returns: nothing is copied
    /// on the way to a disk. Who keeps the bytes copies them.
    pub type FileWriter;

    #[wasm_bindgen(method, catch)]
    fn write(this: &FileWriter, bytes: &[u8]) -> Result<JsValue, JsValue>;
}

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
    writer: FileWriter,
    out: Vec<u8>,
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
            writer,
            out: Vec::new(),
        })
    }

    /// Takes the next bytes of a raw-row stream, in any pieces, and writes what they make of the file.
    ///
    /// # Errors
    /// The server reports a failure, the bytes are no raw-row stream, or they could not be written.
    pub fn push(&mut self, bytes: &[u8]) -> Result<(), JsValue> {
        let pushed = self.export.push(bytes, &mut self.out).map_err(JsError::from);
        self.write()?;
        Ok(pushed?)
    }

    /// Says that no more bytes come, writes the end of the file, and returns a JSON object: `rows`, `raw_bytes`,
    /// `file_bytes`, `columns`, `cursor`.
    ///
    /// # Errors
    /// The stream was not whole: the file must not be used. Or its end could not be written.
    pub fn finish(&mut self) -> Result<String, JsValue> {
        let summary = self.export.finish(&mut self.out).map_err(JsError::from)?;
        self.write()?;
        Ok(serde_json::to_string(&summary).map_err(JsError::from)?)
    }

    fn write(&mut self) -> Result<(), JsValue> {
        if self.out.is_empty() {
            return Ok(());
        }
        let written = self.writer.write(&self.out)?.as_f64();
        let is_whole = written.is_none_or(|count| count == self.out.len() as f64);
        self.out.clear();
        if is_whole {
            Ok(())
        } else {
            Err(JsError::new("not all bytes could be written: is the disk full?").into())
        }
    }
}
