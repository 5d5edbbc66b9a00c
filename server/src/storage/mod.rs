//! Files that are kept: in a folder or in a bucket of an S3 service.
//!
//! | module | content |
//! |---|---|
//! | `location` | the value of STORAGE_URL |
//! | `upload` | a file written on a thread that may block |
//! | [`file_writer`] | a file written from asynchronous code |
//! | `listing` | sizes and times of stored files |
//! | `check` | whether the storage works |
//! | `unfinished` | uploads that a process began and did not end |
//! | [`encrypted`] | files written encrypted, and checked against their hash when they are read |
//! | [`encryption`] | the age format: passphrases and keys |
//! | [`chunk_encryption`] | the age format, chunk by chunk |
//! | [`decrypted`] | the decrypted content of a file as a stream |
//! | [`hashing`] | a stream that hashes its bytes |
//! | [`manifest`] | JSON files beside stored files, authenticated by a secret |
//! | `manifest_keys` | the keys that authenticate manifests |
//! | `folder` | files written to a folder |
//!
//! A file is either complete or absent, whatever is interrupted: a folder gets it by a rename, a bucket by the last
//! request of a multipart upload. A new file never replaces another one.

mod check;
pub mod chunk_encryption;
pub mod decrypted;
pub mod encrypted;
pub mod encryption;
mod error;
pub mod file_writer;
mod folder;
pub mod hashing;
mod listing;
mod location;
pub mod manifest;
mod manifest_keys;
mod unfinished;
mod upload;

use std::io::{self, Read};
use std::ops::Range;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use futures_util::{Stream, TryStreamExt};
use object_store::buffered::BufWriter;
use object_store::path::Path;
use object_store::{GetOptions, ObjectStore, ObjectStoreExt, PutMode, PutPayload};
use secrecy::SecretString;
use tokio::runtime::Handle;
use tokio::sync::OnceCell;
use tokio::task::spawn_blocking;
use tokio_util::io::{StreamReader, SyncIoBridge};

use encryption::Encryption;
use folder::FolderUpload;
use location::Opened;
use manifest_keys::ManifestKeys;

pub use check::RoundTripError;
pub use error::StorageError;
pub use folder::PutIf;
pub use listing::FileInfo;
pub use location::Location;
pub use unfinished::UnfinishedUpload;
pub use upload::Upload;

/// The size of one part of an upload. S3 takes at most 10,000 parts, so a file has at most 160 GB.
const PART_BYTES: usize = 16 * 1024 * 1024;

const CONCURRENT_PARTS: usize = 2;

/// The storage's part of the settings.
#[derive(Clone, Debug)]
pub struct Options {
    pub location: Location,
    pub encryption: Arc<Encryption>,
    /// Has the secret of the manifests, unless a setting has it.
    pub data_dir: PathBuf,
    pub manifest_secret: Option<SecretString>,
    /// Bytes that stay free on the disk of a folder.
    pub reserve: u64,
}

/// The storage of backups, archives and exports. Clones share one connection.
#[derive(Clone, Debug)]
pub struct Storage {
    options: Options,
    opened: Arc<OnceLock<Opened>>,
    manifest_keys: Arc<OnceCell<ManifestKeys>>,
}

impl Storage {
    /// Returns a storage that opens itself when it is first used: most commands need none, and must not fail for one.
    #[must_use]
    pub fn new(options: Options) -> Self {
        Self {
            options,
            opened: Arc::default(),
            manifest_keys: Arc::default(),
        }
    }

    /// Opens the storage unless it is open. A missing folder is created; a bucket is not contacted.
    ///
    /// # Errors
    /// [`StorageError::Open`], [`StorageError::Folder`].
    pub fn open(&self) -> Result<(), StorageError> {
        self.opened().map(drop)
    }

    fn opened(&self) -> Result<&Opened, StorageError> {
        if let Some(opened) = self.opened.get() {
            return Ok(opened);
        }
        let opened = self.options.location.open()?;
        Ok(self.opened.get_or_init(|| opened))
    }

    fn store(&self) -> Result<&Arc<dyn ObjectStore>, StorageError> {
        Ok(&self.opened()?.store)
    }

    #[must_use]
    pub fn location(&self) -> &Location {
        &self.options.location
    }

    #[must_use]
    pub fn encryption(&self) -> &Arc<Encryption> {
        &self.options.encryption
    }

    /// Writes a small file at once.
    ///
    /// # Errors
    /// [`StorageError::Exists`] with [`PutIf::Absent`]; others, except [`StorageError::Missing`].
    pub async fn put(&self, name: &str, content: Vec<u8>, condition: PutIf) -> Result<(), StorageError> {
        if let Location::Folder(root) = self.location() {
            // A small file may take the reserve: without its manifest, a backup would be lost.
            let file = FolderUpload::create(&root.join(name), 0)?;
            return spawn_blocking(move || file.write_at_once(&content, condition))
                .await
                .map_err(io::Error::other)?
                .map_err(|error| exists_or_failed(error, name));
        }
        let (store, path, payload) = (self.store()?, self.path(name), PutPayload::from(content));
        match condition {
            PutIf::Any => store.put(&path, payload).await?,
            PutIf::Absent => match store
                .put_opts(&path, payload.clone(), PutMode::Create.into())
                .await
            {
                // A service without conditional requests, or the setting AWS_CONDITIONAL_PUT=disabled.
                Err(object_store::Error::NotImplemented { .. }) => {
                    self.check_absent(name).await?;
                    store.put(&path, payload).await?
                }
                put => put?,
            },
        };
        Ok(())
    }

    async fn check_absent(&self, name: &str) -> Result<(), StorageError> {
        match self.store()?.head(&self.path(name)).await {
            Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(error.into()),
            Ok(_) => Err(StorageError::Exists(name.to_owned())),
        }
    }

    /// Returns the content of a small file.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn get(&self, name: &str) -> Result<Bytes, StorageError> {
        Ok(self.store()?.get(&self.path(name)).await?.bytes().await?)
    }

    /// Removes a file if it exists.
    ///
    /// # Errors
    /// [`StorageError`], except [`StorageError::Missing`].
    pub async fn remove(&self, name: &str) -> Result<(), StorageError> {
        match self.store()?.delete(&self.path(name)).await {
            Err(object_store::Error::NotFound { .. }) | Ok(()) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Starts to write a file. Use the returned writer on a thread that may block; the file exists once
    /// [`Upload::finish`] has returned.
    ///
    /// # Errors
    /// [`StorageError::Exists`]; others, except [`StorageError::Missing`].
    pub async fn upload(&self, name: &str) -> Result<Upload, StorageError> {
        if let Location::Folder(root) = self.location() {
            self.check_absent(name).await?;
            return Ok(Upload::Folder(FolderUpload::create(
                &root.join(name),
                self.options.reserve,
            )?));
        }
        // The request that completes a multipart upload has no condition. A name has a random part, so a look is enough.
        self.check_absent(name).await?;
        let writer = BufWriter::with_capacity(Arc::clone(self.store()?), self.path(name), PART_BYTES);
        Ok(Upload::Bucket {
            writer: SyncIoBridge::new(writer.with_max_concurrency(CONCURRENT_PARTS)),
            runtime: Handle::current(),
        })
    }

    /// Returns a reader of a file for a thread that may block.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn download(&self, name: &str) -> Result<impl Read + Send + use<>, StorageError> {
        Ok(SyncIoBridge::new(StreamReader::new(
            self.stream(name, None).await?,
        )))
    }

    /// Returns the bytes of a file, or those of a part of it.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn stream(
        &self,
        name: &str,
        part: Option<Range<u64>>,
    ) -> Result<impl Stream<Item = io::Result<Bytes>> + Send + use<>, StorageError> {
        let options = GetOptions::new().with_range(part);
        let file = self.store()?.get_opts(&self.path(name), options).await?;
        Ok(file.into_stream().map_err(io::Error::from))
    }

    fn path(&self, name: &str) -> Path {
        let name = match self.location() {
            Location::Bucket { prefix, .. } if !prefix.is_empty() => format!("{prefix}/{name}"),
            _ => name.to_owned(),
        };
        // The prefix was parsed with the setting, so only a name from outside can fail here: it is encoded, and is not found.
        Path::parse(&name).unwrap_or_else(|_| Path::from(name))
    }
}

fn exists_or_failed(error: io::Error, name: &str) -> StorageError {
    match error.kind() {
        io::ErrorKind::AlreadyExists => StorageError::Exists(name.to_owned()),
        _ => error.into(),
    }
}
