//! Proves that a backup restores: it is downloaded, decrypted, compared with its hash, and restored into a staging
//! database, which is removed after its rows have been counted.

use std::sync::Arc;

use api::backups::{Backup, BackupProof, BackupTask};
use api::restore::{RestoreEvent, RestoreProgress};
use jiff::Timestamp;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::{BackupError, Backups, EVENTS, TaskGuard};
use crate::audit::Action;
use crate::database::restore::RestoreError;
use crate::storage::encrypted::ReadError;
use crate::storage::encryption::DecryptionError;

impl Backups {
    /// Starts to prove a backup and returns the handle of the task that completes it. If the backup does not restore,
    /// the task succeeds, and the manifest has the failure.
    ///
    /// # Errors
    /// [`BackupError::Busy`], [`BackupError::Unverified`], and as [`manifest`](Self::manifest).
    pub async fn prove(
        self: &Arc<Self>,
        name: &str,
        caller: &str,
    ) -> Result<JoinHandle<Result<Backup, BackupError>>, BackupError> {
        let guard = self.start(BackupTask::Prove)?;
        let manifest = self.manifest(name).await?;
        self.repository.accept(&manifest, false)?;
        tracing::info!(action = Action::DatabaseBackupProofStart.name(), caller, name);
        let (backups, caller) = (Arc::clone(self), caller.to_owned());
        Ok(self.tasks.spawn(async move {
            let proved = backups.run_proof(&guard, manifest, &caller).await;
            guard.finish(&proved);
            proved
        }))
    }

    async fn run_proof(
        &self,
        guard: &TaskGuard,
        manifest: Backup,
        caller: &str,
    ) -> Result<Backup, BackupError> {
        let result = self.try_restore(guard, &manifest, caller).await;
        let (rows, failure) = match result {
            Ok(rows) => (rows, None),
            Err(error) if is_fault_of_backup(&error) => (0, Some(error.to_string())),
            Err(error) => {
                tracing::warn!(action = Action::DatabaseBackupProofError.name(), caller, name = manifest.name, %error);
                return Err(error);
            }
        };
        tracing::info!(
            action = Action::DatabaseBackupProofComplete.name(),
            caller,
            name = manifest.name,
            rows,
            failure
        );
        let proved = Backup {
            proof: Some(BackupProof {
                at: Timestamp::now(),
                rows,
                failure,
            }),
            ..manifest
        };
        // A backup that was removed during the proof must not get a manifest again.
        self.manifest(&proved.name).await?;
        self.repository.replace_manifest(&proved).await?;
        Ok(proved)
    }

    async fn try_restore(
        &self,
        guard: &TaskGuard,
        manifest: &Backup,
        caller: &str,
    ) -> Result<u64, BackupError> {
        guard.set_message("Downloading the backup");
        let file = self.repository.fetch(manifest, false).await?;
        let (sender, mut events) = mpsc::channel(EVENTS);
        let follow = async {
            while let Some(event) = events.recv().await {
                if let RestoreEvent::Progress(RestoreProgress { message, .. }) = event {
                    guard.set_message(message);
                }
            }
        };
        let proving = self.restorer.prove(file.as_ref(), caller, sender, &self.stop);
        let (proved, ()) = tokio::join!(proving, follow);
        Ok(proved?)
    }
}

/// Returns `false` for errors of the circumstances, such as a full disk or a taken lock: they prove nothing.
fn is_fault_of_backup(error: &BackupError) -> bool {
    match error {
        BackupError::Read(reason) => matches!(
            reason,
            ReadError::Changed { .. }
                | ReadError::Decryption(
                    DecryptionError::WrongKey
                        | DecryptionError::Damaged(_)
                        | DecryptionError::NotEncrypted
                        | DecryptionError::TooMuchWork { .. }
                )
        ),
        BackupError::Restore(reason) => matches!(
            reason,
            RestoreError::Archive(_)
                | RestoreError::Damaged(_)
                | RestoreError::Load(_)
                | RestoreError::Rows { .. }
                | RestoreError::Migration { .. }
        ),
        _ => false,
    }
}
