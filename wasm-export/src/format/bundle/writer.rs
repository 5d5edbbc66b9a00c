//! What the writers of a bundle's files share.

use serde::{Deserialize, Serialize};

use super::declaration::Report;
use crate::format::{FormatError, chosen_columns};
use crate::options::{self, Format, Options};
use crate::rows::{Header, ReadError, Row};

/// What a file contains, beside its rows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Contents {
    /// The name of the bundle: `user-data`.
    pub name: String,
    /// The name for people: `A person's data`.
    pub title: String,
    /// The kind of export: `user_data`.
    pub export_type: String,
    /// The id of a stored export; `None` for a file that is made at once.
    #[serde(default)]
    pub export_id: Option<String>,
    /// The parts in the order of the stream.
    pub parts: Vec<Part>,
    /// The report that the HTML file is. `None`: it has a section for each part, with all rows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub report: Option<Report>,
}

/// A part of a bundle: the rows of a dataset.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    /// The name in the file, of ASCII letters, digits and `_`: `usageLogs`.
    pub name: String,
    /// Whether the part has at most one row, which is an object in JSON and not a list.
    #[serde(default)]
    pub single: bool,
}

/// The description of a file in itself. A file cannot contain its own checksum.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ExportMetadata<'a> {
    pub(super) export_id: Option<&'a str>,
    pub(super) export_date: &'a str,
    pub(super) export_type: &'a str,
    pub(super) bundle: &'a str,
    pub(super) title: &'a str,
    pub(super) format: Format,
    /// `None`: known at the end of the file only.
    pub(super) total_records: Option<u64>,
    pub(super) checksum: Option<&'a str>,
}

impl<'a> ExportMetadata<'a> {
    pub(super) fn new(contents: &'a Contents, format: Format, as_of: &'a str) -> Self {
        Self {
            export_id: contents.export_id.as_deref(),
            export_date: as_of,
            export_type: &contents.export_type,
            bundle: &contents.name,
            title: &contents.title,
            format,
            total_records: None,
            checksum: None,
        }
    }
}

/// The part whose rows come next.
pub(crate) struct PartRows<'a> {
    pub(crate) part: &'a Part,
    pub(crate) header: &'a Header,
    /// The positions of the columns in a row.
    pub(crate) positions: Vec<usize>,
    pub(crate) options: Options,
}

impl<'a> PartRows<'a> {
    /// Returns the part with all columns that its header shows. The options are those of its rows.
    ///
    /// # Errors
    /// When the header shows no column.
    pub(crate) fn new(part: &'a Part, header: &'a Header, options: Options) -> Result<Self, FormatError> {
        Ok(Self {
            part,
            header,
            positions: chosen_columns(header, None)?,
            options,
        })
    }

    /// Returns the options without metadata, for a format that keeps it outside of the rows.
    pub(super) fn options_of_rows(&self) -> Options {
        Options {
            metadata: options::Metadata::Without,
            ..self.options.clone()
        }
    }
}

/// Writes the file of a bundle, part by part. A writer only appends to `out`.
pub(crate) trait BundleFormat: Send {
    /// Writes the beginning of the file, before any part. `as_of` is the time of its rows.
    fn begin(&mut self, contents: &Contents, as_of: &str, out: &mut Vec<u8>);

    /// Writes the beginning of a part.
    ///
    /// # Errors
    /// When the rows cannot be written with these options.
    fn begin_part(&mut self, part: &PartRows<'_>, out: &mut Vec<u8>) -> Result<(), FormatError>;

    /// Writes one row of the part that was begun last.
    ///
    /// # Errors
    /// When the number of cells differs from that of the header. Nothing is written then.
    fn row(&mut self, row: &Row<'_>, out: &mut Vec<u8>) -> Result<(), ReadError>;

    /// Writes what it holds, except the last bytes that fill no block. Called after each piece of the stream.
    fn flush(&mut self, _out: &mut Vec<u8>) {}

    /// Writes the end of a part with this number of rows.
    fn end_part(&mut self, rows: u64, out: &mut Vec<u8>);

    /// Writes the end of the file, behind all parts.
    fn finish(&mut self, contents: &Contents, out: &mut Vec<u8>);
}
