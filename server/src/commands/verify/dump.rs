//! A dump that pg_dump wrote in the custom format.

use std::ffi::OsStr;
use std::io::{self, BufRead};
use std::path::Path;

use wasm_export::dump::{Archive, DumpError, MAGIC, Summary};

/// Why a dump is not good.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub enum BadDump {
    /// It is not whole, or no dump.
    Dump(#[from] DumpError),
    /// Its bytes cannot be had.
    Input(#[from] io::Error),
}

/// Whether a file is a dump, or at least is called so.
pub fn is_dump(path: &Path, input: &mut impl BufRead) -> io::Result<bool> {
    let is_called_so = path
        .extension()
        .is_some_and(|ending| ending == OsStr::new("dump"));
    Ok(is_called_so || input.fill_buf()?.starts_with(MAGIC))
}

/// Reads a whole dump.
pub fn read(mut input: impl BufRead) -> Result<Summary, BadDump> {
    let mut archive = Archive::new();
    loop {
        let bytes = input.fill_buf()?;
        if bytes.is_empty() {
            return Ok(archive.finish()?);
        }
        archive.push(bytes)?;
        let length = bytes.len();
        input.consume(length);
    }
}

/// What is in a dump, in a sentence.
pub fn sentence(summary: &Summary) -> String {
    let Summary {
        header,
        tables,
        large_objects,
        bytes,
        others: _,
    } = summary;
    let made = header
        .created
        .map_or_else(String::new, |created| format!(" of {created}"));
    let with_data = tables.iter().filter(|table| table.has_data).count();
    let data_bytes: u64 = tables.iter().filter_map(|table| table.data_bytes).sum();
    let sentence = format!(
        "a whole dump{made}, database {}, PostgreSQL {}, pg_dump {}, archive version {}, {}: \
         {} tables, {with_data} of them with data ({data_bytes} bytes), {} large objects ({} bytes), {bytes} bytes in all",
        header.database,
        header.server_version,
        header.pg_dump_version,
        header.archive_version,
        header.compression,
        tables.len(),
        large_objects.count,
        large_objects.data_bytes,
    );
    // Names come from the file, and a terminal obeys control characters.
    sentence.replace(char::is_control, " ")
}
