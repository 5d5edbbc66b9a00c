//! Input files of commands.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};

use wasm_export::reading::{InputFormat, ReadOptions, UnknownFormat};

const READ_BYTES: usize = 256 * 1024;

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
pub fn open(path: &Path) -> Result<Box<dyn BufRead>, InputError<io::Error>> {
    if path == Path::new("-") {
        return Ok(Box::new(io::stdin().lock()));
    }
    let file = File::open(path).map_err(InputError::at(path))?;
    Ok(Box::new(BufReader::with_capacity(READ_BYTES, file)))
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
