//! Archives in the storage: rows of the log as PostgreSQL's CSV, compressed by gzip and encrypted like backups. A manifest
//! beside each file contains the number of rows and the checksum of the file.
//!
//! A file without a manifest is no archive. The manifest is written after the file has been read back from the storage. The
//! first two columns are the row's `id` and `xmin`, the transaction that wrote this version of the row: only versions that
//! are in the file are deleted.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use api::cleanup::ArchiveManifest;
use csv::ByteRecord;
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use jiff::Timestamp;
use serde_json::json;
use tokio::sync::mpsc;
use tokio::task::spawn_blocking;
use uuid::Uuid;

use super::request::Conditions;
use crate::database::temporary_files::{TemporaryFile, TemporaryFolder};
use crate::free_space::CHECK_EVERY;
use crate::storage::encrypted::{ReadError, StoredFile, read_encrypted, write_encrypted};
use crate::storage::encryption::Accept;
use crate::storage::hashing::HashingStream;
use crate::storage::manifest::ManifestError;
use crate::storage::{PutIf, Storage, StorageError};

/// The file name extension of an archive.
const EXTENSION: &str = ".csv.gz";

/// The first columns: they identify a version of a row.
const VERSION: [&str; 2] = ["id", "xmin"];

/// How many batches are read in advance.
const BATCHES_AHEAD: usize = 2;

const PIECE_BYTES: usize = 256 * 1024;

/// The version of the manifest's format.
const FORMAT_VERSION: u32 = 1;

/// The folder in the storage.
pub const FOLDER: &str = "logs";

/// The archives in the storage.
#[derive(Clone, Debug)]
pub struct Archives {
    storage: Storage,
    temporary_files: TemporaryFolder,
}

/// A version of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Version {
    pub id: i64,
    pub xmin: i64,
}

/// The content of an archive that was read to its end.
pub(super) struct Content {
    columns: Vec<String>,
    pub rows: u64,
    pub sha256: String,
}

/// Why an archive cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BadArchive {
    #[error("it cannot be read or written: {0}")]
    Io(#[from] io::Error),
    #[error("it is no such CSV: {0}")]
    Csv(#[from] csv::Error),
    #[error("its first columns are not `id` and `xmin`")]
    Columns,
    #[error("row {0} has no id")]
    Row(u64),
    #[error("it has {found} rows, and {expected} were to go into it")]
    Rows { expected: u64, found: u64 },
    #[error("its bytes are not those that were written")]
    Bytes,
    #[error("its manifest cannot be used: {0}")]
    Manifest(String),
    #[error(
        "its manifest {file} cannot be read: {problem}. A clean-up writes it beside the archive, and a copy of the archive needs \
         it, too"
    )]
    NoManifest { file: String, problem: String },
    #[error(
        "its manifest was not written with the secret of this storage, so an older version of Decant, another machine or another \
         passphrase made it, or somebody has replaced it; if you know that the file is yours, add --unverified"
    )]
    Unverified,
    #[error(
        "it has rows of the database `{found}`, and this is `{here}`; to insert them here nevertheless, add \
         --of-another-database"
    )]
    OtherDatabase { found: String, here: String },
    #[error(transparent)]
    Storage(#[from] StorageError),
    #[error(transparent)]
    Read(#[from] ReadError),
}

impl Archives {
    /// Returns the archives of this storage. An archive is a temporary file until it is complete.
    #[must_use]
    pub fn new(storage: Storage, temporary_files: TemporaryFolder) -> Self {
        Self {
            storage,
            temporary_files,
        }
    }

    /// Returns the archive's path or URL, for display.
    #[must_use]
    pub fn location(&self, manifest: &ArchiveManifest) -> String {
        self.storage.location().describe_file(&path(&manifest.file))
    }

    /// Removes unfinished uploads that are older than `age`, which crashes have left. Returns their number.
    ///
    /// # Errors
    /// The storage cannot be read.
    pub fn sweep(&self, age: Duration) -> io::Result<usize> {
        self.storage.sweep(FOLDER, age)
    }

    /// Creates a temporary file for rows.
    pub(super) fn writer(&self) -> io::Result<ArchiveWriter> {
        let (file, output) = self.temporary_files.create("csv.gz")?;
        let packed = GzEncoder::new(HashingStream::new(output), Compression::fast());
        Ok(ArchiveWriter {
            file,
            packed,
            folder: self.temporary_files.clone(),
            unchecked: CHECK_EVERY,
        })
    }

    /// Stores a checked file, reads it back from the storage, and then writes its manifest.
    ///
    /// # Errors
    /// [`BadArchive`]; then the storage has no manifest for it.
    pub(super) async fn store(
        &self,
        file: &Path,
        description: ArchiveDescription<'_>,
    ) -> Result<ArchiveManifest, BadArchive> {
        let storage = &self.storage;
        let name = description.name(storage.encryption().suffix());
        let upload = storage.upload(&path(&name)).await?;
        let encryption = Arc::clone(storage.encryption());
        let mut input = File::open(file)?;
        let storing = spawn_blocking(move || {
            write_encrypted(upload, &encryption, |output| {
                io::copy(&mut input, output).map(drop)
            })
        });
        let stored = storing.await.map_err(io::Error::other)??;
        let manifest = description.manifest(name, stored);
        let described = async {
            check(storage, &manifest).await?;
            let name = path(&manifest_name(&manifest.file));
            Ok::<_, BadArchive>(storage.write_manifest(&name, &manifest, PutIf::Absent).await?)
        };
        if let Err(error) = described.await {
            // The storage has failed already, so an error of the removal adds nothing.
            let _ = storage.remove(&path(&manifest.file)).await;
            return Err(error);
        }
        Ok(manifest)
    }

    /// Decrypts an archive into a temporary file. `archive` is a path, or a name in the storage; the manifest lies beside it.
    /// With `unverified`, the manifest need not be authentic, and the archive need not be encrypted.
    ///
    /// # Errors
    /// [`BadArchive`]: it is missing, its bytes differ from the manifest, or it cannot be decrypted.
    pub(super) async fn fetch(
        &self,
        archive: &str,
        unverified: bool,
    ) -> Result<(ArchiveManifest, TemporaryFile), BadArchive> {
        let local = Path::new(archive);
        let (manifest, stored): (_, Box<dyn Read + Send>) = match File::open(local) {
            Ok(file) => {
                let manifest = manifest_name(archive);
                let manifest = fs::read(&manifest).map_err(|error| BadArchive::NoManifest {
                    file: manifest,
                    problem: error.to_string(),
                })?;
                (manifest, Box::new(file))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound && !archive.contains('/') => {
                let stored = self.storage.download(&path(archive)).await?;
                let manifest = self.storage.get(&path(&manifest_name(archive))).await;
                let manifest = manifest.map_err(|error| BadArchive::NoManifest {
                    file: manifest_name(archive),
                    problem: error.to_string(),
                })?;
                (manifest.to_vec(), Box::new(stored))
            }
            Err(error) => return Err(error.into()),
        };
        let manifest = self.storage.parse_manifest(&manifest).await?;
        let accept = match (unverified, manifest.is_authentic) {
            (true, _) => Accept::PLAINTEXT,
            (false, true) => Accept::OWN,
            (false, false) => return Err(BadArchive::Unverified),
        };
        let manifest = check_version(manifest.content)?;
        let (rows, mut file) = self.temporary_files.create("csv.gz")?;
        let (encryption, expected) = (Arc::clone(self.storage.encryption()), manifest.sha256.clone());
        let opening =
            spawn_blocking(move || read_encrypted(stored, &encryption, accept, &expected, &mut file));
        opening.await.map_err(io::Error::other)??;
        Ok((manifest, rows))
    }
}

/// Returns the path of an archive or a manifest in the storage.
fn path(name: &str) -> String {
    format!("{FOLDER}/{name}")
}

/// Returns the name of an archive's manifest: `logs_….json` for `logs_….csv.gz` and `logs_….csv.gz.age`.
fn manifest_name(archive: &str) -> String {
    let name = archive.strip_suffix(".age").unwrap_or(archive);
    format!("{}.json", name.strip_suffix(EXTENSION).unwrap_or(name))
}

/// Checks that the storage returns the bytes that were stored.
async fn check(storage: &Storage, manifest: &ArchiveManifest) -> Result<(), BadArchive> {
    let stored = storage.download(&path(&manifest.file)).await?;
    let reading = spawn_blocking(move || {
        let mut stored = HashingStream::new(stored);
        io::copy(&mut stored, &mut io::sink())?;
        Ok::<_, io::Error>(stored.finish().1)
    });
    let found = reading.await.map_err(io::Error::other)??;
    match found == manifest.sha256 {
        true => Ok(()),
        false => Err(BadArchive::Bytes),
    }
}

/// The facts about an archive's rows that its manifest records.
#[derive(Clone, Copy, Debug)]
pub(super) struct ArchiveDescription<'a> {
    pub database: &'a str,
    pub caller: &'a str,
    pub conditions: &'a Conditions,
    pub rows: u64,
}

impl ArchiveDescription<'_> {
    fn name(&self, ending: &str) -> String {
        let stamp = Timestamp::now().strftime("%Y-%m-%dT%H-%M-%S");
        // Another database with the same storage may make an archive in the same second.
        let unique = Uuid::new_v4().as_fields().0;
        format!("logs_{stamp}_{unique:08x}{EXTENSION}{ending}")
    }

    fn manifest(&self, file: String, stored: StoredFile) -> ArchiveManifest {
        ArchiveManifest {
            decant: FORMAT_VERSION,
            file,
            database: self.database.to_owned(),
            created: Timestamp::now(),
            caller: self.caller.to_owned(),
            conditions: json!(self.conditions),
            rows: self.rows,
            bytes: stored.bytes,
            sha256: stored.sha256,
        }
    }
}

fn check_version(manifest: ArchiveManifest) -> Result<ArchiveManifest, BadArchive> {
    match manifest.decant {
        FORMAT_VERSION => Ok(manifest),
        version => Err(BadArchive::Manifest(format!(
            "it is of version {version}, and this is {FORMAT_VERSION}"
        ))),
    }
}

impl From<ManifestError> for BadArchive {
    fn from(error: ManifestError) -> Self {
        match error {
            ManifestError::Storage(error) => Self::Storage(error),
            ManifestError::Json(error) => Self::Manifest(error.to_string()),
        }
    }
}

impl Content {
    /// Returns the names of the log's columns, not quoted; `id` is the first.
    pub fn columns(&self) -> impl Iterator<Item = &str> {
        let columns = self.columns.iter().map(String::as_str);
        columns.filter(|column| *column != "xmin")
    }

    /// Checks the number of rows and the checksum of the file.
    pub fn check(&self, rows: u64, sha256: &str) -> Result<(), BadArchive> {
        match self.sha256 == sha256 {
            true => self.check_rows(rows),
            false => Err(BadArchive::Bytes),
        }
    }

    /// Checks the number of rows.
    pub fn check_rows(&self, rows: u64) -> Result<(), BadArchive> {
        match self.rows == rows {
            true => Ok(()),
            false => Err(BadArchive::Rows {
                expected: rows,
                found: self.rows,
            }),
        }
    }
}

/// Writes the temporary file of an archive. Dropping it removes the file.
pub(super) struct ArchiveWriter {
    file: TemporaryFile,
    packed: GzEncoder<HashingStream<File>>,
    folder: TemporaryFolder,
    /// Bytes of rows since the free space was checked.
    unchecked: u64,
}

/// A temporary file that is on the disk, and the checksum of its bytes.
pub(super) struct Written {
    pub file: TemporaryFile,
    pub sha256: String,
}

impl ArchiveWriter {
    /// Writes bytes in a thread for blocking work, because a disk may be slow.
    pub async fn write(mut self, bytes: Vec<u8>) -> io::Result<Self> {
        let writing = spawn_blocking(move || {
            if self.unchecked >= CHECK_EVERY {
                let checked = self.folder.check_space(0);
                checked.map_err(|error| io::Error::new(io::ErrorKind::StorageFull, error))?;
                self.unchecked = 0;
            }
            self.unchecked += bytes.len() as u64;
            self.packed.write_all(&bytes).map(|()| self)
        });
        writing.await.map_err(io::Error::other)?
    }

    pub async fn finish(self) -> io::Result<Written> {
        let Self { file, packed, .. } = self;
        spawn_blocking(move || {
            let written = packed.finish()?;
            written.inner.sync_all()?;
            let (_, sha256) = written.finish();
            Ok(Written { file, sha256 })
        })
        .await
        .map_err(io::Error::other)?
    }
}

/// Reads an archive to its end. `on_progress` gets the number of rows so far, now and then.
///
/// # Errors
/// [`BadArchive`].
pub(super) async fn read(
    path: PathBuf,
    mut on_progress: impl FnMut(u64) + Send + 'static,
) -> Result<Content, BadArchive> {
    const ROWS_PER_CALL: u64 = 10_000;
    let reading = spawn_blocking(move || {
        let mut rows = 0;
        each_version(&path, |_| {
            rows += 1;
            if rows % ROWS_PER_CALL == 0 {
                on_progress(rows);
            }
            true
        })
    });
    reading.await.map_err(io::Error::other)?
}

/// Returns the versions of an archive's rows in batches of this size. The last batch is an error if the file was damaged.
pub(super) fn batches(path: PathBuf, rows_max: usize) -> mpsc::Receiver<Result<Vec<Version>, BadArchive>> {
    let (sender, batches) = mpsc::channel(BATCHES_AHEAD);
    spawn_blocking(move || {
        let mut batch = Vec::with_capacity(rows_max);
        let read = each_version(&path, |version| {
            batch.push(version);
            if batch.len() < rows_max {
                return true;
            }
            let full = std::mem::replace(&mut batch, Vec::with_capacity(rows_max));
            // When the receiver is gone, the rest is not read.
            sender.blocking_send(Ok(full)).is_ok()
        });
        let last = read.map(|_| batch);
        let _ = sender.blocking_send(last);
    });
    batches
}

/// Returns the decompressed bytes of an archive. The last piece is an error if they end too soon. Dropping the receiver ends
/// the reading.
pub(super) fn unpacked(path: PathBuf) -> mpsc::Receiver<io::Result<bytes::Bytes>> {
    let (sender, pieces) = mpsc::channel(BATCHES_AHEAD);
    spawn_blocking(move || {
        let reading = File::open(&path).and_then(|file| {
            let mut unpacked = GzDecoder::new(file);
            loop {
                let mut piece = vec![0; PIECE_BYTES];
                let read = unpacked.read(&mut piece)?;
                piece.truncate(read);
                // When the receiver is gone, the rest is not read.
                if read == 0 || sender.blocking_send(Ok(piece.into())).is_err() {
                    return Ok(());
                }
            }
        });
        if let Err(error) = reading {
            let _ = sender.blocking_send(Err(error));
        }
    });
    pieces
}

/// Calls `each` for the rows of an archive until it returns `false`.
///
/// # Errors
/// [`BadArchive`].
fn each_version(path: &Path, mut each: impl FnMut(Version) -> bool) -> Result<Content, BadArchive> {
    let mut reader = csv::Reader::from_reader(GzDecoder::new(HashingStream::new(File::open(path)?)));
    let columns: Vec<String> = reader.headers()?.iter().map(str::to_owned).collect();
    if !columns.iter().map(String::as_str).take(2).eq(VERSION) {
        return Err(BadArchive::Columns);
    }
    let mut row = ByteRecord::new();
    let mut rows = 0;
    while reader.read_byte_record(&mut row)? {
        rows += 1;
        let number = |at: usize| std::str::from_utf8(row.get(at)?).ok()?.parse().ok();
        let (Some(id), Some(xmin)) = (number(0), number(1)) else {
            return Err(BadArchive::Row(rows));
        };
        if !each(Version { id, xmin }) {
            break;
        }
    }
    // Bytes behind the compressed rows count for the checksum, too.
    let mut file = reader.into_inner().into_inner();
    io::copy(&mut file, &mut io::sink())?;
    let (_, sha256) = file.finish();
    Ok(Content {
        columns,
        rows,
        sha256,
    })
}
