//! A dump is encrypted and stored while `pg_dump` runs.

use std::collections::BTreeSet;
use std::io;
use std::sync::Arc;

use api::backups::{Backup, BackupTask};
use api::database::DumpMode;
use bytes::Bytes;
use futures_util::StreamExt;
use jiff::Timestamp;
use tokio::sync::mpsc;
use tokio::task::{JoinHandle, spawn_blocking};
use uuid::Uuid;
use wasm_export::dump::{Archive, Summary};

use super::{BackupError, Backups, TaskGuard, is_ahead};
use crate::audit::Action;
use crate::database::dump::{Dump, suffix};
use crate::database::identity::{DatabaseIdentity, file_name_part};
use crate::storage::Upload;
use crate::storage::encrypted::{StoredFile, write_encrypted};
use crate::storage::encryption::Encryption;

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
    /// [`BackupError::Busy`], [`BackupError::Database`]; [`BackupError::Dump`] if `pg_dump` does not start.
    pub async fn make(
        self: &Arc<Self>,
        job: BackupJob,
    ) -> Result<JoinHandle<Result<Backup, BackupError>>, BackupError> {
        let guard = self.start(BackupTask::Make)?;
        let began = Timestamp::now();
        let starting = async {
            let identity = self.identity().await?.clone();
            let dump = self.dumper.dump(job.mode, &job.caller, self.stop.clone());
            Ok::<_, BackupError>((identity, dump.await?))
        };
        let (identity, dump) = match starting.await {
            Ok(started) => started,
            Err(error) => {
                let refused = Err(error);
                guard.finish(&refused);
                return refused;
            }
        };
        let backups = Arc::clone(self);
        Ok(self.tasks.spawn(async move {
            let made = backups.store(&guard, dump, began, job, identity).await;
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
        identity: DatabaseIdentity,
    ) -> Result<Backup, BackupError> {
        let caller = &job.caller;
        let ending = self.repository.encryption().suffix();
        let name = format!("{}{ending}", file_name(&identity.name, job.mode, began));
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
            database: Some(identity.name),
            system: Some(identity.system),
            began,
            ended: Timestamp::now(),
            due: job.due,
            caller: caller.clone(),
            mode: job.mode,
            bytes: stored.bytes,
            sha256: stored.sha256,
            encryption: self.repository.encryption().kind(),
            tables: summary.tables.len(),
            server_version: summary.header.server_version,
            authentic: true,
            proof: None,
        };
        self.repository.add_manifest(&manifest).await?;
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
        let upload = self.repository.upload(name).await?;
        let encryption = Arc::clone(self.repository.encryption());
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

    /// Removes the scheduled backups of this database that the policy does not keep.
    async fn remove_expired(&self) -> Result<(), BackupError> {
        let Some(schedule) = &self.options.schedule else {
            return Ok(());
        };
        let mut backups = self.list().await?;
        let now = Timestamp::now();
        // A backup that names no database may be another one's. A forged manifest must not take the place of a real one, nor
        // may one with a time that has not come.
        backups.retain(|backup| backup.authentic && backup.database.is_some() && !is_ahead(backup, now));
        let expired =
            |began: &[Timestamp]| self.options.retention.expired(began, schedule.zone().time_zone());
        for backup in expired_backups(&backups, expired) {
            self.repository.remove(backup).await?;
            tracing::info!(action = Action::DatabaseBackupExpired.name(), name = backup.name);
        }
        Ok(())
    }
}

/// Returns the scheduled backups to remove. `backups` are ordered by their time, the newest first; `expired` selects times.
///
/// Backups of each mode are counted on their own, because one without the log does not replace a full one. The newest
/// proved one of each mode stays, for it may be the only one that restores. A backup that failed its proof takes no place
/// of another one.
fn expired_backups(
    backups: &[Backup],
    expired: impl Fn(&[Timestamp]) -> BTreeSet<Timestamp>,
) -> Vec<&Backup> {
    let mut removed = Vec::new();
    for mode in [DumpMode::Full, DumpMode::ExcludeLogs, DumpMode::LedgerOnly] {
        let of_mode = || backups.iter().filter(move |backup| backup.mode == mode);
        let scheduled = || of_mode().filter(|backup| backup.due.is_some());
        let times = |counted: &dyn Fn(&Backup) -> bool| {
            let began = scheduled().filter(|backup| counted(backup));
            expired(&began.map(|backup| backup.began).collect::<Vec<_>>())
        };
        let (of_all, of_good) = (times(&|_| true), times(&|backup| !has_failed(backup)));
        let last_proved = of_mode().find(|backup| is_proved(backup));
        removed.extend(scheduled().filter(|backup| {
            of_all.contains(&backup.began)
                && (has_failed(backup) || of_good.contains(&backup.began))
                && last_proved.is_none_or(|last| last.name != backup.name)
        }));
    }
    removed
}

/// Returns `backup_hub_2026-01-28T03-00-00_no-logs_1f0c8a52.dump`. The random part keeps two databases with the same name, and
/// two backups of a second, apart.
fn file_name(database: &str, mode: DumpMode, at: Timestamp) -> String {
    let (database, at) = (file_name_part(database), at.strftime("%Y-%m-%dT%H-%M-%S"));
    let unique = Uuid::new_v4().as_fields().0;
    format!("backup_{database}_{at}{}_{unique:08x}.dump", suffix(mode))
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

fn has_failed(backup: &Backup) -> bool {
    backup.proof.as_ref().is_some_and(|proof| proof.failure.is_some())
}

#[cfg(test)]
mod tests {
    use api::backups::{BackupEncryption, BackupProof};
    use jiff::SignedDuration;
    use jiff::tz::TimeZone;

    use super::*;
    use crate::backups::retention::RetentionPolicy;

    /// Returns a backup of this many days ago; `proof`: whether it succeeded.
    fn backup(days: i64, mode: DumpMode, proof: Option<bool>) -> Backup {
        let began: Timestamp = "2026-01-28T03:00:00Z".parse().unwrap();
        let began = began - SignedDuration::from_hours(24 * days);
        Backup {
            name: format!("{days}"),
            database: Some("hub".to_owned()),
            system: Some("1".to_owned()),
            began,
            ended: began,
            due: Some(began),
            caller: String::new(),
            mode,
            bytes: 1,
            sha256: String::new(),
            encryption: BackupEncryption::None,
            tables: 1,
            server_version: String::new(),
            authentic: true,
            proof: proof.map(|is_good| BackupProof {
                at: began,
                rows: 1,
                failure: (!is_good).then(|| "it is damaged".to_owned()),
            }),
        }
    }

    fn removed(policy: &str, backups: &[Backup]) -> Vec<String> {
        let policy: RetentionPolicy = policy.parse().unwrap();
        let removed = expired_backups(backups, |began| policy.expired(began, &TimeZone::UTC));
        removed.into_iter().map(|backup| backup.name.clone()).collect()
    }

    #[test]
    fn the_last_good_backup_stays() {
        use DumpMode::{Full, LedgerOnly};
        let newest = backup(0, Full, None);
        // The newest proved one, though two newer ones are there.
        let backups = [
            newest.clone(),
            backup(1, Full, Some(false)),
            backup(2, Full, Some(true)),
            backup(3, Full, Some(true)),
        ];
        assert_eq!(removed("last=1", &backups), ["1", "3"]);
        // One that failed its proof takes no place of another one.
        let backups = [
            backup(0, Full, Some(false)),
            backup(1, Full, None),
            backup(2, Full, None),
        ];
        assert_eq!(removed("last=1", &backups), ["2"]);
        // A backup of the ledger does not replace a full one.
        let backups = [
            backup(0, LedgerOnly, None),
            backup(1, LedgerOnly, None),
            backup(2, Full, None),
        ];
        assert_eq!(removed("last=1", &backups), ["1"]);
        // A backup on request is not removed by age.
        let on_request = Backup {
            due: None,
            ..backup(5, Full, None)
        };
        assert_eq!(removed("last=1", &[newest, on_request]), Vec::<String>::new());
    }

    #[test]
    fn two_backups_of_a_second_have_different_names() {
        let at = "2026-01-28T03:00:00.9Z".parse().unwrap();
        let name = file_name("hub", DumpMode::ExcludeLogs, at);
        assert!(
            name.starts_with("backup_hub_2026-01-28T03-00-00_no-logs_"),
            "{name}"
        );
        assert_ne!(name, file_name("hub", DumpMode::ExcludeLogs, at));
    }
}
