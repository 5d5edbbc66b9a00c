//! Errors about damage in a packed file.

use std::io;

/// Returns an error about damage in the file that is read.
pub(super) fn damaged(what: impl Into<String>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what.into())
}

/// Turns the end of the input, which is an error within a packed file, into one about damage.
pub(super) fn broken_off(error: io::Error) -> io::Error {
    if error.kind() == io::ErrorKind::UnexpectedEof {
        damaged("the packed file breaks off")
    } else {
        error
    }
}
