//! Checks the zip archive of a bundle: each CSV file, and the manifest that describes them.

use std::io::{self, BufRead, BufReader, Read};

use sha2::{Digest, Sha256};

use super::Verified;
use crate::format::bundle::csv::{MANIFEST, ReadManifest, hex};
use crate::options::{Compression, HeaderStyle};
use crate::reading::{self, Counts, Guarded, InputFormat, ReadBackError, ReadOptions, ReadPart, ZipArchive};

/// The longest manifest, in bytes.
const MANIFEST_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// Files are read in pieces of this size.
const PIECE_BYTES: usize = 64 * 1024;

/// Why an archive is not a whole bundle.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// The archive cannot be read, or is damaged.
    #[error(transparent)]
    Archive(#[from] io::Error),
    /// A file of it is not well formed.
    #[error("{file} in the archive: {error}")]
    File {
        /// The name in the archive.
        file: String,
        /// The reader's error.
        error: ReadBackError,
    },
    /// The manifest is missing or differs from the files.
    #[error("the manifest of the archive {0}")]
    Manifest(String),
}

/// A file of the archive as it was read.
struct Found {
    file: String,
    rows: u64,
    bytes: u64,
    sha256: String,
    guarded: u64,
}

/// Reads a whole archive. Returns `None` for one that contains a single file, which is no bundle.
///
/// # Errors
/// When a file is not well formed, or the manifest describes other files.
pub fn verify_archive(input: impl BufRead) -> Result<Option<Verified>, ArchiveError> {
    let mut archive = ZipArchive::new(input);
    let (mut found, mut manifest) = (Vec::new(), None);
    while let Some(name) = archive.next_file()? {
        if manifest.is_some() {
            return Err(manifest_error(format!("is not the last file: {name} follows")));
        }
        if name == MANIFEST {
            manifest = Some(read_manifest(&mut archive)?);
        } else if name.ends_with(".csv") {
            found.push(read_csv(name, &mut archive)?);
        } else if found.is_empty() {
            return Ok(None);
        } else {
            return Err(manifest_error(format!(
                "does not explain {name}, which is no CSV file"
            )));
        }
    }
    match (manifest, found.len()) {
        (Some(manifest), _) => compare(&manifest, &found).map(Some),
        (None, 0 | 1) => Ok(None),
        (None, _) => Err(manifest_error(
            "is missing: this is no bundle of Decant".to_owned(),
        )),
    }
}

fn manifest_error(problem: String) -> ArchiveError {
    ArchiveError::Manifest(problem)
}

fn read_manifest(archive: &mut impl Read) -> Result<ReadManifest, ArchiveError> {
    let mut text = Vec::new();
    archive.take(MANIFEST_BYTES_MAX).read_to_end(&mut text)?;
    serde_json::from_slice(&text).map_err(|error| manifest_error(format!("cannot be read: {error}")))
}

fn read_csv(file: String, archive: &mut impl Read) -> Result<Found, ArchiveError> {
    let options = ReadOptions {
        format: InputFormat::Csv,
        compression: Compression::None,
        delimiter: None,
        guarded: Guarded::default(),
        columns: Vec::new(),
    };
    let mut hashed = Hashed {
        input: archive,
        hash: Sha256::new(),
        bytes: 0,
    };
    let mut beginning = Vec::new();
    Read::take(&mut hashed, 4).read_to_end(&mut beginning)?;
    let counts = match beginning.as_slice() {
        // A file without rows and headings, which has a byte order mark at most.
        [] | [0xef, 0xbb, 0xbf] => Counts::default(),
        beginning => {
            let rest = BufReader::with_capacity(PIECE_BYTES, &mut hashed);
            let read = reading::columns(beginning.chain(rest), &options);
            let (_, counts) = read.map_err(|error| ArchiveError::File {
                file: file.clone(),
                error,
            })?;
            counts
        }
    };
    Ok(Found {
        file,
        rows: counts.rows,
        bytes: hashed.bytes,
        sha256: hex(&hashed.hash.finalize()),
        guarded: counts.guarded,
    })
}

fn compare(manifest: &ReadManifest, found: &[Found]) -> Result<Verified, ArchiveError> {
    let mut verified = Verified::default();
    for (at, part) in manifest.parts.iter().enumerate() {
        let Some(found) = found.get(at).filter(|found| found.file == part.file) else {
            return Err(manifest_error(format!("names {}, which is not there", part.file)));
        };
        // Without headings, the first row is read as them.
        let rows = match part.header {
            HeaderStyle::None => part.rows.saturating_sub(1),
            _ => part.rows,
        };
        for (what, said, is) in [
            ("rows", rows.to_string(), found.rows.to_string()),
            ("bytes", part.bytes.to_string(), found.bytes.to_string()),
            ("SHA-256", part.sha256.clone(), found.sha256.clone()),
        ] {
            if said != is {
                return Err(manifest_error(format!(
                    "says {said} of {} ({what}), but it has {is}",
                    part.file
                )));
            }
        }
        if verified.parts.iter().any(|known| known.name == part.part) {
            return Err(manifest_error(format!("names the part {} twice", part.part)));
        }
        verified.rows += part.rows;
        verified.bytes += found.bytes;
        verified.guarded_cells += found.guarded;
        verified.parts.push(ReadPart {
            name: part.part.clone(),
            rows: part.rows,
        });
    }
    if let Some(more) = found.get(manifest.parts.len()) {
        return Err(manifest_error(format!("does not name {}", more.file)));
    }
    let total = manifest.export_metadata.total_records;
    match (verified.parts.is_empty(), total == verified.rows) {
        (true, _) => Err(manifest_error("names no part".to_owned())),
        (false, true) => Ok(verified),
        (false, false) => Err(manifest_error(format!(
            "says {total} rows of all parts, but there are {}",
            verified.rows
        ))),
    }
}

/// Hashes what is read.
struct Hashed<R> {
    input: R,
    hash: Sha256,
    bytes: u64,
}

impl<R: Read> Read for Hashed<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let length = self.input.read(out)?;
        self.hash.update(&out[..length]);
        self.bytes += length as u64;
        Ok(length)
    }
}
