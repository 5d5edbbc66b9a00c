//! The error of all readers.

use std::io;

/// Why a file cannot be read back.
#[derive(Debug, thiserror::Error)]
pub enum ReadBackError {
    /// The file is not well formed, or `Rows` refused a row. Line and column are counted from 1 in the decompressed
    /// file, columns in characters.
    #[error("line {line}, column {column}: {what}")]
    Content {
        /// Line of the fault, from 1.
        line: u64,
        /// Column of the fault, in characters from 1.
        column: u64,
        /// The fault, in words.
        what: String,
    },
    /// The file cannot be read, or its compression is damaged.
    #[error(transparent)]
    Input(#[from] io::Error),
}
