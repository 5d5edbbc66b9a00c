//! Collects a file as a blob in parts, for browsers without an origin-private file system.

use js_sys::{Array, Uint8Array};
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;
use web_sys::{Blob, BlobPropertyBag};

use super::SinkError;

/// Parts of this size can be moved out of the worker's memory one by one.
const PART_BYTES: usize = 4 * 1024 * 1024;

/// Collects bytes into parts, and gives each to the browser, which moves large blobs to disk.
#[derive(Default)]
pub struct BlobSink {
    part: Vec<u8>,
    parts: Array,
}

impl BlobSink {
    pub(super) async fn write(&mut self, bytes: &[u8]) -> Result<(), SinkError> {
        self.part.extend_from_slice(bytes);
        if self.part.len() >= PART_BYTES {
            let part = self.close_part()?;
            // Reading a byte waits until the browser has taken the part. Without it, fast parts pile up in this
            // worker's memory.
            JsFuture::from(part.slice_with_f64_and_f64(0.0, 1.0)?.array_buffer()).await?;
        }
        Ok(())
    }

    pub(super) fn finish(mut self) -> Result<Blob, SinkError> {
        if !self.part.is_empty() {
            self.close_part()?;
        }
        Ok(Blob::new_with_blob_sequence_and_options(
            &self.parts,
            &for_download(),
        )?)
    }

    fn close_part(&mut self) -> Result<Blob, SinkError> {
        let bytes = Array::of1(&Uint8Array::from(self.part.as_slice()));
        self.part.clear();
        let part = Blob::new_with_u8_array_sequence(bytes.unchecked_ref())?;
        self.parts.push(&part);
        Ok(part)
    }
}

/// Returns a media type for which no browser adds an extension to the file's name.
fn for_download() -> BlobPropertyBag {
    let properties = BlobPropertyBag::new();
    properties.set_type("application/octet-stream");
    properties
}
