//! The writer that pages give to the classes of this crate.

use js_sys::Uint8Array;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsError, JsValue};

#[wasm_bindgen]
extern "C" {
    /// Takes a file's bytes: an object with a method `write(bytes)`, such as a `FileSystemSyncAccessHandle`.
    ///
    /// The `Uint8Array` is a copy that belongs to the writer. A view of the module's memory would change under a
    /// writer that keeps it, and the file would be corrupt although `finish` succeeds.
    pub type FileWriter;

    #[wasm_bindgen(method, catch)]
    fn write(this: &FileWriter, bytes: &Uint8Array) -> Result<JsValue, JsValue>;
}

/// Bytes that wait for the writer.
pub(super) struct Out {
    pub(super) bytes: Vec<u8>,
    writer: FileWriter,
}

impl Out {
    pub(super) fn to(writer: FileWriter) -> Self {
        let bytes = Vec::new();
        Self { bytes, writer }
    }

    /// Passes all waiting bytes to the writer.
    ///
    /// # Errors
    /// When the writer throws, or has taken only a part.
    pub(super) fn write(&mut self) -> Result<(), JsValue> {
        if self.bytes.is_empty() {
            return Ok(());
        }
        let written = self
            .writer
            .write(&Uint8Array::from(self.bytes.as_slice()))?
            .as_f64();
        let is_whole = written.is_none_or(|count| count == self.bytes.len() as f64);
        self.bytes.clear();
        if is_whole {
            Ok(())
        } else {
            Err(JsError::new("not all bytes could be written: is the disk full?").into())
        }
    }
}
