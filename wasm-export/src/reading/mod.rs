//! Reads files back: their rows, and whether they are well formed.
//!
//! | format | file |
//! |---|---|
//! | CSV, in every dialect that Decant writes | `csv` |
//! | JSON, JSON lines | `json` |
//! | XML, in Decant's own layout | `xml` |
//! | gzip, zstd, zip around any of them | `unpack`, `zip` |
//!
//! A reader takes a [`BufRead`], which it reads front to back, and passes columns and rows to its caller's [`Rows`]. It
//! holds one row in memory.

mod csv;
mod damage;
mod error;
mod json;
mod location;
mod options;
mod row;
mod rows;
mod unpack;
mod well_formed;
mod xml;
mod zip;

use std::io::{BufRead, Cursor, Read};

pub use error::ReadBackError;
pub use options::{Guarded, InputFormat, ReadOptions, UnknownFormat};
pub use row::{Cell, FileMetadata, Head, HeadColumn, Row};
pub use rows::{Counts, Refusal, Rows};
pub use unpack::{UNPACKED_BYTES_MAX, unpacked};

/// Reads a whole file, and passes its contents to `rows`.
///
/// # Errors
/// When the file cannot be read or is not well formed, or `rows` refuses something.
pub fn read<'a>(
    input: impl BufRead + 'a,
    options: &ReadOptions,
    rows: &mut impl Rows,
) -> Result<Counts, ReadBackError> {
    let mut input = unpacked(input, options.compression, UNPACKED_BYTES_MAX)?;
    // The byte order marks of the Unicode Standard, section 23.8. Such a mark is never UTF-8.
    let mut beginning = Vec::new();
    Read::take(&mut input, 4).read_to_end(&mut beginning)?;
    match beginning.as_slice() {
        [0xff, 0xfe, 0, 0, ..] | [0, 0, 0xfe, 0xff, ..] => return Err(ReadBackError::Encoding("UTF-32")),
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => return Err(ReadBackError::Encoding("UTF-16")),
        _ => {}
    }
    let mut input = Cursor::new(beginning).chain(input);
    match options.format {
        InputFormat::Csv => csv::read(&mut input, options, rows),
        InputFormat::Json => json::read(&mut input, json::Layout::Array, &options.columns, rows),
        InputFormat::Jsonl => json::read(&mut input, json::Layout::Lines, &options.columns, rows),
        InputFormat::Xml => xml::read(&mut input, rows),
    }
}

/// Returns the keys of all rows of a JSON file, in the order in which they first occur, for [`ReadOptions::columns`].
/// Returns none for a file of another format, and for one whose metadata names its columns.
///
/// # Errors
/// When the file cannot be read or is not well formed.
pub fn json_columns<'a>(
    input: impl BufRead + 'a,
    options: &ReadOptions,
) -> Result<Vec<String>, ReadBackError> {
    let layout = match options.format {
        InputFormat::Json => json::Layout::Array,
        InputFormat::Jsonl => json::Layout::Lines,
        InputFormat::Csv | InputFormat::Xml => return Ok(Vec::new()),
    };
    let mut input = unpacked(input, options.compression, UNPACKED_BYTES_MAX)?;
    json::columns(&mut input, layout)
}

#[cfg(test)]
#[cfg(not(target_arch = "wasm32"))]
mod conformance;
#[cfg(test)]
#[cfg(not(target_arch = "wasm32"))]
mod tests;
