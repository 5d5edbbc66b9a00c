//! Reads a dump to its end without unpacking it.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::PathBuf;

use tokio::task::spawn_blocking;
use wasm_export::dump::{Archive, DumpError, Summary, Toc};

/// Why a dump cannot be used.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub enum BadArchive {
    /// Not a dump, or not complete.
    Dump(#[from] DumpError),
    Input(#[from] io::Error),
}

/// A dump that has been read to its end.
#[derive(Debug)]
pub struct WholeArchive {
    /// The table of contents.
    pub toc: Toc,
    pub summary: Summary,
}

/// Reads a dump to its end in a thread of its own.
///
/// # Errors
/// [`BadArchive`].
pub async fn read_file(path: PathBuf) -> Result<WholeArchive, BadArchive> {
    let reading = spawn_blocking(move || read(BufReader::with_capacity(1 << 20, File::open(path)?)));
    reading.await.expect("reading neither panics nor is cancelled")
}

/// Reads a dump to its end.
///
/// # Errors
/// [`BadArchive`].
///
/// # Panics
/// Never: an archive that is read to its end has a table of contents.
pub fn read(mut input: impl BufRead) -> Result<WholeArchive, BadArchive> {
    let mut archive = Archive::new();
    loop {
        let bytes = input.fill_buf()?;
        if bytes.is_empty() {
            let summary = archive.finish()?;
            let toc = archive
                .toc()
                .expect("an archive that is read to its end has a table of contents");
            return Ok(WholeArchive {
                toc: toc.clone(),
                summary,
            });
        }
        archive.push(bytes)?;
        let length = bytes.len();
        input.consume(length);
    }
}
