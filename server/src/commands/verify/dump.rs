//! Dumps of `pg_dump --format=custom`.

use std::ffi::OsStr;
use std::io::{self, BufRead};
use std::path::Path;

use wasm_export::dump::{MAGIC, Summary};

/// Returns whether the file has the name or the first bytes of a dump.
pub fn is_dump(path: &Path, input: &mut impl BufRead) -> io::Result<bool> {
    let has_extension = path
        .extension()
        .is_some_and(|ending| ending == OsStr::new("dump"));
    Ok(has_extension || input.fill_buf()?.starts_with(MAGIC))
}

/// Returns a sentence about the content of a dump.
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
    format!(
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
    )
}
