//! A dump, encrypted and stored while it comes.

use std::io;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::StreamExt;
use jiff::Timestamp;
use tokio::sync::mpsc;
use tokio::task::{JoinHandle, spawn_blocking};
use wasm_export::dump::{Archive, Summary};

use super::manifest::Manifest;
use super::{BackupError, Backups, Task, Turn, manifest_path, path};
use crate::audit::Action;
use crate::database::dump::{Dump, Mode};
use crate::storage::encrypted::{StoredFile, write_encrypted};
use crate::storage::encryption::Encryption;
use crate::storage::{StorageError, Upload};

/// Pieces of a dump that wait to be encrypted and sent.
const PIECES: usize = 16;

/// A backup that is to be made.
#[derive(Clone, Debug)]
pub struct Order {
    /// What of the database it is to hold.
    pub mode: Mode,
    /// When it was due, if a schedule wants it.
    pub due: Option<Timestamp>,
    /// Who wants it.
    pub caller: String,
}

/// What the thread that writes is told. If nothing more comes before the end does, it leaves nothing behind.
enum Piece {
    Bytes(Bytes),
    End,
}

impl Backups {
    /// Begins to make a backup; the handle is of the rest.
    ///
    /// # Errors
    /// [`BackupError::Busy`], [`BackupError::Dump`].
    pub async fn make(
        self: &Arc<Self>,
        order: Order,
    ) -> Result<JoinHandle<Result<Manifest, BackupError>>, BackupError> {
        let turn = self.begin(Task::Make)?;
        let began = Timestamp::now();
        let dump = match self
            .database
            .dump(order.mode, &order.caller, self.stop.clone())
            .await
        {
            Ok(dump) => dump,
            Err(error) => {
                let refused = Err(error.into());
                turn.end(&refused);
                return refused;
            }
        };
        let backups = Arc::clone(self);
        Ok(self.database.tasks.spawn(async move {
            let made = backups.store(&turn, dump, began, order).await;
            turn.end(&made);
            made
        }))
    }

    async fn store(
        &self,
        turn: &Turn,
        dump: Dump,
        began: Timestamp,
        order: Order,
    ) -> Result<Manifest, BackupError> {
        let caller = &order.caller;
        let name = format!("{}{}", dump.file_name, self.storage.encryption().suffix());
        turn.say("Dumping and storing");
        let stored = self.pour(turn, dump, &name).await;
        let (stored, summary) = match stored {
            Ok(stored) => stored,
            Err(error) => {
                tracing::error!(action = Action::DatabaseBackupError.name(), caller, name, %error);
                return Err(error);
            }
        };
        let manifest = Manifest {
            name,
            began,
            ended: Timestamp::now(),
            due: order.due,
            caller: caller.clone(),
            mode: order.mode,
            bytes: stored.bytes,
            sha256: stored.sha256,
            encryption: self.storage.encryption().name().to_owned(),
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
        if order.due.is_some() {
            self.remove_superfluous().await?;
        }
        Ok(manifest)
    }

    /// Dump → archive reader, which reads along → encryption → hash → storage.
    async fn pour(&self, turn: &Turn, dump: Dump, name: &str) -> Result<(StoredFile, Summary), BackupError> {
        let (sender, receiver) = mpsc::channel(PIECES);
        let upload = self.storage.upload(&path(name))?;
        let encryption = Arc::clone(self.storage.encryption());
        let writing = spawn_blocking(move || write(upload, &encryption, receiver));
        let read_along = async {
            let mut archive = Archive::new();
            let mut pieces = std::pin::pin!(dump.into_stream());
            while let Some(piece) = pieces.next().await {
                let piece = piece?;
                archive.push(&piece).map_err(BackupError::NotWhole)?;
                turn.update(|running| running.bytes += piece.len() as u64);
                if sender.send(Piece::Bytes(piece)).await.is_err() {
                    // Why is what the writer ends with.
                    return Ok(None);
                }
            }
            let summary = archive.finish().map_err(BackupError::NotWhole)?;
            let _ = sender.send(Piece::End).await;
            Ok::<_, BackupError>(Some(summary))
        };
        let summary = read_along.await;
        drop(sender);
        let stored = writing.await.expect("writing neither panics nor is cancelled");
        match (summary?, stored.map_err(BackupError::NotStored)?) {
            (Some(summary), stored) => Ok((stored, summary)),
            (None, _) => Err(BackupError::NotStored(broken_off())),
        }
    }

    /// Removes the scheduled backups that need not be kept. One that is known to restore stays as long as no newer one is.
    async fn remove_superfluous(&self) -> Result<(), StorageError> {
        let Some(schedule) = &self.plan.make else {
            return Ok(());
        };
        let backups = self.list().await?;
        let scheduled = || backups.iter().filter(|backup| backup.due.is_some());
        let began: Vec<Timestamp> = scheduled().map(|backup| backup.began).collect();
        let superfluous = self.plan.keep.superfluous(&began, schedule.zone().time_zone());
        let last_proved = backups
            .iter()
            .find(|backup| backup.is_proved())
            .map(|backup| backup.began);
        let may_go =
            |backup: &&Manifest| superfluous.contains(&backup.began) && last_proved != Some(backup.began);
        for backup in scheduled().filter(may_go) {
            self.storage.remove(&manifest_path(&backup.name)).await?;
            self.storage.remove(&path(&backup.name)).await?;
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
                None => return Err(broken_off()),
            }
        }
    })
}

fn broken_off() -> io::Error {
    io::Error::other("it was broken off")
}
