//! The formats: one file each, all with the same small trait.
//!
//! | format | file |
//! |---|---|
//! | CSV | `csv`; how a cell is written in `dialect`, formulas in [`guard`] |
//! | JSON, JSON lines | `json` |
//! | XML | `xml` |
//! | HTML | `html`; what the rows come to in `html::summary` |
//! | plain text: logs of probes | `text` |
//! | Markdown | `markdown`; conversations in `markdown::transcript` |
//! | XLSX | `xlsx`; the package, numbers, texts, totals in `xlsx/` |
//!
//! What they share: `scan` finds the cells of a row and those that cannot be copied as they are, `block` copies short
//! pieces, `cell_cache` remembers what cells were written as, `markup` does all that for formats that put marks around text;
//! `number` takes numbers apart.

pub(crate) mod block;
mod cell_cache;
mod columns;
mod csv;
mod dialect;
pub mod guard;
mod html;
mod json;
mod markdown;
mod markup;
mod metadata;
mod number;
mod scan;
mod text;
mod visible;
mod xlsx;
mod xml;

pub use columns::{ColumnError, chosen_columns, heading};
pub(crate) use json::write_string as write_json_string;

use crate::options::{Format, Layout, Options, for_each_format};
use crate::rows::{Header, Kind, ReadError, Row};

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
    /// This program was built without Zstandard.
    #[error("this program cannot pack files as zstd; gzip and zip it can")]
    NoZstd,
    /// The format has no such layout.
    #[error("a {0} file cannot be laid out as a {1}; only markdown can")]
    NoLayout(Format, Layout),
    /// The file is made of columns that are not there.
    #[error("{file} is made of {rows}: it needs the columns {missing} too")]
    MissingColumns {
        /// What is to be made, with its article.
        file: &'static str,
        /// What its rows must be.
        rows: &'static str,
        /// The names of those that are missing.
        missing: String,
    },
}

/// What a file is, if its rows must have certain columns.
struct Made {
    /// With its article: `a transcript`.
    file: &'static str,
    /// What its rows are: `messages`.
    rows: &'static str,
}

impl Made {
    /// Where the columns of these names stand in a row, and their kinds.
    ///
    /// # Errors
    /// When some are missing among the columns at these positions.
    fn places<const N: usize>(
        &self,
        header: &Header,
        positions: &[usize],
        names: [&str; N],
    ) -> Result<[(usize, Kind); N], FormatError> {
        let place = |name: &str| {
            let position = positions
                .iter()
                .find(|&&position| header.columns[position].name == name);
            position.map(|&position| (position, header.columns[position].kind))
        };
        let mut missing = Vec::new();
        let places = names.map(|name| {
            place(name).unwrap_or_else(|| {
                missing.push(format!("`{name}`"));
                (0, Kind::Text)
            })
        });
        if missing.is_empty() {
            Ok(places)
        } else {
            Err(FormatError::MissingColumns {
                file: self.file,
                rows: self.rows,
                missing: missing.join(", "),
            })
        }
    }
}

macro_rules! writers {
    ($($(#[$doc:meta])* $name:ident = $word:literal, $label:literal, $extension:literal, $media_type:literal, $writer:path;)+) => {
        /// Returns the writer of the format that the options name, for the columns at these positions of the header.
        ///
        /// # Errors
        /// When the rows cannot be written as the options want them.
        pub(crate) fn new(header: &Header, positions: &[usize], options: &Options) -> Result<Box<dyn FileFormat>, FormatError> {
            if options.layout != Layout::Table && options.format != Format::Markdown {
                return Err(FormatError::NoLayout(options.format, options.layout));
            }
            Ok(match options.format { $(Format::$name => Box::new($writer(header, positions, options)?)),+ })
        }
    };
}

for_each_format!(writers);

/// Says whether rows with this header can be written as the options want them.
///
/// # Errors
/// The reason why not.
pub fn check(header: &Header, options: &Options) -> Result<(), FormatError> {
    let positions = chosen_columns(header, options.columns.as_deref())?;
    new(header, &positions, options).map(|_| ())
}
