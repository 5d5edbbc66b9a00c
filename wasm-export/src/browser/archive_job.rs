//! Reads a dump on the visitor's disk. Nothing is sent, and only the table of contents is held.

use js_sys::{Date, Uint8Array};
use wasm_bindgen_futures::JsFuture;
use web_sys::File;

use super::contents::DumpContents;
use super::failure::Failure;
use super::job::REPORT_EVERY_MS;
use crate::dump::Archive;

/// The extension of a dump. The server accepts no other.
const ENDING: &str = ".dump";

/// Bytes of one read. Large reads are fast, and memory never holds more than two of them.
const SLICE_BYTES: f64 = 4.0 * 1024.0 * 1024.0;

/// Reads a file to its end, and reports the number of bytes read.
pub(super) async fn read(file: &File, report: impl Fn(u64)) -> Result<DumpContents, Failure> {
    if !file.name().to_lowercase().ends_with(ENDING) {
        return Err(other_ending());
    }
    let mut archive = Archive::new();
    let mut bytes = Vec::new();
    let mut reported_ms = 0.0;
    // File sizes are whole numbers, far below those that a float rounds.
    let (size, mut at) = (file.size(), 0.0);
    while at < size {
        let end = f64::min(at + SLICE_BYTES, size);
        let slice = file.slice_with_f64_and_f64(at, end).map_err(|_| unreadable())?;
        let slice = JsFuture::from(slice.array_buffer()).await;
        let slice = Uint8Array::new(&slice.map_err(|_| unreadable())?);
        bytes.resize(slice.length() as usize, 0);
        slice.copy_to(&mut bytes);
        archive.push(&bytes)?;
        at = end;
        let now_ms = Date::now();
        if now_ms - reported_ms >= REPORT_EVERY_MS {
            reported_ms = now_ms;
            report(archive.bytes());
        }
    }
    Ok(archive.finish()?.into())
}

fn other_ending() -> Failure {
    let detail =
        "The name of a dump ends in .dump. If the file is a dump in pg_dump's custom format, rename it.";
    Failure::new("not_a_dump", "The file is not a dump", detail.to_owned(), false)
}

fn unreadable() -> Failure {
    let detail =
        "It was changed, moved or removed after you chose it, or you may not read it. Choose it again.";
    Failure::new("unreadable", "The file cannot be read", detail.to_owned(), false)
}
