//! The backups in the storage: their files and manifests, those of all databases that share the storage.

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::io;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use api::backups::{Backup, BackupEncryption};
use bytes::Bytes;
use futures_util::Stream;
use futures_util::future::join_all;
use tokio::task::spawn_blocking;

use super::error::BackupError;
use crate::database::temporary_files::{TemporaryFile, TemporaryFolder};
use crate::storage::encrypted::{ReadError, read_encrypted};
use crate::storage::encryption::{Accept, DecryptionError, Encryption};
use crate::storage::manifest::ManifestError;
use crate::storage::{PutIf, Storage, StorageError, Upload};

/// Folder of the backups in the storage.
pub const FOLDER: &str = "backups";

/// Suffix of a manifest's name.
const MANIFEST: &str = ".json";

const CONCURRENT_MANIFESTS: usize = 8;

/// A file name has at most 255 bytes, and the manifest's has a suffix.
const NAME_BYTES_MAX: usize = 255 - MANIFEST.len();

/// The backups of all databases that share a storage.
#[derive(Clone, Debug)]
pub struct Repository {
    storage: Storage,
    temporary_files: TemporaryFolder,
}

impl Repository {
    /// Fetched backups become temporary files.
    #[must_use]
    pub fn new(storage: Storage, temporary_files: TemporaryFolder) -> Self {
        Self {
            storage,
            temporary_files,
        }
    }

    /// Opens the storage.
    ///
    /// # Errors
    /// [`StorageError::Open`], [`StorageError::Folder`].
    pub fn open(&self) -> Result<(), StorageError> {
        self.storage.open()
    }

    /// Returns the storage's address, for display.
    #[must_use]
    pub fn location(&self) -> String {
        self.storage.location().to_string()
    }

    #[must_use]
    pub fn encryption(&self) -> &Arc<Encryption> {
        self.storage.encryption()
    }

    /// Returns the manifests of all backups whose file is there, the newest first.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn list(&self) -> Result<Vec<Backup>, StorageError> {
        let names: BTreeSet<String> = self.storage.list(FOLDER).await?.into_iter().collect();
        let backups = names.iter().filter_map(|name| name.strip_suffix(MANIFEST));
        let backups: Vec<&str> = backups.filter(|name| names.contains(*name)).collect();
        let mut found = Vec::with_capacity(backups.len());
        for chunk in backups.chunks(CONCURRENT_MANIFESTS) {
            for manifest in join_all(chunk.iter().map(|name| self.manifest(name))).await {
                match manifest {
                    Ok(manifest) => found.push(manifest),
                    // Another server has removed it since the folder was listed.
                    Err(BackupError::NoSuchBackup(_)) => {}
                    Err(BackupError::Storage(error)) => return Err(error),
                    Err(error) => tracing::warn!(%error, "a file in the storage is not a manifest"),
                }
            }
        }
        found.sort_by_key(|backup| Reverse(backup.began));
        Ok(found)
    }

    /// Returns the manifest of a backup.
    ///
    /// # Errors
    /// [`BackupError::NoSuchBackup`], [`BackupError::Manifest`], [`BackupError::Storage`].
    pub async fn manifest(&self, name: &str) -> Result<Backup, BackupError> {
        let no_such_backup = || BackupError::NoSuchBackup(name.to_owned());
        // The name comes from the request and must not lead out of the folder.
        if !is_file_name(name) {
            return Err(no_such_backup());
        }
        let unusable = |problem: String| BackupError::Manifest {
            name: name.to_owned(),
            problem,
        };
        let read = self.storage.read_manifest::<Backup>(&manifest_path(name)).await;
        let manifest = read.map_err(|error| match error {
            ManifestError::Storage(StorageError::Missing(_)) => no_such_backup(),
            ManifestError::Storage(error) => BackupError::Storage(error),
            ManifestError::Json(error) => unusable(error.to_string()),
        })?;
        if manifest.content.name != name {
            return Err(unusable(format!("it is that of {}", manifest.content.name)));
        }
        Ok(Backup {
            authentic: manifest.is_authentic,
            ..manifest.content
        })
    }

    /// Checks that the file of a backup is there.
    ///
    /// # Errors
    /// [`BackupError::NoSuchBackup`], [`BackupError::Storage`].
    pub async fn check_file(&self, manifest: &Backup) -> Result<(), BackupError> {
        let size = self.storage.size(&path(&manifest.name)).await;
        size.map(drop).map_err(|error| missing_file(manifest, error))
    }

    /// Starts to write the file of a new backup.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn upload(&self, name: &str) -> Result<Upload, StorageError> {
        self.storage.upload(&path(name)).await
    }

    /// Writes the manifest of a new backup.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn add_manifest(&self, manifest: &Backup) -> Result<(), StorageError> {
        let name = manifest_path(&manifest.name);
        self.storage
            .write_manifest(&name, &without_state(manifest), PutIf::Absent)
            .await
    }

    /// Replaces the manifest of a backup. One that was not authentic does not become so.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn replace_manifest(&self, manifest: &Backup) -> Result<(), StorageError> {
        let (name, content) = (manifest_path(&manifest.name), without_state(manifest));
        match manifest.authentic {
            true => self.storage.write_manifest(&name, &content, PutIf::Any).await,
            false => {
                let content = format!("{content:#}").into_bytes();
                self.storage.put(&name, content, PutIf::Any).await
            }
        }
    }

    /// Returns the bytes of a backup as it is stored, encrypted or not, or those of a part of it.
    ///
    /// # Errors
    /// [`BackupError::NoSuchBackup`], [`BackupError::Storage`].
    pub async fn stream(
        &self,
        manifest: &Backup,
        part: Option<Range<u64>>,
    ) -> Result<impl Stream<Item = io::Result<Bytes>> + Send + use<>, BackupError> {
        let stream = self.storage.stream(&path(&manifest.name), part).await;
        stream.map_err(|error| missing_file(manifest, error))
    }

    /// Returns the decrypted dump of a backup in a temporary file. `unverified` is an explicit request: see
    /// [`BackupError::Unverified`].
    ///
    /// # Errors
    /// [`BackupError::Unverified`], [`BackupError::NoSuchBackup`], [`BackupError::NoSpace`], [`BackupError::Read`],
    /// [`BackupError::Storage`].
    pub async fn fetch(&self, manifest: &Backup, unverified: bool) -> Result<TemporaryFile, BackupError> {
        let accept = self.accept(manifest, unverified)?;
        let (name, missing) = (path(&manifest.name), |error| missing_file(manifest, error));
        let size = self.storage.size(&name).await.map_err(missing)?;
        self.temporary_files.check_space(size)?;
        let (dump, mut file) = self.temporary_files.create("dump").map_err(ReadError::from)?;
        let stored = self.storage.download(&name).await.map_err(missing)?;
        let (encryption, expected) = (Arc::clone(self.encryption()), manifest.sha256.clone());
        let reading =
            spawn_blocking(move || read_encrypted(stored, &encryption, accept, &expected, &mut file));
        reading
            .await
            .expect("the reading thread neither panics nor is cancelled")?;
        Ok(dump)
    }

    /// Returns what a reader accepts of this backup.
    ///
    /// # Errors
    /// [`BackupError::Unverified`], [`BackupError::Read`] where Decant has no key for it.
    pub fn accept(&self, manifest: &Backup, unverified: bool) -> Result<Accept, BackupError> {
        let encryption = self.encryption();
        // Before the manifest: the secret that authenticates it is derived from the passphrase.
        if manifest.encryption != BackupEncryption::None
            && (encryption.kind() == BackupEncryption::None || !encryption.can_read())
        {
            return Err(ReadError::Decryption(DecryptionError::NoKey).into());
        }
        if unverified {
            return Ok(Accept::PLAINTEXT);
        }
        let refused = |reason| {
            Err(BackupError::Unverified {
                name: manifest.name.clone(),
                reason,
            })
        };
        if encryption.kind() != BackupEncryption::None && manifest.encryption == BackupEncryption::None {
            return refused("it is not encrypted, although encryption is set");
        }
        // Encryption alone does not tell which database the file is of, or when it was made.
        match manifest.authentic {
            true => Ok(Accept::OWN),
            false => refused("its manifest was not written with the secret of this storage"),
        }
    }

    /// Removes the files of a backup.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn remove(&self, manifest: &Backup) -> Result<(), StorageError> {
        // The manifest first: without it the other file is no backup, so a failure in between leaves no broken one.
        self.storage.remove(&manifest_path(&manifest.name)).await?;
        self.storage.remove(&path(&manifest.name)).await
    }

    /// Removes what interrupted uploads have left; see [`Storage::sweep`].
    ///
    /// # Errors
    /// The first error of the file system.
    pub fn sweep(&self, age: Duration) -> io::Result<usize> {
        self.storage.sweep(FOLDER, age)
    }
}

/// Returns whether a name can be that of a backup's file. Names of older versions are among these.
fn is_file_name(name: &str) -> bool {
    let is_safe = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    !name.is_empty() && name.len() <= NAME_BYTES_MAX && !name.starts_with('.') && name.bytes().all(is_safe)
}

/// Returns the manifest as it is stored: whether it is authentic shows when it is read.
fn without_state(manifest: &Backup) -> serde_json::Value {
    let mut content = serde_json::to_value(manifest).expect("a manifest has only texts and numbers");
    if let Some(fields) = content.as_object_mut() {
        fields.remove("authentic");
    }
    content
}

/// A manifest without its file is no backup.
fn missing_file(manifest: &Backup, error: StorageError) -> BackupError {
    match error {
        StorageError::Missing(_) => BackupError::NoSuchBackup(manifest.name.clone()),
        error => error.into(),
    }
}

fn path(name: &str) -> String {
    format!("{FOLDER}/{name}")
}

fn manifest_path(name: &str) -> String {
    format!("{FOLDER}/{name}{MANIFEST}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_names_are_those_of_backups() {
        for name in [
            "a",
            "backup_2026-01-28T03-00-00_no-logs.dump.age",
            &"x".repeat(250),
        ] {
            assert!(is_file_name(name), "{name}");
        }
        let long = "x".repeat(251);
        for name in [
            "",
            ".",
            "..",
            ".upload-1.part",
            "../admin.token",
            "a/b",
            "a\\b",
            "a\0",
            "é",
            &long,
        ] {
            assert!(!is_file_name(name), "{name}");
        }
    }
}
