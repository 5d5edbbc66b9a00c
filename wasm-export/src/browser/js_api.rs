//! Exports for pages that fetch their bytes themselves. `make module` builds a module from it.

use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsError, JsValue};

use super::writer::{FileWriter, Out};
use crate::bundle::Bundle;
use crate::export::Export;
use crate::options::Options;

/// Makes a file from a raw-row stream.
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
    /// Returns an export with these options, a JSON object with `zone`, `timestamps`, `delimiter` and so on. `{}`
    /// stands for the defaults.
    ///
    /// # Errors
    /// When an option or its value is unknown.
    #[wasm_bindgen(constructor)]
    pub fn new(options_json: &str, writer: FileWriter) -> Result<Self, JsError> {
        let options = serde_json::from_str::<Options>(options_json)?;
        Ok(Self {
            export: Export::new(options),
            out: Out::to(writer),
        })
    }

    /// Takes the next bytes of a raw-row stream, in pieces of any length, and writes the file's next bytes.
    ///
    /// # Errors
    /// When the server reports a failure, the bytes are not a raw-row stream, or the file cannot be written.
    pub fn push(&mut self, bytes: &[u8]) -> Result<(), JsValue> {
        let pushed = self
            .export
            .push(bytes, &mut self.out.bytes)
            .map_err(JsError::from);
        self.out.write()?;
        Ok(pushed?)
    }

    /// Ends the stream, writes the end of the file, and returns a JSON object: `rows`, `raw_bytes`, `file_bytes`,
    /// `columns`, `cursor`.
    ///
    /// # Errors
    /// When the stream is incomplete, and the file must not be used. Also when the end of the file cannot be written.
    pub fn finish(&mut self) -> Result<String, JsValue> {
        let summary = self.export.finish(&mut self.out.bytes).map_err(JsError::from)?;
        self.out.write()?;
        Ok(serde_json::to_string(&summary).map_err(JsError::from)?)
    }
}

/// Makes a file from the stream of a bundle: several raw-row streams, one behind the other.
///
/// ```js
/// const file = new BundleExport('{"format":"json"}', JSON.stringify({ name, title, export_type, parts }), handle);
/// for await (const chunk of response.body) file.push(chunk);
/// const { rows, parts } = JSON.parse(file.finish());
/// ```
#[wasm_bindgen]
pub struct BundleExport {
    bundle: Bundle,
    out: Out,
}

#[wasm_bindgen]
impl BundleExport {
    /// Returns a bundle with these options and these contents: `name`, `title`, `export_type`, and `parts`, of which each
    /// has a `name` and, if it has at most one row, `single: true`.
    ///
    /// # Errors
    /// When an option or a member is unknown, or the options cannot be applied to a bundle.
    #[wasm_bindgen(constructor)]
    pub fn new(options_json: &str, contents_json: &str, writer: FileWriter) -> Result<Self, JsError> {
        let options = serde_json::from_str::<Options>(options_json)?;
        Ok(Self {
            bundle: Bundle::new(options, serde_json::from_str(contents_json)?)?,
            out: Out::to(writer),
        })
    }

    /// Takes the next bytes of the stream, in pieces of any length, and writes the file's next bytes.
    ///
    /// # Errors
    /// When the server reports a failure, the bytes are not those of the parts, or the file cannot be written.
    pub fn push(&mut self, bytes: &[u8]) -> Result<(), JsValue> {
        let pushed = self
            .bundle
            .push(bytes, &mut self.out.bytes)
            .map_err(JsError::from);
        self.out.write()?;
        Ok(pushed?)
    }

    /// Ends the stream, writes the end of the file, and returns a JSON object: `rows`, `raw_bytes`, `file_bytes`, `parts`.
    ///
    /// # Errors
    /// When a part is missing or short, and the file must not be used. Also when the end of the file cannot be written.
    pub fn finish(&mut self) -> Result<String, JsValue> {
        let summary = self.bundle.finish(&mut self.out.bytes).map_err(JsError::from)?;
        self.out.write()?;
        Ok(serde_json::to_string(&summary).map_err(JsError::from)?)
    }
}
