//! The log of the private PostgreSQL: appended to a file, and quoted in the error of a failed start.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// The next start renames a larger file to `postgres.log.old` and begins a new one.
const SIZE_MAX_BYTES: u64 = 4 << 20;
const TAIL_LINES: usize = 12;
const TAIL_MAX_BYTES: u64 = 4096;

/// Opens the log for appending, readable by its owner only.
pub(crate) fn open(path: &Path) -> io::Result<File> {
    if fs::metadata(path).is_ok_and(|log| log.len() > SIZE_MAX_BYTES) {
        fs::rename(path, path.with_extension("log.old"))?;
    }
    OpenOptions::new()
        .append(true)
        .create(true)
        .mode(0o600)
        .open(path)
}

/// Returns the last lines of the log, or why it cannot be read.
pub(crate) fn tail(path: &Path) -> String {
    let mut end = Vec::new();
    let read = File::open(path).and_then(|mut log| {
        let start = log.metadata()?.len().saturating_sub(TAIL_MAX_BYTES);
        log.seek(SeekFrom::Start(start))?;
        log.read_to_end(&mut end)
    });
    if let Err(error) = read {
        return format!("(it cannot be read: {error})");
    }
    let end = String::from_utf8_lossy(&end);
    let lines: Vec<&str> = end.lines().collect();
    lines[lines.len().saturating_sub(TAIL_LINES)..].join("\n")
}
