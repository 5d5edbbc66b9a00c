//! Restores backups: downloads, decrypts and restores them.

use std::sync::Arc;

use api::backups::Backup;
use api::restore::{RestoreEvent, RestoreFailure, RestoreProgress};
use tokio::sync::mpsc;

use super::{BackupError, Backups, EVENTS};
use crate::audit::Action;
use crate::database::restore::{RestoreError, RestoreOptions};

impl Backups {
    /// Starts to restore a backup and returns its events. `unverified` is an explicit request for a backup that is otherwise
    /// refused.
    ///
    /// # Errors
    /// [`BackupError::Unverified`]; [`BackupError::Restore`]: another operation holds the lock; and as [`manifest`](Self::manifest). A later error is an event.
    pub async fn restore(
        self: &Arc<Self>,
        name: &str,
        options: RestoreOptions,
        unverified: bool,
        caller: &str,
    ) -> Result<mpsc::Receiver<RestoreEvent>, BackupError> {
        let manifest = self.manifest(name).await?;
        self.repository.accept(&manifest, unverified)?;
        self.restorer.check_lock().await?;
        if unverified {
            tracing::warn!(
                caller,
                name,
                "a backup is restored although it may have been replaced"
            );
        }
        let (backups, caller) = (Arc::clone(self), caller.to_owned());
        let (sender, events) = mpsc::channel(EVENTS);
        tokio::spawn(async move {
            let fetching = RestoreEvent::Progress(RestoreProgress {
                message: format!("Downloading {} from the storage", manifest.name),
                percent: 0,
            });
            let _ = sender.try_send(fetching);
            let restoring = backups.run_restore(&manifest, options, unverified, &caller, &sender);
            if let Err(error) = restoring.await {
                tracing::error!(action = Action::DatabaseImportError.name(), caller, %error);
                let message = error.to_string();
                let _ = sender.send(RestoreEvent::Error(RestoreFailure { message })).await;
            }
        });
        Ok(events)
    }

    /// Forwards the events of the restore. When the client has left, the receiver is dropped, and DECANT_RESTORE_UNFOLLOWED
    /// decides what the restore does.
    async fn run_restore(
        self: &Arc<Self>,
        manifest: &Backup,
        options: RestoreOptions,
        unverified: bool,
        caller: &str,
        sender: &mpsc::Sender<RestoreEvent>,
    ) -> Result<(), BackupError> {
        let fetching = self.repository.fetch(manifest, unverified);
        let file = tokio::select! {
            file = fetching => file?,
            () = sender.closed(), if self.restorer.stops_on_disconnect() => {
                return Err(RestoreError::Disconnected.into());
            }
        };
        let restorer = Arc::clone(&self.restorer);
        let mut restoring = restorer.restore(file, options, caller, self.stop.clone()).await?;
        loop {
            tokio::select! {
                event = restoring.recv() => match event {
                    Some(event) => {
                        let _ = sender.send(event).await;
                    }
                    None => return Ok(()),
                },
                () = sender.closed() => return Ok(()),
            }
        }
    }
}
