//! Files read back: their rows, and whether they are well formed.
//!
//! | format | file |
//! |---|---|
//! | CSV, in any of our dialects | `csv` |
//! | JSON, JSON lines | `json` |
//! | XML, in our own layout | `xml` |
//! | gzip, zstd, zip around any of them | `unpack` |
//!
//! A file is read front to back and never held: whoever reads gives a [`BufRead`] and is told of columns and rows.

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

use crate::options::{Compression, Delimiter, words};

words! {
    /// The format of a file that is read.
    InputFormat, "format that can be read" {
        /// Delimited text.
        #[default] Csv = "csv",
        /// An array of objects, with or without metadata around it.
        Json = "json",
        /// An object a line.
        Jsonl = "jsonl",
        /// Our own layout of XML.
        Xml = "xml",
    }
}

/// What is known of a file before it is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReadOptions {
    /// Its format.
    pub format: InputFormat,
    /// How it is packed.
    pub compression: Compression,
    /// What separates the cells of CSV; `None`: what its first row speaks for.
    pub delimiter: Option<Delimiter>,
    /// Whether the strict guard is undone in CSV.
    pub unguard: bool,
}

impl ReadOptions {
    /// What the name of a file says: `usage.csv`, `usage.jsonl.gz`, `usage.csv.zip`. A zip archive may hide the ending of
    /// what is in it, so that a format is needed. `format` goes before what the name says.
    ///
    /// # Errors
    /// When the name says nothing and no format is given.
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

/// The name of a file does not say what it is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the name `{name}` does not say which format it is; name one of {}", InputFormat::WORDS.join(", "))]
pub struct UnknownFormat {
    name: String,
}

/// A file that cannot be read back.
#[derive(Debug, thiserror::Error)]
pub enum ReadBackError {
    /// It is not well formed, or not what its reader wants. Line and column are counted from 1, columns in characters;
    /// of a packed file, in what is in it.
    #[error("line {line}, column {column}: {what}")]
    Content {
        /// The line.
        line: u64,
        /// The character in the line.
        column: u64,
        /// What is wrong there.
        what: String,
    },
    /// Its bytes cannot be had, or what they are packed in is damaged.
    #[error(transparent)]
    Input(#[from] io::Error),
}

/// Why a row is not wanted; the reader adds where it stands.
pub type Refusal = String;

/// Is told what is in a file.
pub trait Rows {
    /// The columns, once and before any row. A file without rows may not have any.
    ///
    /// # Errors
    /// When they are not wanted.
    fn head(&mut self, head: &Head<'_>) -> Result<(), Refusal>;

    /// A row with as many cells as there are columns.
    ///
    /// # Errors
    /// When it is not wanted.
    fn row(&mut self, row: &Row) -> Result<(), Refusal>;
}

/// Reads a whole file.
///
/// # Errors
/// When it is not well formed, or `rows` refuses something of it.
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

/// What a reader has counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Rows, without the row of headings.
    pub rows: u64,
    /// Bytes, unpacked.
    pub bytes: u64,
    /// Cells of CSV that the strict guard has marked.
    pub guarded: u64,
}

#[cfg(test)]
#[cfg(not(target_arch = "wasm32"))]
mod tests;
