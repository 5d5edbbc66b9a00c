//! The events of a stream.

use memchr::memchr_iter;

use super::control::{End, Problem};
use super::error::ReadError;
use super::header::Header;

/// The next part of a stream.
#[derive(Debug, PartialEq)]
pub enum Event<'a> {
    /// The header, once, before any row.
    Header(&'a Header),
    /// A row, without its newline.
    Row(Row<'a>),
    /// The export failed on the server. No event follows.
    Failed(Problem),
    /// The end record, which agrees with the rows. No event follows.
    End(End),
}

/// One row as PostgreSQL wrote it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row<'a> {
    pub(super) line: &'a [u8],
    /// The number of the row, counted from 1.
    pub(super) number: u64,
    /// Number of columns in the header.
    pub(super) columns: usize,
}

impl<'a> Row<'a> {
    /// Returns the whole row without its newline.
    pub fn line(&self) -> &'a [u8] {
        self.line
    }

    /// Returns the number of the row in its stream, counted from 1.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// Returns the raw cells, as many as the header has columns.
    ///
    /// # Errors
    /// When the row has another number of cells.
    pub fn cells(&self) -> Result<impl Iterator<Item = &'a [u8]> + use<'a>, ReadError> {
        self.check_cells(memchr_iter(b'\t', self.line).count() + 1)?;
        Ok(self.line.split(|&byte| byte == b'\t'))
    }

    /// Compares a number of cells, which the caller has counted, with the header.
    ///
    /// # Errors
    /// When they differ.
    pub fn check_cells(&self, found: usize) -> Result<(), ReadError> {
        if found == self.columns {
            return Ok(());
        }
        Err(ReadError::Cells {
            row: self.number,
            expected: self.columns,
            found,
        })
    }
}
