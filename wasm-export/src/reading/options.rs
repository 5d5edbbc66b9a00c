//! How a file is read.

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
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadOptions {
    /// The format behind the compression.
    pub format: InputFormat,
    /// The compression of the whole file.
    pub compression: Compression,
    /// The separator of CSV cells. `None` stands for the delimiter that is most frequent in the first row.
    pub delimiter: Option<Delimiter>,
    /// The treatment of CSV cells with marks of the strict guard.
    pub guarded: Guarded,
    /// The columns of a JSON file without metadata, as [`columns`](super::columns) finds them. If there are
    /// none, the keys of the first row are the columns.
    pub columns: Vec<String>,
}

/// The treatment of CSV cells that have marks of the strict guard against formulas.
///
/// No file says whether it is guarded: a cell `'=1` can be the guarded form of `=1`, or text with an apostrophe.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Guarded {
    /// The cells are read as they are, with the marks.
    #[default]
    Kept,
    /// The marks are removed.
    Decoded,
    /// The first such cell is an error.
    Refused,
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
            guarded: Guarded::default(),
            columns: Vec::new(),
        })
    }
}

/// The error for a file name that contains no format.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the file `{name}` cannot be checked or converted by its name: name its format, one of {}", InputFormat::WORDS.join(", "))]
pub struct UnknownFormat {
    name: String,
}
