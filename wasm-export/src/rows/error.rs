//! Errors of a raw-row stream.

use super::limits::{HEADER_BYTES_MAX, ROW_BYTES_MAX, VERSION};

/// Why bytes are not a raw-row stream that this crate can read. Rows are counted from 1.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// The first line is not a header. It may be the page of a proxy.
    #[error("this is not a raw-row stream: its first line is not a header ({reason})")]
    NotAStream {
        /// The parser's message about the line.
        reason: String,
    },
    /// The stream has another version.
    #[error(
        "the raw-row stream has version {found}, and this Decant reads version {VERSION}; reload or update it"
    )]
    Version {
        /// The version of the stream.
        found: u64,
    },
    /// The header contradicts itself.
    #[error("the header of the raw-row stream is wrong: {reason}")]
    Header {
        /// The contradiction in the header.
        reason: String,
    },
    /// The first line is longer than any header.
    #[error("the header of the raw-row stream is longer than {HEADER_BYTES_MAX} bytes")]
    HeaderTooLong,
    /// A row is longer than any row may be.
    #[error("row {row} is longer than {ROW_BYTES_MAX} bytes; leave out its longest column")]
    RowTooLong {
        /// The number of that row.
        row: u64,
    },
    /// A line begins with a backslash and a character that neither COPY nor this version puts there.
    #[error(
        "the line at row {row} is a control line that this version of Decant does not know; reload or update it"
    )]
    UnknownControl {
        /// The number that the next row would have.
        row: u64,
    },
    /// The JSON of a control line is invalid.
    #[error("the control line at row {row} cannot be read: {reason}")]
    ControlJson {
        /// The number that the next row would have.
        row: u64,
        /// The message of the JSON parser.
        reason: String,
    },
    /// The number of cells in a row differs from the number of columns.
    #[error("row {row} has {found} cells where the header has {expected} columns")]
    Cells {
        /// The number of that row.
        row: u64,
        /// Number of columns in the header.
        expected: usize,
        /// Number of cells in the row.
        found: usize,
    },
    /// The number of rows differs from that in the end record.
    #[error(
        "the end record announces {said} rows, but {came} came: the export is incomplete; start it again"
    )]
    EndRows {
        /// The number in the end record.
        said: u64,
        /// The number that came.
        came: u64,
    },
    /// The number of bytes differs from that in the end record.
    #[error("the end record announces {said} bytes, but {came} came: the export is damaged; start it again")]
    EndBytes {
        /// The number in the end record.
        said: u64,
        /// The number that came.
        came: u64,
    },
    /// The digest of the rows differs from that in the end record.
    #[error(
        "the digest of the rows differs from that in the end record: the export is damaged; start it again"
    )]
    EndDigest,
    /// Bytes follow the last line.
    #[error("there are bytes after the end of the raw-row stream")]
    AfterEnd,
}
