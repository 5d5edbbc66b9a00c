//! The receiver of a file's columns and rows.

use super::row::{Head, Row};

/// Why columns or a row are refused. The reader adds their location.
pub type Refusal = String;

/// Receives the columns and rows of a file.
pub trait Rows {
    /// Receives the columns, once and before any row. A file without rows may have no columns.
    ///
    /// # Errors
    /// When they are refused.
    fn head(&mut self, head: &Head<'_>) -> Result<(), Refusal>;

    /// Receives a row with as many cells as there are columns.
    ///
    /// # Errors
    /// When it is refused.
    fn row(&mut self, row: &Row) -> Result<(), Refusal>;

    /// Receives the name of a part, in a file of a bundle. The columns and rows that follow are those of the part.
    ///
    /// # Errors
    /// By default always, because most receivers take one list of rows.
    fn part(&mut self, _name: &str) -> Result<(), Refusal> {
        Err("the file is a bundle of several parts, which cannot be converted".to_owned())
    }

    /// Receives the number of rows of the part that was named last.
    fn end_part(&mut self, _rows: u64) {}
}

/// Totals of a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Number of rows, headings excluded.
    pub rows: u64,
    /// Length in bytes, decompressed.
    pub bytes: u64,
    /// Number of CSV cells that the strict guard has marked.
    pub guarded: u64,
}
