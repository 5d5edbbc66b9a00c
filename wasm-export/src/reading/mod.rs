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
mod xml;
mod zip;

use std::io::BufRead;

pub use error::ReadBackError;
pub use options::{InputFormat, ReadOptions, UnknownFormat};
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
    match options.format {
        InputFormat::Csv => csv::read(&mut input, options, rows),
        InputFormat::Json => json::read(&mut input, json::Layout::Array, rows),
        InputFormat::Jsonl => json::read(&mut input, json::Layout::Lines, rows),
        InputFormat::Xml => xml::read(&mut input, rows),
    }
}

#[cfg(test)]
#[cfg(not(target_arch = "wasm32"))]
mod tests;
