//! A dump is encrypted and stored while `pg_dump` runs.

use std::io;
use std::sync::Arc;

use api::backups::{Backup, BackupTask};
use api::database::DumpMode;
use bytes::Bytes;
use futures_util::StreamExt;
use jiff::Timestamp;
use tokio::sync::mpsc;
use tokio::task::{JoinHandle, spawn_blocking};
use wasm_export::dump::{Archive, Summary};

use super::{BackupError, Backups, TaskGuard, path};
use crate::audit::Action;
use crate::database::dump::Dump;
use crate::storage::encrypted::{StoredFile, write_encrypted};
use crate::storage::encryption::Encryption;
use crate::storage::{StorageError, Upload};

/// Capacity of the channel to the thread that encrypts.
const PIECES: usize = 16;

#[derive(Clone, Debug)]
pub struct BackupJob {
    pub mode: DumpMode,
    /// The time of the schedule; `None`: on request.
    pub due: Option<Timestamp>,
    pub caller: String,
}

/// A message to the writing thread. If the channel closes before `End`, the thread removes what it has written.
enum Piece {
    Bytes(Bytes),
    End,
}

impl Backups {
    /// Starts to make a backup and returns the handle of the task that completes it.
    ///
    /// # Errors
    /// [`BackupError::Busy`]; [`BackupError::Dump`] if `pg_dump` does not start.
    pub async fn make(
        self: &Arc<Self>,
        job: BackupJob,
    ) -> Result<JoinHandle<Result<Backup, BackupError>>, BackupError> {
        let guard = self.start(BackupTask::Make)?;
        let began = Timestamp::now();
        let dump = match self.dumper.dump(job.mode, &job.caller, self.stop.clone()).await {
            Ok(dump) => dump,
            Err(error) => {
                let refused = Err(error.into());
                guard.finish(&refused);
                return refused;
            }
        };
        let backups = Arc::clone(self);
        Ok(self.tasks.spawn(async move {
            let made = backups.store(&guard, dump, began, job).await;
            guard.finish(&made);
            made
        }))
    }

    async fn store(
        &self,
        guard: &TaskGuard,
        dump: Dump,
        began: Timestamp,
        job: BackupJob,
    ) -> Result<Backup, BackupError> {
        let caller = &job.caller;
        let name = format!("{}{}", dump.file_name, self.storage.encryption().suffix());
        guard.set_message("Dumping and storing");
        let stored = self.store_dump(guard, dump, &name).await;
        let (stored, summary) = match stored {
            Ok(stored) => stored,
            Err(error) => {
                tracing::error!(action = Action::DatabaseBackupError.name(), caller, name, %error);
                return Err(error);
            }
        };
        let manifest = Backup {
            name,
            began,
            ended: Timestamp::now(),
            due: job.due,
            caller: caller.clone(),
            mode: job.mode,
            bytes: stored.bytes,
            sha256: stored.sha256,
            encryption: self.storage.encryption().kind(),
            tables: summary.tables.len(),
            server_version: summary.header.server_version,
            proof: None,
        };
        self.write_manifest(&manifest).await?;
        tracing::info!(
            action = Action::DatabaseBackupStored.name(),
            caller,
            name = manifest.name,
            bytes = manifest.bytes,
            sha256 = manifest.sha256
        );
        if job.due.is_some() {
            self.remove_expired().await?;
        }
        Ok(manifest)
    }

    /// The way of the bytes: `pg_dump`, then the archive parser, which checks that the dump is complete, then encryption,
    /// hash and storage.
    async fn store_dump(
        &self,
        guard: &TaskGuard,
        dump: Dump,
        name: &str,
    ) -> Result<(StoredFile, Summary), BackupError> {
        let (sender, receiver) = mpsc::channel(PIECES);
        let upload = self.storage.upload(&path(name))?;
        let encryption = Arc::clone(self.storage.encryption());
        let writing = spawn_blocking(move || write(upload, &encryption, receiver));
        let checking = async {
            let mut archive = Archive::new();
            let mut pieces = std::pin::pin!(dump.into_stream());
            while let Some(piece) = pieces.next().await {
                let piece = piece?;
                archive.push(&piece).map_err(BackupError::IncompleteDump)?;
                guard.update(|running| running.bytes += piece.len() as u64);
                if sender.send(Piece::Bytes(piece)).await.is_err() {
                    // The writer has failed; its error is returned below.
                    return Ok(None);
                }
            }
            let summary = archive.finish().map_err(BackupError::IncompleteDump)?;
            let _ = sender.send(Piece::End).await;
            Ok::<_, BackupError>(Some(summary))
        };
        let summary = checking.await;
        drop(sender);
        let stored = writing
            .await
            .expect("the writing thread neither panics nor is cancelled");
        match (summary?, stored.map_err(BackupError::NotStored)?) {
            (Some(summary), stored) => Ok((stored, summary)),
            (None, _) => Err(BackupError::NotStored(interrupted())),
        }
    }

    /// Removes the scheduled backups that the policy does not keep, except the newest proved one: it may be the only one
    /// that restores.
    async fn remove_expired(&self) -> Result<(), StorageError> {
        let Some(schedule) = &self.options.schedule else {
            return Ok(());
        };
        let backups = self.list().await?;
        let scheduled = || backups.iter().filter(|backup| backup.due.is_some());
        let began: Vec<Timestamp> = scheduled().map(|backup| backup.began).collect();
        let expired = self
            .options
            .retention
            .expired(&began, schedule.zone().time_zone());
        let last_proved = backups
            .iter()
            .find(|backup| is_proved(backup))
            .map(|backup| backup.began);
        let is_removed =
            |backup: &&Backup| expired.contains(&backup.began) && last_proved != Some(backup.began);
        for backup in scheduled().filter(is_removed) {
            self.remove_files(backup).await?;
            tracing::info!(action = Action::DatabaseBackupExpired.name(), name = backup.name);
        }
        Ok(())
    }
}

fn write(
    upload: Upload,
    encryption: &Encryption,
    mut pieces: mpsc::Receiver<Piece>,
) -> io::Result<StoredFile> {
    write_encrypted(upload, encryption, |output| {
        loop {
            match pieces.blocking_recv() {
                Some(Piece::Bytes(bytes)) => output.write_all(&bytes)?,
                Some(Piece::End) => return Ok(()),
                None => return Err(interrupted()),
            }
        }
    })
}

fn interrupted() -> io::Error {
    io::Error::other("the dump was interrupted")
}

fn is_proved(backup: &Backup) -> bool {
    backup.proof.as_ref().is_some_and(|proof| proof.failure.is_none())
}
