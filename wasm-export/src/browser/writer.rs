//! Where the classes for pages put their bytes.

use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsError, JsValue};

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

/// Bytes on their way to a writer.
pub(super) struct Out {
    pub(super) bytes: Vec<u8>,
    writer: FileWriter,
}

impl Out {
    pub(super) fn to(writer: FileWriter) -> Self {
        let bytes = Vec::new();
        Self { bytes, writer }
    }

    /// Writes what there is.
    ///
    /// # Errors
    /// What the writer threw, or it has taken a part only.
    pub(super) fn write(&mut self) -> Result<(), JsValue> {
        if self.bytes.is_empty() {
            return Ok(());
        }
        let written = self.writer.write(&self.bytes)?.as_f64();
        let is_whole = written.is_none_or(|count| count == self.bytes.len() as f64);
        self.bytes.clear();
        if is_whole {
            Ok(())
        } else {
            Err(JsError::new("not all bytes could be written: is the disk full?").into())
        }
    }
}
