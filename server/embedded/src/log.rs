//! What the private PostgreSQL says: appended to a file, quoted where it did not start.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// From this size on, the next start begins a new file and keeps the old one as `postgres.log.old`.
const SIZE_MAX_BYTES: u64 = 4 << 20;
const TAIL_LINES: usize = 12;
const TAIL_MAX_BYTES: u64 = 4096;

/// Opens the log for PostgreSQL to write to.
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

/// The last lines of the log.
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
