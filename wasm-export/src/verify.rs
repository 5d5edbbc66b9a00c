//! Checks whether a file is well formed.

mod archive;
mod written;

use std::io::BufRead;

use serde::Serialize;

use crate::reading::{self, ReadBackError, ReadOptions, ReadPart};

pub use archive::{ArchiveError, verify_archive};
pub use written::{RowCount, count_rows};

/// Contents of a well-formed file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Verified {
    /// Number of rows, headings excluded.
    pub rows: u64,
    /// Length in bytes, decompressed.
    pub bytes: u64,
    /// Names of the columns, in the file's order. A bundle has none, but parts.
    pub columns: Vec<String>,
    /// Number of CSV cells, headings included, that the strict guard has marked.
    pub guarded_cells: u64,
    /// The parts, if the file is of a bundle.
    pub parts: Vec<ReadPart>,
}

/// Reads a whole file.
///
/// # Errors
/// When the file is not well formed. The error names line and column.
pub fn verify<'a>(input: impl BufRead + 'a, options: &ReadOptions) -> Result<Verified, ReadBackError> {
    let (columns, parts, counts) = reading::columns_and_parts(input, options)?;
    Ok(Verified {
        rows: counts.rows,
        bytes: counts.bytes,
        columns,
        guarded_cells: counts.guarded,
        parts,
    })
}
