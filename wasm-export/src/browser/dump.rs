//! Reads a dump in a page, before an upload or after a download.

use wasm_bindgen::JsError;
use wasm_bindgen::prelude::wasm_bindgen;

use crate::dump::{Archive, Summary};

/// Reads a dump in pg_dump's custom format: its contents, and whether it is whole.
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
    /// Returns a reader at the beginning of a dump.
    #[wasm_bindgen(constructor)]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the next bytes, in pieces of any length.
    ///
    /// # Errors
    /// When they are not those of a dump. The error names the file's kind, or the offset of the damage.
    pub fn push(&mut self, bytes: &[u8]) -> Result<(), JsError> {
        Ok(self.archive.push(bytes)?)
    }

    /// Returns the JSON object of `finish`, with the sizes that are known so far, or `undefined` before the table of
    /// contents is complete. It is usually complete with the first bytes.
    pub fn toc_json(&self) -> Option<String> {
        let summary = Summary::new(self.archive.toc()?, self.archive.bytes());
        Some(json(&summary))
    }

    /// Ends the dump, and returns a JSON object: `archive_version`, `compression`, `created`, `database`,
    /// `server_version`, `pg_dump_version`, `tables` (of `schema`, `name`, `has_data`, `data_bytes`),
    /// `large_objects`, `others`, `bytes`.
    ///
    /// # Errors
    /// When the dump is incomplete. The error names the offset of its end.
    pub fn finish(&self) -> Result<String, JsError> {
        Ok(json(&self.archive.finish()?))
    }
}

fn json(summary: &Summary) -> String {
    serde_json::to_string(summary).expect("its keys are strings, and it holds nothing that JSON has not")
}
