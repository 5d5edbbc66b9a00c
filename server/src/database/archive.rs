//! Reads a dump to its end without unpacking it.

use std::io::{self, BufRead};

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
