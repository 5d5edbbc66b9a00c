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
    /// A JSON row has a key that the first row does not have, and [`ReadOptions::columns`](super::ReadOptions::columns) does
    /// not name it.
    #[error(
        "line {line}, column {column}: the row has a key `{key}` that the first row does not have. Only a file can be read \
         again with all keys"
    )]
    NewKey {
        /// Line of the key, from 1.
        line: u64,
        /// Column of the key, in characters from 1.
        column: u64,
        /// The key.
        key: String,
    },
    /// A cell has a mark of the guard against formulas, and [`Guarded::Refused`](super::Guarded::Refused) was chosen.
    #[error(
        "line {line}, column {column}: the cell has a mark `'` of the guard against formulas. Choose whether the marks \
         are removed or stay as text"
    )]
    Guarded {
        /// Line of the cell, from 1.
        line: u64,
        /// Column of the cell, in characters from 1.
        column: u64,
    },
    /// The file is not UTF-8 by its first bytes.
    #[error(
        "the file is {0}, and only UTF-8 is read. Convert it first, for example with `iconv -f {0} -t UTF-8`"
    )]
    Encoding(&'static str),
    /// The file cannot be read, or its compression is damaged.
    #[error(transparent)]
    Input(#[from] io::Error),
}
