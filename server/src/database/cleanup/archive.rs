//! Rows of the log in the storage, so that they can be deleted and brought back: CSV as PostgreSQL writes it, packed by
//! gzip, encrypted as backups are, and beside it a manifest that says how many rows and which bytes there must be.
//!
//! A file without a manifest is no archive; it gets one only when it has been read back from the storage. Its first two
//! columns are the row's `id` and `xmin`, the transaction that wrote this version of it: only versions that are in the
//! file are deleted.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use csv::ByteRecord;
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::sync::mpsc;
use tokio::task::spawn_blocking;
use uuid::Uuid;

use super::order::Conditions;
use crate::database::scratch::{Scratch, ScratchFile};
use crate::storage::encrypted::{ReadError, StoredFile, read_encrypted, write_encrypted};
use crate::storage::hashing::HashingStream;
use crate::storage::{Storage, StorageError};

/// How an archive's file ends.
const ENDING: &str = ".csv.gz";

/// The columns that tell a version of a row from every other.
const VERSION: [&str; 2] = ["id", "xmin"];

/// How many batches the reader may be ahead of the deletion.
const BATCHES_AHEAD: usize = 2;

/// As much of a file is read at a time.
const PIECE_BYTES: usize = 256 * 1024;

/// What a manifest is a manifest of, and in which version.
const FORM: u32 = 1;

/// Where they are in the storage.
const FOLDER: &str = "logs";

/// The archives in the storage.
#[derive(Clone, Debug)]
pub struct Archives {
    storage: Storage,
    scratch: Scratch,
}

/// A version of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Version {
    pub id: i64,
    pub xmin: i64,
}

/// What an archive's manifest says.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Manifest {
    /// The version of the form.
    decant: u32,
    /// The archive's file, in the same folder. One that is encrypted ends in `.age`.
    pub file: String,
    /// Of which database.
    pub database: String,
    /// When it was made.
    pub created: Timestamp,
    /// By whom.
    pub caller: String,
    /// By which conditions its rows were chosen.
    pub conditions: serde_json::Value,
    /// How many rows it has.
    pub rows: u64,
    /// How many bytes the file has, as it is stored.
    pub bytes: u64,
    /// Their SHA-256, in hexadecimal digits.
    pub sha256: String,
}

/// What has been found in an archive that was read to its end.
pub(super) struct Content {
    columns: Vec<String>,
    pub rows: u64,
    pub sha256: String,
}

/// Why an archive cannot be used.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say it")]
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
    #[error(transparent)]
    Storage(#[from] StorageError),
    #[error(transparent)]
    Read(#[from] ReadError),
}

impl Archives {
    /// Returns the archives of this storage. An archive is a scratch file until it is complete.
    #[must_use]
    pub fn new(storage: Storage, scratch: Scratch) -> Self {
        Self { storage, scratch }
    }

    /// Where an archive lies, for people.
    #[must_use]
    pub fn whereabouts(&self, manifest: &Manifest) -> String {
        self.storage.location().describe_file(&path(&manifest.file))
    }

    /// Removes what crashes have left of files on their way into the storage.
    ///
    /// # Errors
    /// What the file system says.
    pub fn sweep(&self, age: Duration) -> io::Result<usize> {
        self.storage.sweep(FOLDER, age)
    }

    /// A new file that rows can be written to.
    pub(super) fn writer(&self) -> io::Result<Writer> {
        let (file, output) = self.scratch.file("csv.gz")?;
        let packed = GzEncoder::new(HashingStream::new(output), Compression::fast());
        Ok(Writer { file, packed })
    }

    /// Stores a file that has been found whole, and reads it back from there. Only then it gets its manifest.
    pub(super) async fn keep(&self, file: &Path, order: Order<'_>) -> Result<Manifest, BadArchive> {
        let storage = &self.storage;
        let name = order.name(storage.encryption().suffix());
        let (upload, encryption) = (storage.upload(&path(&name))?, Arc::clone(storage.encryption()));
        let mut input = File::open(file)?;
        let storing = spawn_blocking(move || {
            write_encrypted(upload, &encryption, |output| {
                io::copy(&mut input, output).map(drop)
            })
        });
        let stored = storing.await.map_err(io::Error::other)??;
        let manifest = order.manifest(name, stored);
        let described = async {
            check(storage, &manifest).await?;
            let description = serde_json::to_vec_pretty(&manifest).map_err(io::Error::other)?;
            Ok::<_, BadArchive>(storage.put(&path(&beside(&manifest.file)), description).await?)
        };
        if let Err(error) = described.await {
            // Of a storage that does not do what it is asked to, nothing more can be hoped.
            let _ = storage.remove(&path(&manifest.file)).await;
            return Err(error);
        }
        Ok(manifest)
    }

    /// An archive's rows in a scratch file: of one in the storage, by its name, or of a file that has been taken out of it.
    pub(super) async fn fetch(&self, archive: &str) -> Result<(Manifest, ScratchFile), BadArchive> {
        let local = Path::new(archive);
        let (manifest, stored): (_, Box<dyn Read + Send>) = match File::open(local) {
            Ok(file) => {
                let manifest =
                    fs::read(beside(archive)).map_err(|error| BadArchive::Manifest(error.to_string()))?;
                (Manifest::read(&manifest)?, Box::new(file))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound && !archive.contains('/') => {
                let manifest = self.storage.get(&path(&beside(archive))).await?;
                let stored = self.storage.download(&path(archive)).await?;
                (Manifest::read(&manifest)?, Box::new(stored))
            }
            Err(error) => return Err(error.into()),
        };
        let (scratch, mut file) = self.scratch.file("csv.gz")?;
        let (encryption, expected) = (Arc::clone(self.storage.encryption()), manifest.sha256.clone());
        let opening = spawn_blocking(move || read_encrypted(stored, &encryption, &expected, &mut file));
        opening.await.map_err(io::Error::other)??;
        Ok((manifest, scratch))
    }
}

/// Where an archive, or its manifest, is in the storage.
fn path(name: &str) -> String {
    format!("{FOLDER}/{name}")
}

/// What the manifest of an archive is called: `logs_….json` for `logs_….csv.gz`, be that encrypted or not.
fn beside(archive: &str) -> String {
    let name = archive.strip_suffix(".age").unwrap_or(archive);
    format!("{}.json", name.strip_suffix(ENDING).unwrap_or(name))
}

/// Whether the storage gives back what was put into it.
async fn check(storage: &Storage, manifest: &Manifest) -> Result<(), BadArchive> {
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

/// What an archive is made of, for its manifest.
#[derive(Clone, Copy, Debug)]
pub(super) struct Order<'a> {
    pub database: &'a str,
    pub caller: &'a str,
    pub conditions: &'a Conditions,
    pub rows: u64,
}

impl Order<'_> {
    fn name(&self, ending: &str) -> String {
        let stamp = Timestamp::now().strftime("%Y-%m-%dT%H-%M-%S");
        // The same second may see another one, of another database.
        let unique = Uuid::new_v4().as_fields().0;
        format!("logs_{stamp}_{unique:08x}{ENDING}{ending}")
    }

    fn manifest(&self, file: String, stored: StoredFile) -> Manifest {
        Manifest {
            decant: FORM,
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

impl Manifest {
    fn read(text: &[u8]) -> Result<Self, BadArchive> {
        let wrong = |problem: &dyn std::fmt::Display| BadArchive::Manifest(problem.to_string());
        let manifest: Self = serde_json::from_slice(text).map_err(|error| wrong(&error))?;
        match manifest.decant {
            FORM => Ok(manifest),
            form => Err(wrong(&format!("it is of version {form}, and this is {FORM}"))),
        }
    }
}

impl Content {
    /// The columns of the log that it has, as they are called and not as SQL writes them; `id` is the first.
    pub fn columns(&self) -> impl Iterator<Item = &str> {
        let columns = self.columns.iter().map(String::as_str);
        columns.filter(|column| *column != "xmin")
    }

    /// Holds it against what was to go into the file.
    pub fn check(&self, rows: u64, sha256: &str) -> Result<(), BadArchive> {
        match self.sha256 == sha256 {
            true => self.check_rows(rows),
            false => Err(BadArchive::Bytes),
        }
    }

    /// Holds its rows against what its manifest says.
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

/// An archive in the making; dropping it removes the file.
pub(super) struct Writer {
    file: ScratchFile,
    packed: GzEncoder<HashingStream<File>>,
}

/// A file that is on the disk, and which bytes it should have there.
pub(super) struct Written {
    pub file: ScratchFile,
    pub sha256: String,
}

impl Writer {
    /// Takes the next bytes. A disk may be slow; nobody else waits for it.
    pub async fn write(mut self, bytes: Vec<u8>) -> io::Result<Self> {
        spawn_blocking(move || self.packed.write_all(&bytes).map(|()| self))
            .await
            .map_err(io::Error::other)?
    }

    pub async fn finish(self) -> io::Result<Written> {
        let Self { file, packed } = self;
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

/// Reads an archive to its end, and tells how many rows it has seen now and then.
pub(super) async fn read(
    path: PathBuf,
    mut seen: impl FnMut(u64) + Send + 'static,
) -> Result<Content, BadArchive> {
    /// Often enough for people.
    const TELL_EVERY: u64 = 10_000;
    let reading = spawn_blocking(move || {
        let mut rows = 0;
        each_version(&path, |_| {
            rows += 1;
            if rows % TELL_EVERY == 0 {
                seen(rows);
            }
            true
        })
    });
    reading.await.map_err(io::Error::other)?
}

/// The versions of the rows in an archive, in batches of this size. The last of them says whether the file was whole.
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
            // Nobody waits for it any more: the rest need not be read.
            sender.blocking_send(Ok(full)).is_ok()
        });
        let last = read.map(|_| batch);
        let _ = sender.blocking_send(last);
    });
    batches
}

/// The bytes of an archive, unpacked, as long as somebody takes them.
pub(super) fn unpacked(path: PathBuf) -> mpsc::Receiver<bytes::Bytes> {
    let (sender, pieces) = mpsc::channel(BATCHES_AHEAD);
    spawn_blocking(move || {
        // One that ends too early is found by its number of rows.
        let Ok(file) = File::open(&path) else { return };
        let mut unpacked = GzDecoder::new(file);
        loop {
            let mut piece = vec![0; PIECE_BYTES];
            match unpacked.read(&mut piece) {
                Ok(read) if read > 0 => piece.truncate(read),
                _ => return,
            }
            if sender.blocking_send(piece.into()).is_err() {
                return;
            }
        }
    });
    pieces
}

/// Reads an archive, as long as `each` wants more rows.
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
    // What follows the packed rows belongs to the file as well.
    let mut file = reader.into_inner().into_inner();
    io::copy(&mut file, &mut io::sink())?;
    let (_, sha256) = file.finish();
    Ok(Content {
        columns,
        rows,
        sha256,
    })
}
