//! Input files of commands.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};

use wasm_export::reading::{self, InputFormat, ReadBackError, ReadOptions, UnknownFormat};

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

/// Returns the format and the compression of a file by its name. A JSON file is read once for the keys of its rows;
/// standard input can be read only once, so there the keys of the first row are the columns.
///
/// # Errors
/// [`ReadOptionsError`].
pub fn read_options(path: &Path, format: Option<InputFormat>) -> Result<ReadOptions, ReadOptionsError> {
    let name = path.file_name().unwrap_or(path.as_os_str());
    let mut options = ReadOptions::from_file_name(&name.to_string_lossy(), format)?;
    if fs::metadata(path).is_ok_and(|found| found.is_file()) {
        let file = open(path)?;
        options.columns = reading::json_columns(file, &options).map_err(InputError::at(path))?;
    }
    Ok(options)
}

/// Why it is unknown how a file is read.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub enum ReadOptionsError {
    Format(#[from] UnknownFormat),
    Open(#[from] InputError<io::Error>),
    Read(#[from] InputError<ReadBackError>),
}
