//! Lines of a command on standard output and standard error. `println!` and `eprintln!` panic when a line cannot be written.

use std::error::Error;
use std::fmt::Display;
use std::io::{self, Write};

/// Shells return 128 plus the signal's number for a program that a signal has ended. SIGPIPE is 13.
pub const CLOSED_PIPE_EXIT_CODE: u8 = 128 + 13;

/// Standard output does not take a line.
#[derive(Debug, thiserror::Error)]
pub enum StdoutError {
    /// The reader needs no more, as `head` does. Nobody is to be told.
    #[error("the reader of standard output has ended")]
    ClosedPipe,
    #[error("standard output cannot be written: {0}")]
    Failed(io::Error),
}

/// Writes a line of the result to standard output.
///
/// # Errors
/// [`StdoutError`]
pub fn print(line: impl Display) -> Result<(), StdoutError> {
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "{line}")
        .and_then(|()| stdout.flush())
        .map_err(|error| match error.kind() {
            io::ErrorKind::BrokenPipe => StdoutError::ClosedPipe,
            _ => StdoutError::Failed(error),
        })
}

/// Marks an error of standard output for [`is_closed_pipe`], if its reader has ended.
pub fn closed_pipe(error: io::Error) -> io::Error {
    match error.kind() {
        io::ErrorKind::BrokenPipe => io::Error::new(error.kind(), StdoutError::ClosedPipe),
        _ => error,
    }
}

/// Returns whether a command failed because the reader of standard output has ended.
pub fn is_closed_pipe(error: &(dyn Error + 'static)) -> bool {
    if let Some(StdoutError::ClosedPipe) = error.downcast_ref() {
        return true;
    }
    // The source of an `io::Error` is not the error in it, but that one's source.
    let inner = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
    inner.is_some_and(|inner| is_closed_pipe(inner)) || error.source().is_some_and(is_closed_pipe)
}

/// Writes a line about the work to standard error. An error is ignored: the result does not depend on the line, and there is
/// no other place for it. A closed terminal takes none.
pub fn report(line: impl Display) {
    let _ = writeln!(io::stderr(), "{line}");
}
