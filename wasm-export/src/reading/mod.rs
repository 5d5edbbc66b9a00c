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
mod json;
mod location;
mod row;
mod unpack;
mod xml;
mod zip;

use std::io::{self, BufRead};

pub use row::{Cell, FileMetadata, Head, HeadColumn, Row};
pub use unpack::{UNPACKED_BYTES_MAX, unpacked};

use crate::options::{Compression, Delimiter, option_words};

option_words! {
    /// The format of a file that is read.
    InputFormat, "format that can be read" {
        /// Delimited text with a row of headings.
        #[default] Csv = "csv",
        /// An array of objects, with or without metadata around it.
        Json = "json",
        /// One object on each line.
        Jsonl = "jsonl",
        /// XML in Decant's own layout.
        Xml = "xml",
    }
}

/// How a file is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReadOptions {
    /// The format behind the compression.
    pub format: InputFormat,
    /// The compression of the whole file.
    pub compression: Compression,
    /// The separator of CSV cells. `None` stands for the delimiter that is most frequent in the first row.
    pub delimiter: Option<Delimiter>,
    /// Whether the strict guard of CSV cells is undone.
    pub unguard: bool,
}

impl ReadOptions {
    /// Returns the options that a file name stands for: `usage.csv`, `usage.jsonl.gz`, `usage.csv.zip`. `format`
    /// overrides the name. A zip archive needs it when its name does not contain the format.
    ///
    /// # Errors
    /// When neither the name nor `format` names a format.
    pub fn from_file_name(name: &str, format: Option<InputFormat>) -> Result<Self, UnknownFormat> {
        let (compression, stem) = Compression::from_file_name(name);
        let by_name = || match &*stem.rsplit_once('.')?.1.to_ascii_lowercase() {
            "csv" | "tsv" => Some(InputFormat::Csv),
            "json" => Some(InputFormat::Json),
            "jsonl" | "ndjson" => Some(InputFormat::Jsonl),
            "xml" => Some(InputFormat::Xml),
            _ => None,
        };
        let format = format.or_else(by_name).ok_or_else(|| UnknownFormat {
            name: name.to_owned(),
        })?;
        Ok(Self {
            format,
            compression,
            delimiter: None,
            unguard: false,
        })
    }
}

/// The error for a file name that contains no format.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the name `{name}` does not say which format it is; name one of {}", InputFormat::WORDS.join(", "))]
pub struct UnknownFormat {
    name: String,
}

/// Why a file cannot be read back.
#[derive(Debug, thiserror::Error)]
pub enum ReadBackError {
    /// The file is not well formed, or `Rows` refused a row. Line and column are counted from 1 in the decompressed
    /// file, columns in characters.
    #[error("line {line}, column {column}: {what}")]
    Content {
        /// Line of the fault, from 1.
        line: u64,
        /// Column of the fault, in characters from 1.
        column: u64,
        /// The fault, in words.
        what: String,
    },
    /// The file cannot be read, or its compression is damaged.
    #[error(transparent)]
    Input(#[from] io::Error),
}

/// Why columns or a row are refused. The reader adds their location.
pub type Refusal = String;

/// Receives the columns and rows of a file.
pub trait Rows {
    /// Receives the columns, once and before any row. A file without rows may have no columns.
    ///
    /// # Errors
    /// When they are refused.
    fn head(&mut self, head: &Head<'_>) -> Result<(), Refusal>;

    /// Receives a row with as many cells as there are columns.
    ///
    /// # Errors
    /// When it is refused.
    fn row(&mut self, row: &Row) -> Result<(), Refusal>;
}

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

/// Totals of a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Number of rows, headings excluded.
    pub rows: u64,
    /// Length in bytes, decompressed.
    pub bytes: u64,
    /// Number of CSV cells that the strict guard has marked.
    pub guarded: u64,
}

#[cfg(test)]
#[cfg(not(target_arch = "wasm32"))]
mod tests;
