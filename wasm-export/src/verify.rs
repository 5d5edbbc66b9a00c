//! Whether a file is well formed, and what is in it.

use std::io::BufRead;

use serde::Serialize;

use crate::reading::{self, Head, ReadBackError, ReadOptions, Refusal, Row, Rows};

/// What a well-formed file holds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Verified {
    /// How many rows.
    pub rows: u64,
    /// How many bytes, unpacked.
    pub bytes: u64,
    /// The names of its columns.
    pub columns: Vec<String>,
    /// How many cells of a CSV file, headings included, bear the strict guard's mark.
    pub guarded_cells: u64,
}

/// Reads a whole file.
///
/// # Errors
/// When it is not well formed; the error says where.
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

/// Keeps the names of the columns and lets the rows pass.
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
