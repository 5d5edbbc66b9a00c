//! BENCHMARKS.md: `make bench` writes it, and `make soak` writes its last section.

use std::path::{Path, PathBuf};
use std::{fs, io};

/// The heading of the section of the storm.
const STORM: &str = "## Background exports in a storm\n";

/// Writes the report of `make bench`, and keeps the section of the storm.
///
/// # Errors
/// The file cannot be read or written.
pub fn write_report(report: &str) -> io::Result<()> {
    let written = read()?;
    let storm = written.find(STORM).map_or("", |begin| &written[begin..]);
    write(report, storm)
}

/// Writes the section of the storm, and keeps the report.
///
/// # Errors
/// The file cannot be read or written.
pub fn write_storm(storm: &str) -> io::Result<()> {
    let written = read()?;
    let end = written.find(STORM).unwrap_or(written.len());
    write(&written[..end], &format!("{STORM}\n{storm}"))
}

/// Returns the content of the file, or nothing without one.
fn read() -> io::Result<String> {
    match fs::read_to_string(path()) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(String::new()),
        read => read,
    }
}

fn write(report: &str, storm: &str) -> io::Result<()> {
    fs::write(path(), format!("{}\n\n{storm}", report.trim_end()))
}

/// Returns the path of BENCHMARKS.md.
#[must_use]
pub fn path() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../BENCHMARKS.md")
}
