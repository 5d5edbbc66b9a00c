//! Downloads, decrypts and restores backups.

use std::io;
use std::sync::Arc;

use api::backups::Backup;
use api::restore::{RestoreEvent, RestoreFailure, RestoreProgress};
use bytes::Bytes;
use futures_util::Stream;
use tokio::sync::mpsc;
use tokio::task::spawn_blocking;

use super::{BackupError, Backups, EVENTS, path};
use crate::audit::Action;
use crate::database::restore::RestoreOptions;
use crate::database::temporary_files::TemporaryFile;
use crate::storage::encrypted::{ReadError, read_encrypted};

impl Backups {
    /// Returns the bytes of a backup as it is stored, encrypted or not.
    ///
    /// # Errors
    /// [`BackupError::NoSuchBackup`], [`BackupError::Manifest`], [`BackupError::Storage`].
    pub async fn download(
        &self,
        name: &str,
    ) -> Result<(Backup, impl Stream<Item = io::Result<Bytes>> + use<>), BackupError> {
        let manifest = self.manifest(name).await?;
        let pieces = self.storage.stream(&path(&manifest.name)).await?;
        Ok((manifest, pieces))
    }

    /// Returns the decrypted dump of a backup in a temporary file.
    ///
    /// # Errors
    /// [`BackupError::Read`], [`BackupError::Storage`].
    pub async fn fetch(&self, manifest: &Backup) -> Result<TemporaryFile, BackupError> {
        let (dump, mut file) = self.temporary_files.create("dump").map_err(ReadError::from)?;
        let stored = self.storage.download(&path(&manifest.name)).await?;
        let (encryption, expected) = (Arc::clone(self.storage.encryption()), manifest.sha256.clone());
        let reading = spawn_blocking(move || read_encrypted(stored, &encryption, &expected, &mut file));
        reading
            .await
            .expect("the reading thread neither panics nor is cancelled")?;
        Ok(dump)
    }

    /// Starts to restore a backup and returns its events.
    ///
    /// # Errors
    /// [`BackupError::NoSuchBackup`], [`BackupError::Manifest`], [`BackupError::Storage`]. A later error is an event.
    pub async fn restore(
        self: &Arc<Self>,
        name: &str,
        options: RestoreOptions,
        caller: &str,
    ) -> Result<mpsc::Receiver<RestoreEvent>, BackupError> {
        let manifest = self.manifest(name).await?;
        let (backups, caller) = (Arc::clone(self), caller.to_owned());
        let (sender, events) = mpsc::channel(EVENTS);
        tokio::spawn(async move {
            let fetching = RestoreEvent::Progress(RestoreProgress {
                message: format!("Downloading {} from the storage", manifest.name),
                percent: 0,
            });
            let _ = sender.try_send(fetching);
            let begun = async {
                let file = backups.fetch(&manifest).await?;
                let restoring =
                    Arc::clone(&backups.restorer).restore(file, options, &caller, backups.stop.clone());
                Ok::<_, BackupError>(restoring.await?)
            };
            match begun.await {
                // Reading goes on after the client has left, so a restore from the storage always runs to its end. The
                // setting DECANT_RESTORE_UNFOLLOWED applies to uploads only.
                Ok(mut restoring) => {
                    while let Some(event) = restoring.recv().await {
                        let _ = sender.send(event).await;
                    }
                }
                Err(error) => {
                    tracing::error!(action = Action::DatabaseImportError.name(), caller, %error);
                    let message = error.to_string();
                    let _ = sender.send(RestoreEvent::Error(RestoreFailure { message })).await;
                }
            }
        });
        Ok(events)
    }
}
