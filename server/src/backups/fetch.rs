//! A backup taken out of the storage again: as it is stored, or as the dump that it was.

use std::io;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::Stream;
use tokio::sync::mpsc;
use tokio::task::spawn_blocking;

use super::manifest::Manifest;
use super::{BackupError, Backups, EVENTS, path};
use crate::audit::Action;
use crate::database::restore::{Event, Plan};
use crate::database::scratch::ScratchFile;
use crate::storage::encrypted::{ReadError, read_encrypted};

impl Backups {
    /// A backup as it is stored, encrypted or not.
    ///
    /// # Errors
    /// [`BackupError::NoSuchBackup`]; what the storage says.
    pub async fn download(
        &self,
        name: &str,
    ) -> Result<(Manifest, impl Stream<Item = io::Result<Bytes>> + use<>), BackupError> {
        let manifest = self.manifest(name).await?;
        let pieces = self.storage.stream(&path(&manifest.name)).await?;
        Ok((manifest, pieces))
    }

    /// A backup as the dump that it was, in a scratch file.
    ///
    /// # Errors
    /// [`BackupError::Read`]; what the storage says.
    pub async fn fetch(&self, manifest: &Manifest) -> Result<ScratchFile, BackupError> {
        let (scratch, mut file) = self.database.scratch.file("dump").map_err(ReadError::from)?;
        let stored = self.storage.download(&path(&manifest.name)).await?;
        let (encryption, expected) = (Arc::clone(self.storage.encryption()), manifest.sha256.clone());
        let unpacking = spawn_blocking(move || read_encrypted(stored, &encryption, &expected, &mut file));
        unpacking
            .await
            .expect("unpacking neither panics nor is cancelled")?;
        Ok(scratch)
    }

    /// Restores a backup, and tells of it.
    ///
    /// # Errors
    /// [`BackupError::NoSuchBackup`]; what the storage says. What goes wrong later is told.
    pub async fn restore(
        self: &Arc<Self>,
        name: &str,
        plan: Plan,
        caller: &str,
    ) -> Result<mpsc::Receiver<Event>, BackupError> {
        let manifest = self.manifest(name).await?;
        let (backups, caller) = (Arc::clone(self), caller.to_owned());
        let (sender, events) = mpsc::channel(EVENTS);
        tokio::spawn(async move {
            let fetching = Event::Progress {
                message: format!("Fetching {} from the storage", manifest.name),
                percent: 0,
            };
            let _ = sender.try_send(fetching);
            let begun = async {
                let file = backups.fetch(&manifest).await?;
                let restoring =
                    Arc::clone(&backups.database).restore(file, plan, &caller, backups.stop.clone());
                Ok::<_, BackupError>(restoring.await?)
            };
            match begun.await {
                // Nobody need listen, but it is to be followed to its end.
                Ok(mut told) => {
                    while let Some(event) = told.recv().await {
                        let _ = sender.send(event).await;
                    }
                }
                Err(error) => {
                    tracing::error!(action = Action::DatabaseImportError.name(), caller, %error);
                    let message = error.to_string();
                    let _ = sender.send(Event::Error { message }).await;
                }
            }
        });
        Ok(events)
    }
}
