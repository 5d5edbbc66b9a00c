//! A dump looked into by a page, before it is uploaded or after it has been downloaded.

use wasm_bindgen::JsError;
use wasm_bindgen::prelude::wasm_bindgen;

use crate::dump::{Archive, Summary};

/// A dump of PostgreSQL in the custom format: what is in it, and whether it is whole.
///
/// ```js
/// const dump = new DumpReader();
/// for await (const chunk of file.stream()) dump.push(chunk);
/// const { database, tables } = JSON.parse(dump.finish());
/// ```
#[wasm_bindgen]
#[derive(Default)]
pub struct DumpReader {
    archive: Archive,
}

#[wasm_bindgen]
impl DumpReader {
    /// A dump that has not begun.
    #[wasm_bindgen(constructor)]
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the next bytes, in any pieces.
    ///
    /// # Errors
    /// They are no dump's; the error says what they are, or where the dump is damaged.
    pub fn push(&mut self, bytes: &[u8]) -> Result<(), JsError> {
        Ok(self.archive.push(bytes)?)
    }

    /// As soon as the table of contents has been read, usually with the first bytes: the JSON object of `finish`, with
    /// the sizes that are known until now. `undefined` before that.
    #[must_use]
    pub fn toc_json(&self) -> Option<String> {
        let summary = Summary::new(self.archive.toc()?, self.archive.bytes());
        Some(json(&summary))
    }

    /// Says that no more bytes come, and returns a JSON object: `archive_version`, `compression`, `created`,
    /// `database`, `server_version`, `pg_dump_version`, `tables` (of `schema`, `name`, `has_data`, `data_bytes`),
    /// `large_objects`, `others`, `bytes`.
    ///
    /// # Errors
    /// The dump is not whole; the error says where it ends.
    pub fn finish(&self) -> Result<String, JsError> {
        Ok(json(&self.archive.finish()?))
    }
}

fn json(summary: &Summary) -> String {
    serde_json::to_string(summary).expect("its keys are strings, and it holds nothing that JSON has not")
}
