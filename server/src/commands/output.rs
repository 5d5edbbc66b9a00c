//! Output files of commands. A file gets its name when it is complete; after an error it is removed.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use wasm_export::format_from_file_name;
use wasm_export::options::{Compression, Format};

use super::partial_file::PartialFile;
use super::standard_streams::closed_pipe;

/// The output of a command.
pub enum OutputFile {
    Stdout(io::Stdout),
    /// A pipe or a device.
    Stream {
        output: File,
        path: PathBuf,
    },
    File(PartialFile),
}

#[derive(Debug, thiserror::Error)]
#[error("{path} cannot be written: {source}")]
pub struct OutputError {
    path: PathBuf,
    source: io::Error,
}

#[derive(Debug, thiserror::Error)]
#[error(
    "{name} does not have the extension of a format ({}); set the format, or choose another name",
    endings()
)]
pub struct UnknownEnding {
    name: String,
}

fn endings() -> String {
    let endings: Vec<_> = Format::ALL
        .iter()
        .map(|format| format!(".{}", format.extension()))
        .collect();
    endings.join(", ")
}

/// Adds the format and the compression of the file's name, `usage.jsonl.gz`, unless they were chosen.
///
/// # Errors
/// [`UnknownEnding`] if the name has an unknown extension and no format was chosen.
pub fn with_name(
    mut chosen: Vec<(String, String)>,
    path: &Path,
) -> Result<Vec<(String, String)>, UnknownEnding> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let is_chosen = |option: &str| chosen.iter().any(|(chosen, _)| chosen == option);
    let (has_format, has_compression) = (is_chosen("format"), is_chosen("compression"));
    let (format, compression) = format_from_file_name(&name);
    if !has_format {
        match format {
            Some(format) => chosen.push(("format".to_owned(), format.to_string())),
            None => check_ending(&name)?,
        }
    }
    if !has_compression {
        chosen.push(("compression".to_owned(), compression.to_string()));
    }
    Ok(chosen)
}

fn check_ending(name: &str) -> Result<(), UnknownEnding> {
    let (_, stem) = Compression::from_file_name(name);
    match Path::new(stem).extension() {
        None => Ok(()),
        Some(_) => Err(UnknownEnding {
            name: name.to_owned(),
        }),
    }
}

impl OutputFile {
    /// Opens the file, `-` for standard output. A pipe or a device is written in place.
    pub fn open(path: &Path) -> Result<Self, OutputError> {
        Self::open_with(path, OpenOptions::new())
    }

    /// As [`open`](Self::open); only this user may read a new file. A dump has every secret of the database.
    pub fn open_private(path: &Path) -> Result<Self, OutputError> {
        let mut options = OpenOptions::new();
        options.mode(0o600);
        Self::open_with(path, options)
    }

    fn open_with(path: &Path, mut options: OpenOptions) -> Result<Self, OutputError> {
        if path == Path::new("-") {
            return Ok(Self::Stdout(io::stdout()));
        }
        // The target of a symbolic link is replaced, and not the link.
        let path = &fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        if fs::metadata(path).is_ok_and(|found| !found.is_file()) {
            // A rename would replace a device or a pipe by a file. Opening a folder fails here.
            let output = OpenOptions::new().write(true).open(path);
            let output = output.map_err(|source| failed(path, source))?;
            let path = path.clone();
            return Ok(Self::Stream { output, path });
        }
        let file = PartialFile::create(path, &mut options).map_err(|source| failed(path, source))?;
        Ok(Self::File(file))
    }

    pub fn write(&mut self, bytes: &[u8]) -> Result<(), OutputError> {
        match self {
            Self::Stdout(stdout) => stdout.write_all(bytes).map_err(stdout_failed),
            Self::Stream { output, path } => output.write_all(bytes).map_err(|source| failed(path, source)),
            Self::File(part) => part.write(bytes).map_err(|source| failed(part.path(), source)),
        }
    }

    /// Flushes the output and gives a file its name.
    pub fn finish(&mut self) -> Result<(), OutputError> {
        match self {
            Self::Stdout(stdout) => stdout.flush().map_err(stdout_failed),
            Self::Stream { output, path } => output.flush().map_err(|source| failed(path, source)),
            Self::File(part) => part.complete().map_err(|source| failed(part.path(), source)),
        }
    }
}

fn stdout_failed(source: io::Error) -> OutputError {
    failed("standard output", closed_pipe(source))
}

fn failed(path: impl AsRef<Path>, source: io::Error) -> OutputError {
    OutputError {
        path: path.as_ref().to_owned(),
        source,
    }
}
