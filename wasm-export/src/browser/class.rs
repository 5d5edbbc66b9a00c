//! An export for pages that bring their own bytes: `wasm-pack build wasm-export --target web` makes a module
//! of it.

use js_sys::Uint8Array;
use wasm_bindgen::JsError;
use wasm_bindgen::prelude::wasm_bindgen;

use crate::{Export, Options};

/// Raw rows in, a file out.
///
/// ```js
/// const file = new RowExport('{"zone":"Europe/Berlin"}');
/// for await (const chunk of response.body) write(file.push(chunk));
/// const { bytes, summary } = file.finish();
/// write(bytes);
/// console.log(JSON.parse(summary).rows);
/// ```
#[wasm_bindgen]
pub struct RowExport {
    export: Export,
    out: Vec<u8>,
}

/// The end of a file.
#[wasm_bindgen(getter_with_clone)]
pub struct RowExportEnd {
    /// The last bytes of the file.
    #[wasm_bindgen(readonly)]
    pub bytes: Uint8Array,
    /// A JSON object: `rows`, `raw_bytes`, `file_bytes`, `columns`, `cursor`.
    #[wasm_bindgen(readonly)]
    pub summary: String,
}

#[wasm_bindgen]
impl RowExport {
    /// An export with options as a JSON object: `zone`, `timestamps`, `delimiter` and so on; `{}` for the
    /// defaults.
    ///
    /// # Errors
    /// An option is unknown, or its value is.
    #[wasm_bindgen(constructor)]
    pub fn new(options_json: &str) -> Result<Self, JsError> {
        let options = serde_json::from_str::<Options>(options_json)?;
        Ok(Self {
            export: Export::new(options),
            out: Vec::new(),
        })
    }

    /// Takes the next bytes of a raw-row stream, in any pieces, and returns what they make of the file.
    ///
    /// # Errors
    /// The server reports a failure, or the bytes are no raw-row stream.
    pub fn push(&mut self, bytes: &[u8]) -> Result<Uint8Array, JsError> {
        self.out.clear();
        self.export.push(bytes, &mut self.out)?;
        Ok(Uint8Array::from(self.out.as_slice()))
    }

    /// Says that no more bytes come.
    ///
    /// # Errors
    /// The stream was not whole: the file must not be used.
    pub fn finish(&mut self) -> Result<RowExportEnd, JsError> {
        self.out.clear();
        let summary = self.export.finish(&mut self.out)?;
        let bytes = Uint8Array::from(self.out.as_slice());
        Ok(RowExportEnd {
            bytes,
            summary: serde_json::to_string(&summary)?,
        })
    }
}
