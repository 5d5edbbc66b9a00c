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
//! pieces, `repeats` remembers what cells were written as, `marks` does all that for formats that put marks around text;
//! `number` takes numbers apart.

pub(crate) mod block;
mod columns;
mod csv;
mod dialect;
pub mod guard;
mod html;
mod json;
mod markdown;
mod marks;
mod metadata;
mod number;
mod repeats;
mod scan;
mod text;
mod visible;
mod xlsx;
mod xml;

pub use columns::{ColumnError, chosen_columns, heading};
pub(crate) use json::write_string as write_json_string;

use crate::options::{Layout, Options, words};
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
            if options.layout != Layout::Table && options.format != Format::Markdown {
                return Err(FormatError::NoLayout(options.format, options.layout));
            }
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
    /// A table of GitHub Flavored Markdown, or a conversation to read.
    Markdown = "markdown", "md", "text/markdown; charset=utf-8", markdown::Markdown::new;
    /// A report in one page, with a summary.
    Html = "html", "html", "text/html; charset=utf-8", html::Html::new;
    /// Logs of probes, a line each.
    Text = "text", "txt", "text/plain; charset=utf-8", text::Probes::new;
    /// XML 1.0, described by `schema/export-1.xsd`.
    Xml = "xml", "xml", "application/xml", xml::Xml::new;
    /// A workbook of spreadsheets, ISO/IEC 29500.
    Xlsx = "xlsx", "xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", xlsx::Xlsx::new;
}

/// Says whether rows with this header can be written as the options want them.
///
/// # Errors
/// The reason why not.
pub fn check(header: &Header, options: &Options) -> Result<(), FormatError> {
    let positions = chosen_columns(header, options.columns.as_deref())?;
    new(header, &positions, options).map(|_| ())
}
