//! Input files of commands.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};

use wasm_export::reading::{InputFormat, ReadOptions, UnknownFormat};

use crate::storage::encryption::is_encrypted;

const READ_BYTES: usize = 256 * 1024;

const ENCRYPTED: &str = "it is encrypted in the format age. `decant restore` decrypts a dump itself, `decant backups fetch` \
                         a backup and `decant cleanup restore` an archive; the program `age` decrypts any of them";

#[derive(Debug, thiserror::Error)]
#[error("{}: {source}", path.display())]
pub struct InputError<E: std::error::Error + 'static> {
    path: PathBuf,
    source: E,
}

impl<E: std::error::Error> InputError<E> {
    /// Returns a function that adds the path to an error, for `map_err`.
    pub fn at(path: &Path) -> impl FnOnce(E) -> Self {
        move |source| Self {
            path: path.to_owned(),
            source,
        }
    }
}

/// Opens a file; `-` is standard input.
///
/// # Errors
/// The file cannot be read, or it is encrypted.
pub fn open(path: &Path) -> Result<Box<dyn BufRead>, InputError<io::Error>> {
    let mut input: Box<dyn BufRead> = match path == Path::new("-") {
        true => Box::new(io::stdin().lock()),
        false => {
            let file = File::open(path).map_err(InputError::at(path))?;
            Box::new(BufReader::with_capacity(READ_BYTES, file))
        }
    };
    match input.fill_buf() {
        Ok(beginning) if is_encrypted(beginning) => Err(InputError::at(path)(io::Error::other(ENCRYPTED))),
        // The reader meets an error again.
        _ => Ok(input),
    }
}

/// Returns the format and the compression of a file by its name.
///
/// # Errors
/// If neither its name nor `format` names a format.
pub fn read_options(path: &Path, format: Option<InputFormat>) -> Result<ReadOptions, UnknownFormat> {
    let name = path.file_name().unwrap_or(path.as_os_str());
    ReadOptions::from_file_name(&name.to_string_lossy(), format)
}

/// Returns whether the file can be read a second time.
pub fn can_be_read_again(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|found| found.is_file())
}
