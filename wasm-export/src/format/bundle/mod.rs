//! The files of a bundle: several datasets in one file.
//!
//! | format | shape |
//! |---|---|
//! | JSON | an object with a member for each part |
//! | XML | an element for each part |
//! | CSV | a zip archive with a file for each part, and `manifest.json` |
//! | XLSX | a workbook with a sheet for each part |
//! | HTML | a page with a section for each part, or the report that the bundle declares |
//!
//! The rows of a part are written by the writer of its format, as in a file of one dataset.

pub(crate) mod csv;
mod declaration;
mod html;
mod json;
mod report;
mod writer;
mod xlsx;
mod xml;

pub use self::declaration::{Chart, ChartKind, NamedValue, PartColumn, Report, Table, Values};
pub(crate) use self::writer::{BundleFormat, PartRows};
pub use self::writer::{Contents, Part};
use super::FormatError;
use crate::options::{Compression, Format, Options};

/// Returns the writer of the format that the options name.
///
/// # Errors
/// [`FormatError::NoBundle`] for a format that is of one dataset.
pub(crate) fn new(options: &Options, contents: &Contents) -> Result<Box<dyn BundleFormat>, FormatError> {
    match options.format {
        Format::Json => Ok(Box::new(json::Json::new(options))),
        Format::Xml => Ok(Box::new(xml::Xml::default())),
        Format::Csv => Ok(Box::new(csv::Archive::default())),
        Format::Xlsx => Ok(Box::new(xlsx::Workbook::default())),
        Format::Html => match &contents.report {
            Some(report) => Ok(Box::new(report::ReportPage::new(report, options))),
            None => Ok(Box::new(html::Page::default())),
        },
        Format::Jsonl | Format::Markdown | Format::Text => Err(FormatError::NoBundle(options.format)),
    }
}

/// Returns the compression around a file: an archive of CSV files is compressed in itself.
pub(crate) fn compression(options: &Options) -> Compression {
    match options.format {
        Format::Csv => Compression::None,
        _ => options.compression,
    }
}
