//! Whether the storage works: a look that changes nothing, and the round trip of a small file.

use std::io;
use std::path::Path;

use futures_util::StreamExt;
use nix::unistd::{AccessFlags, access};
use tokio::task::spawn_blocking;
use uuid::Uuid;

use super::{Location, PutIf, Storage, StorageError};

/// The name of a file that does not exist, below no folder of Decant.
const ABSENT: &str = "checks/health";

/// The content of the small file of a round trip.
const CONTENT: &[u8] = b"decant doctor\n";

/// Why the round trip of a small file failed, with the step.
#[derive(Debug, thiserror::Error)]
pub enum RoundTripError {
    #[error("a small file cannot be written: {0}")]
    Write(#[source] StorageError),
    #[error("a small file was written, and its size cannot be read: {0}")]
    Head(#[source] StorageError),
    #[error("a small file was written, and cannot be read: {0}")]
    Read(#[source] StorageError),
    #[error("a small file was written, and other bytes were read")]
    Changed,
    #[error("the small file {name} cannot be removed: {error}")]
    Remove { name: String, error: StorageError },
}

impl Storage {
    /// Checks that the storage answers, without a change. A folder must be there and be writable; a bucket must answer a `HEAD`.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn check(&self) -> Result<(), StorageError> {
        self.open()?;
        if let Location::Folder(folder) = self.location() {
            let folder = folder.clone();
            let checked = spawn_blocking(move || check_folder(&folder)).await;
            return Ok(checked.map_err(io::Error::other)??);
        }
        if self.head(ABSENT).await?.is_none() {
            // `HEAD` has the same answer for a missing file and for a missing bucket.
            let mut files = self.files("checks")?.boxed();
            files.next().await.transpose()?;
        }
        Ok(())
    }

    /// Writes a small file, reads its size and its content, and removes it.
    ///
    /// # Errors
    /// [`RoundTripError`] for the first step that fails. A file that was written is removed then, too.
    pub async fn check_round_trip(&self) -> Result<(), RoundTripError> {
        let name = format!("doctor-{}", Uuid::new_v4().simple());
        self.put(&name, CONTENT.to_vec(), PutIf::Absent)
            .await
            .map_err(RoundTripError::Write)?;
        let read = self.read_back(&name).await;
        let removed = self.remove(&name).await;
        read?;
        removed.map_err(|error| RoundTripError::Remove { name, error })
    }

    async fn read_back(&self, name: &str) -> Result<(), RoundTripError> {
        let bytes = self.size(name).await.map_err(RoundTripError::Head)?;
        let content = self.get(name).await.map_err(RoundTripError::Read)?;
        match content == CONTENT && bytes == CONTENT.len() as u64 {
            true => Ok(()),
            false => Err(RoundTripError::Changed),
        }
    }
}

fn check_folder(folder: &Path) -> io::Result<()> {
    if !std::fs::metadata(folder)?.is_dir() {
        return Err(io::ErrorKind::NotADirectory.into());
    }
    Ok(access(folder, AccessFlags::W_OK | AccessFlags::X_OK)?)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::storage::Options;
    use crate::storage::encryption::Encryption;

    #[tokio::test]
    async fn a_folder_that_went_away_is_noticed_and_a_round_trip_leaves_nothing() {
        let parent = tempfile::tempdir().unwrap();
        let folder = parent.path().join("storage");
        let storage = Storage::new(Options {
            location: Location::Folder(folder.clone()),
            encryption: Arc::new(Encryption::None),
            data_dir: parent.path().to_owned(),
            manifest_secret: None,
            reserve: 0,
        });
        storage.check().await.unwrap();
        storage.check_round_trip().await.unwrap();
        assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 0);
        std::fs::remove_dir(&folder).unwrap();
        storage.check().await.unwrap_err();
        std::fs::write(&folder, "").unwrap();
        storage.check().await.unwrap_err();
        assert!(matches!(
            storage.check_round_trip().await,
            Err(RoundTripError::Write(_))
        ));
    }
}
