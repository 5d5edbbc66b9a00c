//! Where an export's bytes go. A file has its name only when it is whole; one that fails is removed.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use wasm_export::said_by_name;

/// Standard output, or a file in the making.
pub enum Target {
    /// Standard output.
    Standard(io::Stdout),
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
pub struct TargetError {
    path: PathBuf,
    source: io::Error,
}

/// What was chosen about a file, and where nothing was, what its name says: `usage.jsonl.gz`. So no file is another thing
/// than its name says, unless that was asked for.
#[must_use]
pub fn with_name(mut chosen: Vec<(String, String)>, path: &Path) -> Vec<(String, String)> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let (format, compression) = said_by_name(&name);
    let mut add = |word: &str, said: String| {
        if !chosen.iter().any(|(chosen, _)| chosen == word) {
            chosen.push((word.to_owned(), said));
        }
    };
    if let Some(format) = format {
        add("format", format.to_string());
    }
    add("compression", compression.to_string());
    chosen
}

impl Target {
    /// `-` is standard output.
    pub fn open(path: &Path) -> Result<Self, TargetError> {
        if path == Path::new("-") {
            return Ok(Self::Standard(io::stdout()));
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
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), TargetError> {
        match self {
            Self::Standard(output) => output
                .write_all(bytes)
                .map_err(|source| failed("standard output", source)),
            Self::File(part) => part
                .file
                .write_all(bytes)
                .map_err(|source| failed(&part.part, source)),
        }
    }

    /// Says that the bytes are whole: the file gets its name.
    pub fn finish(&mut self) -> Result<(), TargetError> {
        match self {
            Self::Standard(output) => output.flush().map_err(|source| failed("standard output", source)),
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

fn failed(path: impl AsRef<Path>, source: io::Error) -> TargetError {
    TargetError {
        path: path.as_ref().to_owned(),
        source,
    }
}
