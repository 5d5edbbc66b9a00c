//! Reads the values of an archive from bytes that may end anywhere.
//!
//! PostgreSQL writes these values in `WriteInt`, `WriteStr` and `WriteOffset` of
//! `src/bin/pg_dump/pg_backup_archiver.c`.

use super::error::{DumpError, Fault};
use super::limits::ITEM_BYTES_MAX;

/// The reason why reading stops.
pub(super) enum Stop {
    /// The item is incomplete. It has at least `needed` bytes.
    Incomplete { needed: usize },
    /// The item is not valid at this point of an archive.
    Fault(Fault),
    /// The file as a whole cannot be read.
    Refused(DumpError),
}

impl From<Fault> for Stop {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl From<DumpError> for Stop {
    fn from(error: DumpError) -> Self {
        Self::Refused(error)
    }
}

/// Lengths of the archive's numbers in bytes, which its header contains.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sizes {
    pub(super) integer: usize,
    pub(super) offset: usize,
}

/// Reads value after value of one item. A value that is incomplete stops with [`Stop::Incomplete`].
pub(super) struct Fields<'a> {
    bytes: &'a [u8],
    at: usize,
    sizes: Sizes,
}

impl<'a> Fields<'a> {
    pub(super) fn new(bytes: &'a [u8], sizes: Sizes) -> Self {
        Self { bytes, at: 0, sizes }
    }

    /// Returns the number of bytes read.
    pub(super) fn position(&self) -> usize {
        self.at
    }

    pub(super) fn sizes(&self) -> Sizes {
        self.sizes
    }

    /// Sets the lengths of the numbers that follow.
    pub(super) fn resize(&mut self, sizes: Sizes) {
        self.sizes = sizes;
    }

    pub(super) fn take(&mut self, length: usize) -> Result<&'a [u8], Stop> {
        let needed = self.at.saturating_add(length);
        if needed > ITEM_BYTES_MAX {
            return Err(Fault::TooLong.into());
        }
        let taken = self
            .bytes
            .get(self.at..needed)
            .ok_or(Stop::Incomplete { needed })?;
        self.at = needed;
        Ok(taken)
    }

    pub(super) fn byte(&mut self) -> Result<u8, Stop> {
        self.take(1).map(|byte| byte[0])
    }

    /// Reads a sign and a number. A number that does not fit becomes the largest that does, which no caller accepts.
    pub(super) fn integer(&mut self) -> Result<i64, Stop> {
        let sign = self.byte()?;
        let number = little_endian(self.take(self.sizes.integer)?);
        let number = i64::try_from(number).unwrap_or(i64::MAX);
        match sign {
            0 => Ok(number),
            1 => Ok(-number),
            _ => Err(Fault::number("the sign of a number", sign.into()).into()),
        }
    }

    /// Reads an offset in the file.
    pub(super) fn offset(&mut self) -> Result<u64, Stop> {
        self.take(self.sizes.offset).map(little_endian)
    }

    /// Reads a text or its absence. The text has the encoding of the database. Bytes that are not UTF-8 become
    /// U+FFFD.
    pub(super) fn text(&mut self) -> Result<Option<String>, Stop> {
        let bytes = self.raw_text()?;
        Ok(bytes.map(|bytes| String::from_utf8_lossy(bytes).into_owned()))
    }

    /// Skips a text. Returns whether there was one.
    pub(super) fn skip_text(&mut self) -> Result<bool, Stop> {
        self.raw_text().map(|bytes| bytes.is_some())
    }

    fn raw_text(&mut self) -> Result<Option<&'a [u8]>, Stop> {
        let length = self.integer()?;
        if length == -1 {
            return Ok(None);
        }
        let length = usize::try_from(length).map_err(|_| Fault::number("the length of a text", length))?;
        self.take(length).map(Some)
    }
}

/// Returns the number in at most eight bytes.
fn little_endian(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .rev()
        .fold(0, |number, &byte| number << 8 | u64::from(byte))
}
