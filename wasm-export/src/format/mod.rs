//! The formats: one file each, all with the same small trait.
//!
//! | format | file |
//! |---|---|
//! | CSV | `csv`; how a cell is written in `dialect`, formulas in [`guard`] |
//! | JSON, JSON lines | `json` |
//!
//! What they share: `scan` finds the cells of a row and those that cannot be copied as they are, `block` copies short
//! pieces, `repeats` remembers what cells were written as.

pub(crate) mod block;
mod columns;
mod csv;
mod dialect;
pub mod guard;
mod json;
mod metadata;
mod repeats;
mod scan;

pub use columns::{ColumnError, chosen_columns, heading};
pub(crate) use json::write_string as write_json_string;

use crate::options::{Options, words};
use crate::rows::{Header, ReadError, Row};

/// Makes a file of one format, row by row. Everything is appended to `out`; nothing is ever taken back.
pub(crate) trait FileFormat: Send {
    /// Writes what comes before the rows.
    fn begin(&mut self, out: &mut Vec<u8>);

    /// Writes one row.
    ///
    /// # Errors
    /// When the row does not have the header's number of cells. Nothing is written then.
    fn row(&mut self, row: &Row<'_>, out: &mut Vec<u8>) -> Result<(), ReadError>;

    /// Writes what comes after the rows.
    fn finish(&mut self, out: &mut Vec<u8>);
}

/// The rows cannot be written as the options want them.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FormatError {
    /// The options choose columns that cannot be had.
    #[error(transparent)]
    Column(#[from] ColumnError),
    /// The format has no place for metadata.
    #[error("a {0} file has no place for metadata")]
    NoMetadata(Format),
}

/// The list of formats. To each belong its word, how the names of its files end, their media type, and its writer.
macro_rules! formats {
    ($($(#[$doc:meta])* $name:ident = $word:literal, $extension:literal, $media_type:literal, $writer:path;)+) => {
        words! {
            /// The format of a file.
            Format, "format" { $($(#[$doc])* $name = $word,)+ }
        }

        impl Format {
            /// How the names of its files end, without the dot.
            #[must_use]
            pub fn extension(self) -> &'static str { match self { $(Self::$name => $extension),+ } }

            /// The media type of its files.
            #[must_use]
            pub fn media_type(self) -> &'static str { match self { $(Self::$name => $media_type),+ } }
        }

        /// The format that the options name, for the columns at these positions of the header.
        ///
        /// # Errors
        /// When the rows cannot be written as the options want them.
        pub(crate) fn new(header: &Header, positions: &[usize], options: &Options) -> Result<Box<dyn FileFormat>, FormatError> {
            Ok(match options.format { $(Format::$name => Box::new($writer(header, positions, options)?)),+ })
        }
    };
}

formats! {
    /// Comma-separated values, RFC 4180.
    #[default] Csv = "csv", "csv", "text/csv; charset=utf-8", csv::Csv::new;
    /// One JSON array of objects, RFC 8259.
    Json = "json", "json", "application/json", json::Json::array;
    /// One JSON object a line.
    Jsonl = "jsonl", "jsonl", "application/jsonl", json::Json::lines;
}

/// Says whether rows with this header can be written as the options want them.
///
/// # Errors
/// The reason why not.
pub fn check(header: &Header, options: &Options) -> Result<(), FormatError> {
    let positions = chosen_columns(header, options.columns.as_deref())?;
    new(header, &positions, options).map(|_| ())
}
