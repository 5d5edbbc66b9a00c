//! Reads files back: their rows, and whether they are well formed.
//!
//! | format | file |
//! |---|---|
//! | CSV, in every dialect that Decant writes | `csv` |
//! | JSON, JSON lines | `json`; a bundle in `json_bundle` |
//! | XML, in Decant's own layout | `xml` |
//! | gzip, zstd, zip around any of them | `unpack`, `zip` |
//!
//! A reader takes a [`BufRead`], which it reads front to back, and passes columns and rows to its caller's [`Rows`]. It
//! holds one row in memory.

mod csv;
mod damage;
mod error;
mod json;
mod json_bundle;
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
use json::Keys;
pub use options::{Guarded, InputFormat, ReadOptions, UnknownFormat};
pub use row::{Cell, FileMetadata, Head, HeadColumn, Row};
pub use rows::{Counts, Refusal, Rows};
use serde::Serialize;
pub use unpack::{UNPACKED_BYTES_MAX, unpacked};
pub(crate) use zip::ZipArchive;

/// Reads a whole file, and passes its contents to `rows`.
///
/// # Errors
/// When the file cannot be read or is not well formed, or `rows` refuses something.
pub fn read<'a>(
    input: impl BufRead + 'a,
    options: &ReadOptions,
    rows: &mut impl Rows,
) -> Result<Counts, ReadBackError> {
    read_keys(input, options, Keys::Known(&options.columns), rows)
}

fn read_keys<'a>(
    input: impl BufRead + 'a,
    options: &ReadOptions,
    keys: Keys<'_>,
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
        InputFormat::Json => json::read(&mut input, json::Layout::Array, keys, rows),
        InputFormat::Jsonl => json::read(&mut input, json::Layout::Lines, keys, rows),
        InputFormat::Xml => xml::read(&mut input, rows),
    }
}

/// Returns the names of a file's columns, and its counts. Each key of a JSON row that no earlier row has is a column, unless
/// metadata names the columns.
///
/// # Errors
/// When the file cannot be read or is not well formed.
pub fn columns<'a>(
    input: impl BufRead + 'a,
    options: &ReadOptions,
) -> Result<(Vec<String>, Counts), ReadBackError> {
    let (names, counts) = names(input, options)?;
    Ok((names.columns, counts))
}

/// Returns the same with the parts, if the file is of a bundle. The columns are none then.
///
/// # Errors
/// When the file cannot be read or is not well formed.
pub(crate) fn columns_and_parts<'a>(
    input: impl BufRead + 'a,
    options: &ReadOptions,
) -> Result<(Vec<String>, Vec<ReadPart>, Counts), ReadBackError> {
    let (names, counts) = names(input, options)?;
    Ok((names.columns, names.parts, counts))
}

fn names<'a>(input: impl BufRead + 'a, options: &ReadOptions) -> Result<(Names, Counts), ReadBackError> {
    let mut names = Names::default();
    let counts = read_keys(input, options, Keys::Any, &mut names)?;
    Ok((names, counts))
}

/// A part of a file of a bundle.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ReadPart {
    /// The name of the part.
    pub name: String,
    /// Number of rows.
    pub rows: u64,
}

/// Collects the names of the columns and parts, and ignores the rows.
#[derive(Default)]
struct Names {
    columns: Vec<String>,
    parts: Vec<ReadPart>,
}

impl Rows for Names {
    fn head(&mut self, head: &Head<'_>) -> Result<(), Refusal> {
        // Those of a bundle are of its parts.
        if self.parts.is_empty() {
            self.columns = head.columns.iter().map(|column| column.name.clone()).collect();
        }
        Ok(())
    }

    fn part(&mut self, name: &str) -> Result<(), Refusal> {
        self.parts.push(ReadPart {
            name: name.to_owned(),
            rows: 0,
        });
        Ok(())
    }

    fn end_part(&mut self, rows: u64) {
        if let Some(part) = self.parts.last_mut() {
            part.rows = rows;
        }
    }

    fn row(&mut self, _row: &Row) -> Result<(), Refusal> {
        Ok(())
    }
}

#[cfg(test)]
#[cfg(not(target_arch = "wasm32"))]
mod conformance;
#[cfg(test)]
#[cfg(not(target_arch = "wasm32"))]
mod tests;
