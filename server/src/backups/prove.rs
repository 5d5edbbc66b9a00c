//! A backup that was never restored is a hope. This one is fetched, decrypted, compared with what was written, restored
//! into a database beside the live one, counted, and that database removed.

use std::sync::Arc;

use jiff::Timestamp;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::manifest::{Manifest, Proof};
use super::{BackupError, Backups, EVENTS, Task, Turn};
use crate::audit::Action;
use crate::database::restore::{Event, RestoreError};
use crate::storage::encrypted::ReadError;
use crate::storage::encryption::DecryptionError;

impl Backups {
    /// Begins to prove a backup; the handle is of the rest. A backup that does not restore is no error: its manifest says so.
    ///
    /// # Errors
    /// [`BackupError::Busy`], [`BackupError::NoSuchBackup`]; what the storage says.
    pub async fn prove(
        self: &Arc<Self>,
        name: &str,
        caller: &str,
    ) -> Result<JoinHandle<Result<Manifest, BackupError>>, BackupError> {
        let turn = self.begin(Task::Prove)?;
        let manifest = self.manifest(name).await?;
        tracing::info!(action = Action::DatabaseBackupProofStart.name(), caller, name);
        let (backups, caller) = (Arc::clone(self), caller.to_owned());
        Ok(self.database.tasks.spawn(async move {
            let proved = backups.prove_in_turn(&turn, manifest, &caller).await;
            turn.end(&proved);
            proved
        }))
    }

    async fn prove_in_turn(
        &self,
        turn: &Turn,
        manifest: Manifest,
        caller: &str,
    ) -> Result<Manifest, BackupError> {
        let tried = self.try_to_restore(turn, &manifest, caller).await;
        let (rows, failure) = match tried {
            Ok(rows) => (rows, None),
            Err(error) if is_verdict(&error) => (0, Some(error.to_string())),
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
        let proved = Manifest {
            proof: Some(Proof {
                at: Timestamp::now(),
                rows,
                failure,
            }),
            ..manifest
        };
        // One that was removed meanwhile stays removed.
        self.manifest(&proved.name).await?;
        self.write_manifest(&proved).await?;
        Ok(proved)
    }

    async fn try_to_restore(
        &self,
        turn: &Turn,
        manifest: &Manifest,
        caller: &str,
    ) -> Result<u64, BackupError> {
        turn.say("Fetching it from the storage");
        let file = self.fetch(manifest).await?;
        let (sender, mut events) = mpsc::channel(EVENTS);
        let follow = async {
            while let Some(event) = events.recv().await {
                if let Event::Progress { message, .. } = event {
                    turn.say(message);
                }
            }
        };
        let proving = self.database.prove(file.as_ref(), caller, sender, &self.stop);
        let (proved, ()) = tokio::join!(proving, follow);
        Ok(proved?)
    }
}

/// Whether the backup is to blame, and not what happens to be in the way of proving it.
fn is_verdict(error: &BackupError) -> bool {
    match error {
        BackupError::Read(reason) => matches!(
            reason,
            ReadError::Changed { .. }
                | ReadError::Decryption(DecryptionError::WrongKey | DecryptionError::Damaged(_))
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
