//! The writer that pages give to the classes of this crate.

use js_sys::Uint8Array;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsError, JsValue};

#[wasm_bindgen]
extern "C" {
    /// Takes a file's bytes: an object with a method `write(bytes)`, such as a `FileSystemSyncAccessHandle`.
    ///
    /// The `Uint8Array` is a copy that belongs to the writer: a view of the module's memory would change under a writer that
    /// keeps it. An object that keeps no array after `write` returns may have the property `copies` with the value `true`.
    /// It gets the view, which is two to three times as fast.
    pub type FileWriter;

    #[wasm_bindgen(method, getter)]
    fn copies(this: &FileWriter) -> Option<bool>;

    #[wasm_bindgen(method, catch)]
    fn write(this: &FileWriter, bytes: &Uint8Array) -> Result<JsValue, JsValue>;

    #[wasm_bindgen(method, catch, js_name = write)]
    fn write_view(this: &FileWriter, bytes: &[u8]) -> Result<JsValue, JsValue>;
}

/// Bytes that wait for the writer.
pub(super) struct Out {
    pub(super) bytes: Vec<u8>,
    writer: FileWriter,
    gets_view: bool,
}

impl Out {
    pub(super) fn to(writer: FileWriter) -> Self {
        Self {
            bytes: Vec::new(),
            gets_view: writer.copies().unwrap_or_default(),
            writer,
        }
    }

    /// Passes all waiting bytes to the writer.
    ///
    /// # Errors
    /// When the writer throws, or has taken only a part.
    pub(super) fn write(&mut self) -> Result<(), JsValue> {
        if self.bytes.is_empty() {
            return Ok(());
        }
        let written = match self.gets_view {
            true => self.writer.write_view(&self.bytes)?,
            false => self.writer.write(&Uint8Array::from(self.bytes.as_slice()))?,
        };
        let is_whole = written
            .as_f64()
            .is_none_or(|count| count == self.bytes.len() as f64);
        self.bytes.clear();
        if is_whole {
            Ok(())
        } else {
            Err(JsError::new("not all bytes could be written: is the disk full?").into())
        }
    }
}
