//! The formats, each in a file of its own that implements `FileFormat`.
//!
//! | format | file |
//! |---|---|
//! | CSV | `csv`; quotes and guards of a cell in `dialect`, formulas in [`guard`] |
//! | JSON, JSON lines | `json` |
//! | XML | `xml` |
//! | HTML | `html`; the summary in `html::summary` |
//! | plain text: logs of probes | `text` |
//! | Markdown | `markdown`; conversations in `markdown::transcript` |
//! | XLSX | `xlsx`; the package, numbers, texts, totals in `xlsx/` |
//! | the parts of a bundle in one file | `bundle/`; reports in `bundle::report`, their bars and lines in [`chart`] |
//!
//! They share several modules. `scan` finds the cells of a row and those that cannot be copied, and `block` copies short
//! pieces. `cell_cache` serves cells that come again. `markup` combines these for formats with markup.

pub(crate) mod block;
pub(crate) mod bundle;
mod cell_cache;
pub mod chart;
mod columns;
mod csv;
mod dialect;
pub mod guard;
mod html;
mod json;
mod markdown;
mod markup;
mod metadata;
mod scan;
mod text;
mod visible;
pub(crate) mod xlsx;
mod xml;

pub use columns::{ColumnError, chosen_columns, heading};
pub(crate) use json::write_string as write_json_string;
pub(crate) use xlsx::cell_options as xlsx_cell_options;

use crate::options::{Format, Layout, Options, for_each_format};
use crate::rows::{Header, Kind, ReadError, Row};

/// Writes a file of one format, row by row. A writer only appends to `out`.
pub(crate) trait FileFormat: Send {
    /// Writes the beginning of the file, before any row.
    fn begin(&mut self, out: &mut Vec<u8>);

    /// Writes one row behind the previous one.
    ///
    /// # Errors
    /// When the number of cells differs from that of the header. Nothing is written then.
    fn row(&mut self, row: &Row<'_>, out: &mut Vec<u8>) -> Result<(), ReadError>;

    /// Writes the end of the file, behind all rows.
    fn finish(&mut self, out: &mut Vec<u8>);
}

/// Why the options cannot be applied to rows.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FormatError {
    /// The chosen columns are invalid.
    #[error(transparent)]
    Column(#[from] ColumnError),
    /// The format has no place for metadata.
    #[error("a {0} file has no place for metadata")]
    NoMetadata(Format),
    /// This program was built without Zstandard.
    #[error("this program was built without zstd; choose gzip or zip")]
    NoZstd,
    /// The format has no such layout.
    #[error("a {0} file has no layout `{1}`; only markdown has layouts")]
    NoLayout(Format, Layout),
    /// A file of this format is of one dataset.
    #[error("a {0} file cannot have the parts of a bundle; choose {choice}", choice = formats_with_parts())]
    NoBundle(Format),
    /// The rows lack columns that the file is made from.
    #[error("{file} is made of {rows}; missing columns: {missing}")]
    MissingColumns {
        /// The file with its article: `a transcript`.
        file: &'static str,
        /// The rows that it needs: `messages`.
        rows: &'static str,
        /// The names of the missing columns.
        missing: String,
    },
}

/// Returns the words of the formats that a bundle can have.
fn formats_with_parts() -> String {
    let formats = Format::ALL.iter().filter(|format| format.has_parts());
    formats.map(|format| format.word()).collect::<Vec<_>>().join(", ")
}

/// The index of a column's cells in a row, and their kind.
type ColumnRef = (usize, Kind);

/// A file that needs certain columns.
struct Made {
    /// With its article: `a transcript`.
    file: &'static str,
    /// The rows that it is made from: `messages`.
    rows: &'static str,
}

impl Made {
    /// Returns index and kind of the columns with these names.
    ///
    /// # Errors
    /// When some of them are not among the columns at `positions`.
    fn columns<const N: usize>(
        &self,
        header: &Header,
        positions: &[usize],
        names: [&str; N],
    ) -> Result<[ColumnRef; N], FormatError> {
        let column = |name: &str| {
            let position = positions
                .iter()
                .find(|&&position| header.columns[position].name == name);
            position.map(|&position| (position, header.columns[position].kind))
        };
        let mut missing = Vec::new();
        let columns = names.map(|name| {
            column(name).unwrap_or_else(|| {
                missing.push(format!("`{name}`"));
                (0, Kind::Text)
            })
        });
        if missing.is_empty() {
            Ok(columns)
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

/// Checks whether rows with this header can be written by these options.
///
/// # Errors
/// The reason why they cannot.
pub fn check(header: &Header, options: &Options) -> Result<(), FormatError> {
    let positions = chosen_columns(header, options.columns.as_deref())?;
    new(header, &positions, options).map(|_| ())
}
