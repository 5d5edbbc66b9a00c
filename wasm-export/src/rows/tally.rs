//! Totals of the rows, which the end record is compared with.

use super::control::{Digest, End};
use super::error::ReadError;

/// Totals of the rows so far.
#[derive(Default)]
pub(super) struct Tally {
    pub(super) rows: u64,
    pub(super) bytes: u64,
    digest: Digest,
    last_row: Vec<u8>,
}

impl Tally {
    /// Adds the bytes of rows that the caller has counted, newlines included. The last row begins at
    /// `last_row_start`. One call for many rows is much faster than a call for each.
    pub(super) fn take(&mut self, rows: &[u8], last_row_start: usize) {
        self.bytes += rows.len() as u64;
        self.digest.update(rows);
        self.last_row.clear();
        self.last_row
            .extend_from_slice(&rows[last_row_start..rows.len() - 1]);
    }

    /// Returns the last row without its newline.
    pub(super) fn last_row(&self) -> Option<&[u8]> {
        (self.rows > 0).then_some(self.last_row.as_slice())
    }

    pub(super) fn check(&self, end: &End) -> Result<(), ReadError> {
        if end.rows != self.rows {
            return Err(ReadError::EndRows {
                said: end.rows,
                came: self.rows,
            });
        }
        if end.bytes != self.bytes {
            return Err(ReadError::EndBytes {
                said: end.bytes,
                came: self.bytes,
            });
        }
        if end.digest != self.digest.hex() {
            return Err(ReadError::EndDigest);
        }
        Ok(())
    }
}
