//! What can be wrong with a raw-row stream.

use super::limits::{HEADER_BYTES_MAX, ROW_BYTES_MAX, VERSION};

/// The bytes are not a raw-row stream that this crate can read. Rows are counted from 1.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// The first line is something else: a page of a proxy, perhaps.
    #[error("this is not a raw-row stream: its first line is not a header ({reason})")]
    NotAStream {
        /// What was missed in it.
        reason: String,
    },
    /// The stream is of a version this crate does not know.
    #[error(
        "the raw-row stream has version {found}, and this Decant reads version {VERSION}; reload or update it"
    )]
    Version {
        /// The version it has.
        found: u64,
    },
    /// The header contradicts itself.
    #[error("the header of the raw-row stream is wrong: {reason}")]
    Header {
        /// In what.
        reason: String,
    },
    /// The first line does not end.
    #[error("the header of the raw-row stream is longer than {HEADER_BYTES_MAX} bytes")]
    HeaderTooLong,
    /// A row does not end.
    #[error("row {row} is longer than {ROW_BYTES_MAX} bytes; leave out its longest column")]
    RowTooLong {
        /// Which.
        row: u64,
    },
    /// A line begins with a backslash and a character that neither COPY nor this version puts there.
    #[error("the line at row {row} is a control line that this Decant does not know; reload or update it")]
    UnknownControl {
        /// The row that would have come there.
        row: u64,
    },
    /// A control line's JSON cannot be read.
    #[error("the control line at row {row} cannot be read: {reason}")]
    ControlJson {
        /// The row that would have come there.
        row: u64,
        /// What the JSON reader says.
        reason: String,
    },
    /// A row has more or fewer cells than the header has columns.
    #[error("row {row} has {found} cells where the header has {expected} columns")]
    Cells {
        /// Which row.
        row: u64,
        /// The number of columns.
        expected: usize,
        /// The number of its cells.
        found: usize,
    },
    /// The end record names another number of rows.
    #[error(
        "the end record speaks of {said} rows and {came} came: the export is not complete; start it again"
    )]
    EndRows {
        /// What the end record says.
        said: u64,
        /// What came.
        came: u64,
    },
    /// The end record names another number of bytes.
    #[error("the end record speaks of {said} bytes and {came} came: the export is damaged; start it again")]
    EndBytes {
        /// What the end record says.
        said: u64,
        /// What came.
        came: u64,
    },
    /// The rows are not those that the server sent.
    #[error("the rows do not have the digest of the end record: the export is damaged; start it again")]
    EndDigest,
    /// There are bytes after the end.
    #[error("there are bytes after the end of the raw-row stream")]
    AfterEnd,
}
