//! A dump's archive, read from its beginning to its end without unpacking it.

use std::io::{self, BufRead};

use wasm_export::dump::{Archive, DumpError, Summary, Toc};

/// Why a dump is not good.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub enum BadArchive {
    /// It is not whole, or no dump.
    Dump(#[from] DumpError),
    /// Its bytes cannot be had.
    Input(#[from] io::Error),
}

/// A whole archive.
#[derive(Debug)]
pub struct Whole {
    /// Its entries.
    pub toc: Toc,
    /// What people want to know of it.
    pub summary: Summary,
}

/// Reads a whole archive.
///
/// # Errors
/// [`BadArchive`].
///
/// # Panics
/// Never: an archive that is whole has its table of contents.
pub fn read(mut input: impl BufRead) -> Result<Whole, BadArchive> {
    let mut archive = Archive::new();
    loop {
        let bytes = input.fill_buf()?;
        if bytes.is_empty() {
            let summary = archive.finish()?;
            let toc = archive
                .toc()
                .expect("an archive that is whole has its table of contents");
            return Ok(Whole {
                toc: toc.clone(),
                summary,
            });
        }
        archive.push(bytes)?;
        let length = bytes.len();
        input.consume(length);
    }
}
