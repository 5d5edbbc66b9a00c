//! Where files are kept for longer: a folder, or a bucket of an S3 service.
//!
//! A file is there whole or not at all, whatever breaks off: both put it in its place with one last step.

use std::fmt;
use std::io::{self, Read, Write};
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{Stream, TryStreamExt};
use object_store::aws::AmazonS3Builder;
use object_store::buffered::BufWriter;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt, PutPayload, RetryConfig};
use tokio::runtime::Handle;
use tokio_util::io::{StreamReader, SyncIoBridge};
use url::Url;

/// A file goes in parts of this size. S3 takes 10 000 of them, so 160 GB.
const PART_BYTES: usize = 16 * 1024 * 1024;

/// A service that is away for longer is not waited for: somebody looks at the page, or a dump holds the lock.
const RETRY_MAX: Duration = Duration::from_secs(20);

/// Parts that are on their way at once.
const PARTS_AT_ONCE: usize = 2;

/// The setting STORAGE_URL, understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// A folder.
    Folder(PathBuf),
    /// A bucket, and what the names of everything in it begin with.
    Bucket {
        /// Its name.
        name: String,
        /// `backups/hub`, or nothing.
        prefix: String,
    },
}

impl FromStr for Place {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.starts_with('/') {
            return Ok(Self::Folder(text.into()));
        }
        let url = Url::parse(text).map_err(|_| "it is neither an address nor the path of a folder")?;
        if !url.username().is_empty() || url.password().is_some() || url.query().is_some() {
            return Err(
                "it must hold nothing but the place; keys are taken from AWS_ACCESS_KEY_ID and \
                        AWS_SECRET_ACCESS_KEY, other services from AWS_ENDPOINT_URL",
            );
        }
        match (url.scheme(), url.host_str()) {
            ("file", None | Some("")) => url
                .to_file_path()
                .map(Self::Folder)
                .map_err(|()| "it names no folder"),
            ("s3", Some(bucket)) => Ok(Self::Bucket {
                name: bucket.to_owned(),
                prefix: url.path().trim_matches('/').to_owned(),
            }),
            _ => Err("it is not file:///folder, the path of a folder, or s3://bucket/prefix"),
        }
    }
}

impl Place {
    /// Where a file of this name lies, for people.
    #[must_use]
    pub fn of_file(&self, name: &str) -> String {
        match self {
            Self::Folder(folder) => folder.join(name).display().to_string(),
            Self::Bucket { name: bucket, prefix } if prefix.is_empty() => format!("s3://{bucket}/{name}"),
            Self::Bucket { name: bucket, prefix } => format!("s3://{bucket}/{prefix}/{name}"),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(folder) => write!(f, "the folder {}", folder.display()),
            Self::Bucket { name, prefix } => write!(f, "s3://{name}/{prefix}"),
        }
    }
}

/// Why files cannot be kept there.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say it")]
pub enum StorageError {
    #[error("the storage cannot be used: {0}")]
    Place(#[source] object_store::Error),
    #[error("the storage's folder cannot be used: {0}")]
    Folder(#[from] io::Error),
    #[error("there is no {0} in the storage")]
    Missing(String),
    #[error("the storage does not do its work: {0}")]
    Failed(object_store::Error),
}

impl From<object_store::Error> for StorageError {
    fn from(error: object_store::Error) -> Self {
        match error {
            object_store::Error::NotFound { path, .. } => Self::Missing(path),
            error => Self::Failed(error),
        }
    }
}

/// Files by their names, in one place.
#[derive(Clone, Debug)]
pub struct Storage {
    place: Place,
    store: Arc<dyn ObjectStore>,
    prefix: String,
}

impl Storage {
    /// The storage at this place. A folder is made if it is not there; nothing is asked of a bucket yet.
    ///
    /// # Errors
    /// [`StorageError::Place`], [`StorageError::Folder`].
    pub fn at(place: Place) -> Result<Self, StorageError> {
        let (store, prefix): (Arc<dyn ObjectStore>, _) = match &place {
            Place::Folder(folder) => {
                std::fs::create_dir_all(folder)?;
                let files = LocalFileSystem::new_with_prefix(folder).map_err(StorageError::Place)?;
                // A name that a power cut empties would look whole.
                (Arc::new(files.with_fsync(true)), String::new())
            }
            Place::Bucket { name, prefix } => {
                // Everything else that reaches the network here already uses it.
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
                    .map_err(StorageError::Place)?;
                (Arc::new(bucket), prefix.clone())
            }
        };
        Ok(Self { place, store, prefix })
    }

    /// Where that is.
    #[must_use]
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// A small file, whole at once.
    ///
    /// # Errors
    /// What the storage says.
    pub async fn put(&self, name: &str, content: Vec<u8>) -> Result<(), StorageError> {
        self.store
            .put(&self.path(name), PutPayload::from(content))
            .await?;
        Ok(())
    }

    /// A small file's content.
    ///
    /// # Errors
    /// [`StorageError::Missing`]; what the storage says.
    pub async fn get(&self, name: &str) -> Result<Bytes, StorageError> {
        Ok(self.store.get(&self.path(name)).await?.bytes().await?)
    }

    /// The names of what is in a folder, without the folder's.
    ///
    /// # Errors
    /// What the storage says.
    pub async fn list(&self, folder: &str) -> Result<Vec<String>, StorageError> {
        let folder = self.path(folder);
        let files: Vec<_> = self.store.list(Some(&folder)).try_collect().await?;
        let names = files.iter().filter_map(|file| file.location.filename());
        Ok(names.map(str::to_owned).collect())
    }

    /// Removes a file; one that is gone already is as good as removed.
    ///
    /// # Errors
    /// What the storage says.
    pub async fn remove(&self, name: &str) -> Result<(), StorageError> {
        match self.store.delete(&self.path(name)).await {
            Err(object_store::Error::NotFound { .. }) | Ok(()) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// A file that is written by a thread of its own, and is there once it is [`finish`](Upload::finish)ed.
    #[must_use]
    pub fn upload(&self, name: &str) -> Upload {
        let writer = BufWriter::with_capacity(Arc::clone(&self.store), self.path(name), PART_BYTES);
        Upload {
            writer: SyncIoBridge::new(writer.with_max_concurrency(PARTS_AT_ONCE)),
            runtime: Handle::current(),
        }
    }

    /// A file to be read by a thread of its own.
    ///
    /// # Errors
    /// [`StorageError::Missing`]; what the storage says.
    pub async fn download(&self, name: &str) -> Result<impl Read + Send + use<>, StorageError> {
        Ok(SyncIoBridge::new(StreamReader::new(self.stream(name).await?)))
    }

    /// A file's bytes.
    ///
    /// # Errors
    /// [`StorageError::Missing`]; what the storage says.
    pub async fn stream(
        &self,
        name: &str,
    ) -> Result<impl Stream<Item = io::Result<Bytes>> + Send + use<>, StorageError> {
        let file = self.store.get(&self.path(name)).await?;
        Ok(file.into_stream().map_err(io::Error::from))
    }

    /// Removes what uploads that were broken off by a crash have left in a folder. A bucket shows no such thing; it
    /// keeps their parts until its own rule for incomplete uploads removes them.
    ///
    /// # Errors
    /// What the file system says.
    pub fn sweep(&self, folder: &str, age: Duration) -> io::Result<usize> {
        let Place::Folder(root) = &self.place else {
            return Ok(0);
        };
        let entries = match std::fs::read_dir(root.join(folder)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
            entries => entries?,
        };
        let mut swept = 0;
        for entry in entries {
            let entry = entry?;
            let name = entry.file_name();
            let unfinished = name
                .to_string_lossy()
                .rsplit_once('#')
                .is_some_and(|(_, number)| {
                    !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
                });
            let old = entry.metadata()?.modified()?.elapsed().unwrap_or_default() >= age;
            if unfinished && old {
                std::fs::remove_file(entry.path())?;
                swept += 1;
            }
        }
        Ok(swept)
    }

    fn path(&self, name: &str) -> Path {
        match self.prefix.as_str() {
            "" => Path::from(name),
            prefix => Path::from(format!("{prefix}/{name}")),
        }
    }
}

/// A file on its way. Whoever drops it without finishing it should have [`give_up`](Self::give_up)ed.
pub struct Upload {
    writer: SyncIoBridge<BufWriter>,
    runtime: Handle,
}

impl Upload {
    /// Puts the file in its place.
    ///
    /// # Errors
    /// What the storage says; then there is no such file.
    pub fn finish(mut self) -> io::Result<()> {
        self.writer.shutdown()
    }

    /// Leaves nothing of it behind.
    pub fn give_up(self) {
        let mut writer = self.writer.into_inner();
        if let Err(error) = self.runtime.block_on(writer.abort()) {
            tracing::warn!(%error, "an upload that was broken off could not be taken back");
        }
    }
}

impl Write for Upload {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.writer.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        // What is not a whole part yet waits until it is.
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_folders_and_buckets() {
        assert_eq!("/srv/decant".parse(), Ok(Place::Folder("/srv/decant".into())));
        assert_eq!(
            "file:///srv/de%20cant".parse(),
            Ok(Place::Folder("/srv/de cant".into()))
        );
        let bucket = |name: &str, prefix: &str| {
            Ok(Place::Bucket {
                name: name.to_owned(),
                prefix: prefix.to_owned(),
            })
        };
        assert_eq!("s3://kept".parse(), bucket("kept", ""));
        assert_eq!("s3://kept/a/b/".parse(), bucket("kept", "a/b"));
        for text in [
            "",
            "kept",
            "ftp://kept",
            "s3://",
            "s3://key:secret@kept",
            "s3://kept?region=x",
            "file://host/x",
        ] {
            assert!(text.parse::<Place>().is_err(), "{text}");
        }
    }
}
