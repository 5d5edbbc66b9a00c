//! The location of a reader in a text.

use super::ReadBackError;

/// A line and a column, both from 1. Columns count characters.
#[derive(Clone, Copy, Debug)]
pub(super) struct Location {
    line: u64,
    column: u64,
}

impl Location {
    pub(super) fn start() -> Self {
        Self { line: 1, column: 1 }
    }

    /// Moves the location behind these bytes.
    #[inline]
    pub(super) fn pass(&mut self, bytes: &[u8]) {
        let last_line = match memchr::memrchr(b'\n', bytes) {
            None => bytes,
            Some(newline) => {
                self.line += memchr::memchr_iter(b'\n', &bytes[..=newline]).count() as u64;
                self.column = 1;
                &bytes[newline + 1..]
            }
        };
        // As signed numbers, the continuation bytes of UTF-8 are the lowest.
        self.column += last_line.iter().filter(|&&byte| byte as i8 >= -64).count() as u64;
    }

    /// Moves the location to the beginning of the next line, behind a line end that is no newline.
    pub(super) fn next_line(&mut self) {
        self.line += 1;
        self.column = 1;
    }

    pub(super) fn guarded(self) -> ReadBackError {
        ReadBackError::Guarded {
            line: self.line,
            column: self.column,
        }
    }

    pub(super) fn error(self, what: impl Into<String>) -> ReadBackError {
        ReadBackError::Content {
            line: self.line,
            column: self.column,
            what: what.into(),
        }
    }
}
