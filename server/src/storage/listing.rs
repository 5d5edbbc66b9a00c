//! Sizes and times of stored files.

use std::time::Duration;

use futures_util::{Stream, StreamExt, TryStreamExt, future};
use jiff::Timestamp;
use object_store::signer::{Method, SignedUrlOptions, Signer};
use object_store::{ObjectMeta, ObjectStore, ObjectStoreExt};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::{Location, Storage, StorageError, folder};

/// A stored file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileInfo {
    /// The name with its folders, as it was given when the file was written.
    pub name: String,
    pub bytes: u64,
    /// When the file became complete.
    pub modified: Timestamp,
}

impl Storage {
    /// Returns size and time of a file; `None` if there is no such file.
    ///
    /// # Errors
    /// [`StorageError`], except [`StorageError::Missing`].
    pub async fn head(&self, name: &str) -> Result<Option<FileInfo>, StorageError> {
        match self.store()?.head(&self.path(name)).await {
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(error.into()),
            Ok(file) => Ok(Some(FileInfo {
                name: name.to_owned(),
                ..self.file_info(&file)
            })),
        }
    }

    /// Returns the size of a file in bytes.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn size(&self, name: &str) -> Result<u64, StorageError> {
        let file = self.head(name).await?;
        let file = file.ok_or_else(|| StorageError::Missing(name.to_owned()))?;
        Ok(file.bytes)
    }

    /// Returns the files in a folder and in those below it, while the storage lists them. Files that are being written are no
    /// part of them.
    ///
    /// # Errors
    /// [`StorageError`], except [`StorageError::Missing`]: a folder that does not exist is empty.
    pub fn files(
        &self,
        folder: &str,
    ) -> Result<impl Stream<Item = Result<FileInfo, StorageError>> + Send + use<>, StorageError> {
        let storage = self.clone();
        let files = self.store()?.list(Some(&self.path(folder)));
        let files = files.map_err(StorageError::from);
        let files = files.map_ok(move |file| storage.file_info(&file));
        Ok(files.try_filter(|file| {
            let name = file.name.rsplit('/').next().unwrap_or_default();
            future::ready(!folder::is_unfinished(name))
        }))
    }

    /// Returns an address of the bucket that gives the file to everybody for `lifetime`, as a download with the name `file_name` and
    /// this media type. `None` for a folder.
    ///
    /// # Errors
    /// [`StorageError`]
    pub async fn signed_url(
        &self,
        name: &str,
        file_name: &str,
        media_type: &str,
        lifetime: Duration,
    ) -> Result<Option<String>, StorageError> {
        let Some(bucket) = &self.opened()?.bucket else {
            return Ok(None);
        };
        // RFC 6266: the name is percent-encoded UTF-8.
        let encoded = utf8_percent_encode(file_name, NON_ALPHANUMERIC);
        let disposition = format!("attachment; filename*=UTF-8''{encoded}");
        let query = [
            ("response-content-disposition", disposition.as_str()),
            ("response-content-type", media_type),
        ];
        let options = SignedUrlOptions::default().with_query(query);
        let path = self.path(name);
        let url = bucket.signed_url_opts(Method::GET, &path, lifetime, &options);
        Ok(Some(url.await?.into()))
    }

    /// Returns the names of the files in a folder, without the folder.
    ///
    /// # Errors
    /// As [`files`](Self::files).
    pub async fn list(&self, folder: &str) -> Result<Vec<String>, StorageError> {
        let files: Vec<_> = self.files(folder)?.boxed().try_collect().await?;
        let names = files.iter().filter_map(|file| file.name.rsplit('/').next());
        Ok(names.map(str::to_owned).collect())
    }

    fn file_info(&self, file: &ObjectMeta) -> FileInfo {
        let modified = Timestamp::from_millisecond(file.last_modified.timestamp_millis());
        FileInfo {
            name: self.name_of(file.location.as_ref()),
            bytes: file.size,
            modified: modified.unwrap_or(Timestamp::UNIX_EPOCH),
        }
    }

    /// Returns the name of a file from its path in the bucket, which has the storage's prefix.
    pub(super) fn name_of(&self, path: &str) -> String {
        let name = match self.location() {
            Location::Bucket { prefix, .. } => path
                .strip_prefix(prefix.as_str())
                .map_or(path, |name| name.trim_start_matches('/')),
            Location::Folder(_) => path,
        };
        name.to_owned()
    }
}
