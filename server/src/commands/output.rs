//! Where an export's bytes go. A file has its name only when it is whole; one that fails is removed.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use wasm_export::format_from_file_name;
use wasm_export::options::{Compression, Format};

/// A file in the making, or what has no name to be given.
pub enum OutputFile {
    /// Standard output, a pipe or a device.
    Stream {
        /// Takes the bytes.
        output: Box<dyn Write + Send>,
        /// What it is called.
        path: PathBuf,
    },
    /// `<path>.part`, until it is whole.
    File(Part),
}

/// A file that is not whole yet. Dropping it removes it.
pub struct Part {
    file: File,
    part: PathBuf,
    path: PathBuf,
    whole: bool,
}

/// Bytes that cannot be written.
#[derive(Debug, thiserror::Error)]
#[error("{path} cannot be written: {source}")]
pub struct OutputError {
    path: PathBuf,
    source: io::Error,
}

/// A name that says a format of which we make no files.
#[derive(Debug, thiserror::Error)]
#[error(
    "{name} ends as no format does that there is ({}): say which one it is to have, or name it otherwise",
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

/// What was chosen about a file, and where nothing was, what its name says: `usage.jsonl.gz`. So no file is another thing
/// than its name says, unless that was asked for.
///
/// # Errors
/// Its name says a format, but none that there is, and no other was chosen.
pub fn with_name(
    mut chosen: Vec<(String, String)>,
    path: &Path,
) -> Result<Vec<(String, String)>, UnknownEnding> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let is_chosen = |word: &str| chosen.iter().any(|(chosen, _)| chosen == word);
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
    /// `-` is standard output.
    pub fn open(path: &Path) -> Result<Self, OutputError> {
        if path == Path::new("-") {
            let (output, path) = (Box::new(io::stdout()), "standard output".into());
            return Ok(Self::Stream { output, path });
        }
        // A link stays one.
        let path = &fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        if fs::metadata(path).is_ok_and(|found| !found.is_file()) {
            // No file may take the place of a device or a pipe; a folder is refused here.
            let output = OpenOptions::new().write(true).open(path);
            let output = Box::new(output.map_err(|source| failed(path, source))?);
            let path = path.clone();
            return Ok(Self::Stream { output, path });
        }
        let mut part = path.as_os_str().to_owned();
        part.push(".part");
        let part = PathBuf::from(part);
        let file = File::create(&part).map_err(|source| failed(&part, source))?;
        Ok(Self::File(Part {
            file,
            part,
            path: path.to_owned(),
            whole: false,
        }))
    }

    /// Takes the next bytes.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), OutputError> {
        match self {
            Self::Stream { output, path } => output.write_all(bytes).map_err(|source| failed(path, source)),
            Self::File(part) => part
                .file
                .write_all(bytes)
                .map_err(|source| failed(&part.part, source)),
        }
    }

    /// Says that the bytes are whole: the file gets its name.
    pub fn finish(&mut self) -> Result<(), OutputError> {
        match self {
            Self::Stream { output, path } => output.flush().map_err(|source| failed(path, source)),
            Self::File(part) => part.name().map_err(|source| failed(&part.path, source)),
        }
    }
}

impl Part {
    /// On the disk before it has its name: a power cut must not leave a whole-looking file.
    fn name(&mut self) -> io::Result<()> {
        self.file.sync_all()?;
        fs::rename(&self.part, &self.path)?;
        self.whole = true;
        Ok(())
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        if !self.whole {
            let _ = fs::remove_file(&self.part);
        }
    }
}

fn failed(path: impl AsRef<Path>, source: io::Error) -> OutputError {
    OutputError {
        path: path.as_ref().to_owned(),
        source,
    }
}
