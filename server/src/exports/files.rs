//! The files of exports in the storage: written with a manifest, encrypted if keys are set, and read back.

use std::io;
use std::ops::Range;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::Stream;
use jiff::Timestamp;
use tokio::sync::{OnceCell, Semaphore};
use tokio::task::spawn_blocking;
use uuid::Uuid;

use super::checked_stream::checked;
use super::file_key::{FileKey, FileOwner};
use super::file_manifest::{FileContents, FileDescription, FileManifest};
use crate::source::Source;
use crate::state::{Purpose, State, StateError};
use crate::storage::chunk_encryption::ChunkEncryption;
use crate::storage::decrypted::decrypt;
use crate::storage::encryption::{Accept, DecryptionError, Encryption};
use crate::storage::file_writer::FileWriter;
use crate::storage::hashing::FileHash;
use crate::storage::manifest::ManifestError;
use crate::storage::{FileInfo, PutIf, Storage, StorageError, UnfinishedUpload};

/// The bytes of a stored file.
pub type FileStream = Pin<Box<dyn Stream<Item = io::Result<Bytes>> + Send>>;

/// The files of exports. Clones share the connections.
#[derive(Clone)]
pub struct ExportFiles {
    storage: Storage,
    encryption: Arc<Encryption>,
    state: State,
    /// The name of the state database in manifests; filled when it is first needed.
    state_database: Arc<OnceCell<String>>,
    /// A passphrase takes 256 MB of memory for a second each time, so that one file at a time begins.
    beginning: Arc<Semaphore>,
}

/// Why the file of an export cannot be written or read.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    #[error(transparent)]
    Storage(#[from] StorageError),
    #[error(transparent)]
    State(#[from] StateError),
    #[error("the stored file cannot be read: {0}")]
    Decryption(#[from] DecryptionError),
    #[error("the file cannot be encrypted: {0}")]
    Encryption(#[source] io::Error),
}

/// A file that was stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredExport {
    pub key: FileKey,
    /// Size and SHA-256 of the file as it is downloaded.
    pub bytes: u64,
    pub sha256: String,
    pub is_encrypted: bool,
}

/// What the rows of a file were, known at its end.
#[derive(Clone, Debug, Default)]
pub struct Totals {
    pub rows: u64,
    /// Bytes before compression.
    pub raw_bytes: u64,
    /// The database's clock when the rows were read.
    pub snapshot_at: Option<Timestamp>,
    pub columns: Vec<String>,
}

/// The file of an export while it is written. Dropping it removes what was written, except the manifest, which the clean-up
/// removes.
pub struct ExportFileWriter {
    files: ExportFiles,
    file: FileWriter,
    encryption: Option<ChunkEncryption>,
    key: FileKey,
    manifest: FileManifest,
    /// Of the file as it is downloaded.
    hash: FileHash,
}

impl ExportFiles {
    #[must_use]
    pub fn new(storage: Storage, encryption: Arc<Encryption>, state: State) -> Self {
        Self {
            storage,
            encryption,
            state,
            state_database: Arc::default(),
            beginning: Arc::new(Semaphore::new(1)),
        }
    }

    /// Starts to write the file of an export. `fence` is the number of the claim, and `file_name` the name of the download.
    ///
    /// # Errors
    /// [`FileError`]; [`StorageError::Exists`] if the claim has begun a file before.
    pub async fn create(
        &self,
        owner: &FileOwner,
        export: Uuid,
        fence: i64,
        file_name: &str,
        description: FileDescription,
    ) -> Result<ExportFileWriter, FileError> {
        let (kind, is_encrypted) = (self.encryption.kind(), self.encryption.is_on());
        let key = FileKey::new(owner, Timestamp::now(), export, fence, file_name, is_encrypted);
        let state_database = self.state_database().await?.to_owned();
        let manifest = FileManifest::new(state_database, export, fence, description, kind);
        let (name, absent) = (key.manifest(), PutIf::Absent);
        self.storage.write_manifest(&name, &manifest, absent).await?;
        let encryption = self.begin_encryption().await?;
        Ok(ExportFileWriter {
            file: self.storage.create(key.as_str()).await?,
            files: self.clone(),
            encryption,
            key,
            manifest,
            hash: FileHash::default(),
        })
    }

    async fn begin_encryption(&self) -> Result<Option<ChunkEncryption>, FileError> {
        let _turn = self.beginning.acquire().await;
        let encryption = Arc::clone(&self.encryption);
        spawn_blocking(move || ChunkEncryption::new(&encryption))
            .await
            .map_err(io::Error::other)
            .flatten()
            .map_err(FileError::Encryption)
    }

    /// Returns the bytes of a file as they are downloaded, or those of a part that is not the whole. A file that Decant decrypts has
    /// no parts. If the whole file is not the recorded one, the stream fails before its last bytes.
    ///
    /// # Errors
    /// [`FileError`]; [`StorageError::Missing`] if the file has gone.
    pub async fn read(&self, file: &StoredExport, part: Option<Range<u64>>) -> Result<FileStream, FileError> {
        let is_whole = part.is_none();
        let stream = self.read_unchecked(file, part).await?;
        Ok(match is_whole {
            true => Box::pin(checked(stream, file.sha256.clone())),
            false => stream,
        })
    }

    /// As [`read`](Self::read), without the check.
    ///
    /// # Errors
    /// As of [`read`](Self::read).
    pub(super) async fn read_unchecked(
        &self,
        file: &StoredExport,
        part: Option<Range<u64>>,
    ) -> Result<FileStream, FileError> {
        let name = file.key.as_str();
        if !self.decrypts(file) {
            return Ok(Box::pin(self.storage.stream(name, part).await?));
        }
        let stored = self.storage.download(name).await?;
        let _turn = self.beginning.acquire().await;
        let content = decrypt(stored, Arc::clone(&self.encryption), Accept::OWN).await?;
        Ok(Box::pin(content))
    }

    /// Returns whether the server decrypts a file for its readers. Where it only has public keys, they get the file as it is stored.
    #[must_use]
    pub fn decrypts(&self, file: &StoredExport) -> bool {
        file.is_encrypted && self.encryption.can_read()
    }

    /// Returns an address of the bucket that gives the file to everybody for a while. `file_name` is the name of the download.
    /// `None` without a bucket.
    ///
    /// # Errors
    /// [`StorageError`]
    pub async fn direct_link(
        &self,
        key: &FileKey,
        file_name: &str,
        media_type: &str,
        lifetime: Duration,
    ) -> Result<Option<String>, StorageError> {
        self.storage
            .signed_url(key.as_str(), file_name, media_type, lifetime)
            .await
    }

    /// Returns whether readers of a file decrypt it themselves, because the server has no key to it.
    #[must_use]
    pub fn stays_encrypted(&self, file: &StoredExport) -> bool {
        file.is_encrypted && !self.encryption.can_read()
    }

    /// Returns whether new files are decrypted by their readers, because the server only has public keys.
    #[must_use]
    pub fn new_files_stay_encrypted(&self) -> bool {
        self.encryption.is_on() && !self.encryption.can_read()
    }

    /// Returns the stored file, encrypted or not; `None` if it has gone.
    ///
    /// # Errors
    /// [`StorageError`]
    pub async fn head(&self, key: &FileKey) -> Result<Option<FileInfo>, StorageError> {
        self.storage.head(key.as_str()).await
    }

    /// Removes a file and its manifest. A file that has gone is no error.
    ///
    /// # Errors
    /// [`StorageError`]
    pub async fn remove(&self, key: &FileKey) -> Result<(), StorageError> {
        // The file first: without it, the manifest still tells whose it was.
        self.storage.remove(key.as_str()).await?;
        self.storage.remove(&key.manifest()).await
    }

    /// Returns the files of all owners and their manifests, while the storage lists them.
    ///
    /// # Errors
    /// [`StorageError`]
    pub fn list(
        &self,
        folder: &str,
    ) -> Result<impl Stream<Item = Result<FileInfo, StorageError>> + Send + use<>, StorageError> {
        self.storage.files(folder)
    }

    /// Returns whether the record of a file is, or was, in this state database. A file without a readable manifest is nobody's.
    ///
    /// # Errors
    /// [`FileError`]
    pub async fn is_own(&self, key: &FileKey) -> Result<bool, FileError> {
        match self.storage.read_manifest::<FileManifest>(&key.manifest()).await {
            Ok(manifest) => Ok(manifest.content.state_database == self.state_database().await?),
            Err(ManifestError::Storage(StorageError::Missing(_)) | ManifestError::Json(_)) => Ok(false),
            Err(ManifestError::Storage(error)) => Err(error.into()),
        }
    }

    /// Returns the uploads that were begun and not ended.
    ///
    /// # Errors
    /// [`StorageError`]
    pub async fn unfinished_uploads(&self) -> Result<Vec<UnfinishedUpload>, StorageError> {
        let mut uploads = Vec::new();
        for folder in FileOwner::FOLDERS {
            uploads.append(&mut self.storage.unfinished_uploads(folder).await?);
        }
        Ok(uploads)
    }

    /// Removes the parts of an unfinished upload.
    ///
    /// # Errors
    /// [`StorageError`]
    pub async fn abort_upload(&self, upload: &UnfinishedUpload) -> Result<(), StorageError> {
        self.storage.abort_upload(upload).await
    }

    /// Removes what interrupted uploads have left in a folder; see [`Storage::sweep`].
    ///
    /// # Errors
    /// The first error of the file system.
    pub fn sweep(&self, age: Duration) -> io::Result<usize> {
        let swept = FileOwner::FOLDERS.map(|folder| self.storage.sweep(folder, age));
        swept.into_iter().sum()
    }

    async fn state_database(&self) -> Result<&str, StateError> {
        let read = async || -> Result<String, StateError> {
            let mut connection = self.state.connection(Purpose::Work).await?;
            Ok(Source::identity(&mut connection).await?)
        };
        let name = self.state_database.get_or_try_init(read).await?;
        Ok(name)
    }
}

impl ExportFileWriter {
    #[must_use]
    pub fn key(&self) -> &FileKey {
        &self.key
    }

    /// Returns the size of the file so far, as it is downloaded.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.hash.bytes()
    }

    /// Writes the next bytes of the file. It waits while the storage is slower than its caller.
    ///
    /// # Errors
    /// [`FileError`]
    pub async fn write(&mut self, bytes: Bytes) -> Result<(), FileError> {
        let stored = match &mut self.encryption {
            None => bytes.clone(),
            Some(encryption) => encryption.push(&bytes).map_err(FileError::Encryption)?,
        };
        self.count(&bytes, &stored);
        self.store(stored).await
    }

    /// Completes the file and its manifest.
    ///
    /// # Errors
    /// [`FileError`]; then the file may exist, and the clean-up removes it.
    pub async fn finish(mut self, totals: Totals) -> Result<StoredExport, FileError> {
        let is_encrypted = self.encryption.is_some();
        if let Some(encryption) = self.encryption.take() {
            let rest = encryption.finish().map_err(FileError::Encryption)?;
            self.count(&[], &rest);
            self.store(rest).await?;
        }
        let Self {
            files,
            file,
            key,
            mut manifest,
            hash,
            ..
        } = self;
        file.finish().await?;
        let (bytes, sha256) = (hash.bytes(), hash.finish());
        manifest.contents = Some(FileContents {
            rows: totals.rows,
            bytes,
            raw_bytes: totals.raw_bytes,
            sha256: sha256.clone(),
            snapshot_at: totals.snapshot_at,
            columns: totals.columns,
        });
        let name = key.manifest();
        files.storage.write_manifest(&name, &manifest, PutIf::Any).await?;
        Ok(StoredExport {
            key,
            bytes,
            sha256,
            is_encrypted,
        })
    }

    /// Removes what was written, and the manifest.
    pub async fn abort(self) {
        self.file.abort().await;
        if let Err(error) = self.files.remove(&self.key).await {
            tracing::warn!(key = %self.key, %error, "the clean-up will remove the rest of an aborted export");
        }
    }

    /// Counts and hashes the bytes that a reader will get.
    fn count(&mut self, plain: &[u8], stored: &[u8]) {
        self.hash.update(match self.files.new_files_stay_encrypted() {
            true => stored,
            false => plain,
        });
    }

    async fn store(&mut self, bytes: Bytes) -> Result<(), FileError> {
        match bytes.is_empty() {
            true => Ok(()),
            false => Ok(self.file.write(bytes).await?),
        }
    }
}
