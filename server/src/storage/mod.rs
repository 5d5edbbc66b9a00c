//! Files that are kept: in a folder or in a bucket of an S3 service.
//!
//! | module | content |
//! |---|---|
//! | [`encrypted`] | files written encrypted, and checked against their hash when they are read |
//! | [`encryption`] | the age format: passphrases and keys |
//! | [`hashing`] | a stream that hashes its bytes |
//! | [`manifest`] | JSON files beside stored files, authenticated by a secret |
//! | `manifest_keys` | the keys that authenticate manifests |
//! | `folder` | files written to a folder |
//!
//! A file is either complete or absent, whatever is interrupted: a folder gets it by a rename, a bucket by the last
//! request of a multipart upload. A new file never replaces another one.

pub mod encrypted;
pub mod encryption;
mod folder;
pub mod hashing;
pub mod manifest;
mod manifest_keys;

use std::fmt;
use std::io::{self, Read, Write};
use std::ops::Range;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use futures_util::{Stream, TryStreamExt};
use object_store::aws::AmazonS3Builder;
use object_store::buffered::BufWriter;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{GetOptions, ObjectStore, ObjectStoreExt, PutMode, PutPayload, RetryConfig};
use percent_encoding::percent_decode_str;
use secrecy::SecretString;
use tokio::runtime::Handle;
use tokio::sync::OnceCell;
use tokio::task::spawn_blocking;
use tokio_util::io::{StreamReader, SyncIoBridge};
use url::Url;

use crate::private_folder;
use encryption::Encryption;
use folder::FolderUpload;
use manifest_keys::ManifestKeys;

/// The size of one part of an upload. S3 takes at most 10,000 parts, so a file has at most 160 GB.
const PART_BYTES: usize = 16 * 1024 * 1024;

/// Requests to a bucket are retried for this long. Longer is of no use: a person waits for the page, or a dump holds the
/// lock of the database.
const RETRY_MAX: Duration = Duration::from_secs(20);

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

/// The value of STORAGE_URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Location {
    Folder(PathBuf),
    Bucket {
        name: String,
        /// All object names start with it: `backups/hub`. It may be empty.
        prefix: String,
    },
}

impl FromStr for Location {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.starts_with('/') {
            return Ok(Self::Folder(text.into()));
        }
        let url = Url::parse(text).map_err(|_| "it is neither a URL nor the absolute path of a folder")?;
        if !url.username().is_empty() || url.password().is_some() || url.query().is_some() {
            return Err(
                "it must not hold keys or parameters; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, and \
                 AWS_ENDPOINT_URL for another service than Amazon's",
            );
        }
        match (url.scheme(), url.host_str()) {
            ("file", None | Some("")) => url
                .to_file_path()
                .map(Self::Folder)
                .map_err(|()| "it names no folder"),
            ("s3", Some(bucket)) => {
                // A URL has blanks and letters beyond ASCII percent-encoded; the names of objects have them as they are.
                let prefix = percent_decode_str(url.path().trim_matches('/'));
                let prefix = prefix
                    .decode_utf8()
                    .map_err(|_| "its prefix is not UTF-8")?
                    .into_owned();
                Path::parse(&prefix)
                    .map_err(|_| "its prefix has an empty part, `.`, `..` or a control character")?;
                Ok(Self::Bucket {
                    name: bucket.to_owned(),
                    prefix,
                })
            }
            _ => Err("it is not file:///folder, the path of a folder, or s3://bucket/prefix"),
        }
    }
}

impl Location {
    /// Returns the path or URL of a file of this storage, for people.
    #[must_use]
    pub fn describe_file(&self, name: &str) -> String {
        match self {
            Self::Folder(folder) => folder.join(name).display().to_string(),
            Self::Bucket { name: bucket, prefix } if prefix.is_empty() => format!("s3://{bucket}/{name}"),
            Self::Bucket { name: bucket, prefix } => format!("s3://{bucket}/{prefix}/{name}"),
        }
    }

    fn open(&self) -> Result<Arc<dyn ObjectStore>, StorageError> {
        match self {
            Self::Folder(folder) => {
                private_folder::create(folder)?;
                let files = LocalFileSystem::new_with_prefix(folder).map_err(StorageError::Open)?;
                Ok(Arc::new(files))
            }
            Self::Bucket { name, .. } => {
                // The other TLS connections of this process use ring, too. An error means that it is installed already.
                let _ = rustls::crypto::ring::default_provider().install_default();
                let plain = std::env::var("AWS_ENDPOINT_URL").is_ok_and(|url| url.starts_with("http://"));
                let bucket = AmazonS3Builder::from_env()
                    .with_bucket_name(name)
                    .with_allow_http(plain)
                    .with_retry(RetryConfig {
                        retry_timeout: RETRY_MAX,
                        ..RetryConfig::default()
                    })
                    .build()
                    .map_err(StorageError::Open)?;
                Ok(Arc::new(bucket))
            }
        }
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(folder) => write!(f, "the folder {}", folder.display()),
            Self::Bucket { name, prefix } => write!(f, "s3://{name}/{prefix}"),
        }
    }
}

pub use folder::PutIf;

#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    #[error("the storage cannot be opened: {0}")]
    Open(#[source] object_store::Error),
    #[error("the storage's folder cannot be used: {0}")]
    Folder(#[from] io::Error),
    #[error("there is no {0} in the storage")]
    Missing(String),
    #[error("the storage already has {0}, which is not replaced")]
    Exists(String),
    #[error("the secret of the manifests cannot be read from the data folder or written to it: {0}")]
    Secret(#[source] io::Error),
    #[error("the storage failed: {0}")]
    Failed(object_store::Error),
}

impl From<object_store::Error> for StorageError {
    fn from(error: object_store::Error) -> Self {
        match error {
            object_store::Error::NotFound { path, .. } => Self::Missing(path),
            object_store::Error::AlreadyExists { path, .. } => Self::Exists(path),
            error => Self::Failed(error),
        }
    }
}

/// The storage of backups and archives. Clones share one connection.
#[derive(Clone, Debug)]
pub struct Storage {
    options: Options,
    store: Arc<OnceLock<Arc<dyn ObjectStore>>>,
    manifest_keys: Arc<OnceCell<ManifestKeys>>,
}

impl Storage {
    /// Returns a storage that opens itself when it is first used: most commands need none, and must not fail for one.
    #[must_use]
    pub fn new(options: Options) -> Self {
        Self {
            options,
            store: Arc::default(),
            manifest_keys: Arc::default(),
        }
    }

    /// Opens the storage unless it is open. A missing folder is created; a bucket is not contacted.
    ///
    /// # Errors
    /// [`StorageError::Open`], [`StorageError::Folder`].
    pub fn open(&self) -> Result<(), StorageError> {
        self.store().map(drop)
    }

    fn store(&self) -> Result<&Arc<dyn ObjectStore>, StorageError> {
        if let Some(store) = self.store.get() {
            return Ok(store);
        }
        let store = self.options.location.open()?;
        Ok(self.store.get_or_init(|| store))
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

    /// Returns the names of the files in a folder, without the folder.
    ///
    /// # Errors
    /// [`StorageError`], except [`StorageError::Missing`]: a folder that does not exist is empty.
    pub async fn list(&self, folder: &str) -> Result<Vec<String>, StorageError> {
        let folder = self.path(folder);
        let files: Vec<_> = self.store()?.list(Some(&folder)).try_collect().await?;
        let names = files.iter().filter_map(|file| file.location.filename());
        Ok(names.map(str::to_owned).collect())
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

    /// Returns the size of a file in bytes.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn size(&self, name: &str) -> Result<u64, StorageError> {
        Ok(self.store()?.head(&self.path(name)).await?.size)
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

    /// Removes unfinished uploads from a folder if no process writes them and their last write is older than `age`, and
    /// returns their number. A process that was killed leaves them. In a bucket they are invisible; its own lifecycle rule
    /// removes them.
    ///
    /// # Errors
    /// The first error of the file system.
    pub fn sweep(&self, folder: &str, age: Duration) -> io::Result<usize> {
        match self.location() {
            Location::Folder(root) => folder::sweep(&root.join(folder), age),
            Location::Bucket { .. } => Ok(0),
        }
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

/// A file that is being written. Call [`finish`](Self::finish) or [`abort`](Self::abort): a dropped upload to a bucket may
/// leave parts behind.
pub enum Upload {
    Folder(FolderUpload),
    Bucket {
        writer: SyncIoBridge<BufWriter>,
        runtime: Handle,
    },
}

impl Upload {
    /// Writes the rest and gives the file its name.
    ///
    /// # Errors
    /// The storage's error; then the file does not exist.
    pub fn finish(self) -> io::Result<()> {
        match self {
            Self::Folder(file) => file.finish(PutIf::Absent),
            Self::Bucket { mut writer, .. } => writer.shutdown(),
        }
    }

    /// Removes what was written.
    pub fn abort(self) {
        if let Self::Bucket { writer, runtime } = self {
            let mut writer = writer.into_inner();
            if let Err(error) = runtime.block_on(writer.abort()) {
                tracing::warn!(%error, "the parts of an aborted upload could not be removed");
            }
        }
    }
}

impl Write for Upload {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Folder(file) => file.write(bytes),
            Self::Bucket { writer, .. } => writer.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        // S3 refuses parts below 5 MB, except the last one. So the buffer waits until it is a whole part.
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_location_is_a_folder_or_a_bucket() {
        assert_eq!("/srv/decant".parse(), Ok(Location::Folder("/srv/decant".into())));
        assert_eq!(
            "file:///srv/de%20cant".parse(),
            Ok(Location::Folder("/srv/de cant".into()))
        );
        let bucket = |name: &str, prefix: &str| {
            Ok(Location::Bucket {
                name: name.to_owned(),
                prefix: prefix.to_owned(),
            })
        };
        assert_eq!("s3://kept".parse(), bucket("kept", ""));
        assert_eq!("s3://kept/a/b/".parse(), bucket("kept", "a/b"));
        for url in ["s3://kept/hub backups/é/", "s3://kept/hub%20backups/%C3%A9"] {
            assert_eq!(url.parse(), bucket("kept", "hub backups/é"), "{url}");
        }
        for text in [
            "",
            "kept",
            "ftp://kept",
            "s3://",
            "s3://key:secret@kept",
            "s3://kept?region=x",
            "file://host/x",
            "s3://kept/a//b",
            "s3://kept/%FF",
            "s3://kept/a%0Ab",
        ] {
            assert!(text.parse::<Location>().is_err(), "{text}");
        }
    }
}
