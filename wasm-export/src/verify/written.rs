//! Counts the rows of files in formats that Decant writes and does not read back: XLSX, HTML, Markdown and text.
//!
//! Only the structure that Decant writes is known. A file of another program, or with a layout that does not keep rows apart, is
//! [`RowCount::Unknown`] with the reason.

mod lines;
mod row_count;
mod tags;
mod workbook;

use std::io::{self, BufRead, BufReader};

pub use self::row_count::RowCount;
use crate::options::{Compression, Format};
use crate::reading::{UNPACKED_BYTES_MAX, unpacked};

/// Compressed files are read in pieces of this size.
const PIECE_BYTES: usize = 64 * 1024;

/// Reads a whole file, also a compressed one, and counts its rows. The memory that it takes does not grow with the file.
///
/// # Errors
/// When the file cannot be read, is damaged, or lacks its end.
pub fn count_rows(input: impl BufRead, format: Format, compression: Compression) -> io::Result<RowCount> {
    let input = unpacked(input, compression, UNPACKED_BYTES_MAX)?;
    let input = BufReader::with_capacity(PIECE_BYTES, input);
    match format {
        Format::Xlsx => workbook::count(input),
        Format::Html => tags::count_page(input),
        Format::Markdown => lines::count_table(input),
        Format::Text => lines::count_log(input),
        Format::Csv | Format::Json | Format::Jsonl | Format::Xml => {
            Ok(RowCount::Unknown("the format is read by other means"))
        }
    }
}

#[cfg(test)]
#[cfg(not(target_arch = "wasm32"))]
mod tests;
