//! The formats: one file each, all with the same small trait.

mod block;
mod columns;
mod csv;
mod dialect;
pub mod guard;
mod repeats;
mod scan;

pub use columns::{ColumnError, chosen_columns, heading};

use crate::options::{Format, Options};
use crate::rows::{Header, ReadError, Row};

/// Makes a file of one format, row by row. Everything is appended to `out`; nothing is ever taken back.
pub trait FileFormat: Send {
    /// Writes what comes before the rows.
    fn begin(&mut self, out: &mut Vec<u8>);

    /// Writes one row.
    ///
    /// # Errors
    /// When the row does not have the header's number of cells. Nothing is written then.
    fn row(&mut self, row: &Row<'_>, out: &mut Vec<u8>) -> Result<(), ReadError>;

    /// Writes what comes after the rows.
    fn finish(&mut self, out: &mut Vec<u8>);
}

/// The format that the options name, for the columns at these positions of the header.
#[must_use]
pub fn new(header: &Header, positions: &[usize], options: &Options) -> Box<dyn FileFormat> {
    match options.format {
        Format::Csv => Box::new(csv::Csv::new(header, positions, options)),
    }
}
