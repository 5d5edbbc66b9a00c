//! What a stream says, piece by piece.

use memchr::memchr_iter;

use super::control::{End, Problem};
use super::error::ReadError;
use super::header::Header;

/// What comes next in a stream.
#[derive(Debug, PartialEq)]
pub enum Event<'a> {
    /// The header, once, before any row.
    Header(&'a Header),
    /// A row.
    Row(Row<'a>),
    /// The export failed on the server; nothing follows.
    Failed(Problem),
    /// The end record, which agrees with the rows; nothing follows.
    End(End),
}

/// One row as PostgreSQL wrote it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row<'a> {
    pub(super) line: &'a [u8],
    /// Counted from 1.
    pub(super) number: u64,
    /// How many cells it should have.
    pub(super) columns: usize,
}

impl<'a> Row<'a> {
    /// The whole row without its newline.
    #[must_use]
    pub fn line(&self) -> &'a [u8] {
        self.line
    }

    /// Its raw cells, as many as the header has columns.
    ///
    /// # Errors
    /// When there are more or fewer.
    pub fn cells(&self) -> Result<impl Iterator<Item = &'a [u8]> + use<'a>, ReadError> {
        self.check_cells(memchr_iter(b'\t', self.line).count() + 1)?;
        Ok(self.line.split(|&byte| byte == b'\t'))
    }

    /// Compares a number of cells that the caller has counted with the header.
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
