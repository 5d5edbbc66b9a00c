//! Errors about damage in a packed file.

use std::io;

/// Returns an error for damage in the file.
pub(super) fn damaged(what: impl Into<String>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what.into())
}

/// Converts an unexpected end of the input, which within a packed file is damage.
pub(super) fn broken_off(error: io::Error) -> io::Error {
    if error.kind() == io::ErrorKind::UnexpectedEof {
        damaged("the compressed file ends too early")
    } else {
        error
    }
}
