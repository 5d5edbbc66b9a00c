//! Checks whether a file is well formed.

use std::io::BufRead;

use serde::Serialize;

use crate::reading::{self, Head, ReadBackError, ReadOptions, Refusal, Row, Rows};

/// Contents of a well-formed file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Verified {
    /// Number of rows, headings excluded.
    pub rows: u64,
    /// Length in bytes, decompressed.
    pub bytes: u64,
    /// Names of the columns, in the file's order.
    pub columns: Vec<String>,
    /// Number of CSV cells, headings included, that the strict guard has marked.
    pub guarded_cells: u64,
}

/// Reads a whole file.
///
/// # Errors
/// When the file is not well formed. The error names line and column.
pub fn verify<'a>(input: impl BufRead + 'a, options: &ReadOptions) -> Result<Verified, ReadBackError> {
    let mut names = Names(Vec::new());
    let counts = reading::read(input, options, &mut names)?;
    Ok(Verified {
        rows: counts.rows,
        bytes: counts.bytes,
        columns: names.0,
        guarded_cells: counts.guarded,
    })
}

/// Collects the names of the columns, and ignores the rows.
struct Names(Vec<String>);

impl Rows for Names {
    fn head(&mut self, head: &Head<'_>) -> Result<(), Refusal> {
        self.0 = head.columns.iter().map(|column| column.name.clone()).collect();
        Ok(())
    }

    fn row(&mut self, _row: &Row) -> Result<(), Refusal> {
        Ok(())
    }
}
