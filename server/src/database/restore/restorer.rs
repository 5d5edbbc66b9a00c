//! Starts a restore in a task, which holds the lock, sends the events and records the outcome.

use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use api::database::{Operation, Outcome};
use api::restore::{RestoreEvent, RestoreFailure, RestoreStatus, Restored};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::disk_space::DiskSpaceCheck;
use super::error::RestoreError;
use super::events::ProgressReporter;
use super::options::{OnDisconnect, RestoreOptions};
use super::safety_dump::SafetyDumps;
use crate::audit::Action;
use crate::database::lock::{BackupLock, LockError, LockGuard};
use crate::database::operation_record::LastOperation;
use crate::database::temporary_files::TemporaryFolder;
use crate::dsn::Dsn;
use crate::hub_tables::Name;

/// Capacity of the event channel. When it is full, progress events are dropped; the last event is not.
const EVENTS: usize = 256;

/// Restores dumps into one database.
pub struct Restorer {
    pub(in crate::database) dsn: Dsn,
    pub(in crate::database) lock: BackupLock,
    pub(in crate::database) temporary_files: TemporaryFolder,
    pub(in crate::database) safety_dumps: SafetyDumps,
    /// The schema of the hub's tables.
    pub(in crate::database) hub_schema: Name,
    /// The folder of the site's own SQL files, which run on a restored database.
    pub(in crate::database) migrations: Option<PathBuf>,
    pub(in crate::database) on_disconnect: OnDisconnect,
    pub(in crate::database) disk_space: DiskSpaceCheck,
    pub(in crate::database) last: Arc<LastOperation<RestoreStatus>>,
    /// Counts the restores of this process.
    pub(in crate::database) generation: AtomicU64,
    pub(in crate::database) tasks: TaskTracker,
}

impl Restorer {
    /// Returns a number that changes with each restore. Cached rows of an older generation are invalid.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.generation.load(Ordering::Relaxed)
    }

    /// Returns whether a restore ends when its client disconnects.
    #[must_use]
    pub fn stops_on_disconnect(&self) -> bool {
        self.on_disconnect == OnDisconnect::Stop
    }

    /// Checks that no operation holds the lock, so that a client learns of a conflict before it sends a large file. Another
    /// operation may acquire the lock before the restore does.
    ///
    /// # Errors
    /// [`RestoreError::Conflict`], [`RestoreError::Database`].
    pub async fn check_lock(&self) -> Result<(), RestoreError> {
        match self.lock.holder().await? {
            None => Ok(()),
            holder => Err(LockError::Conflict(holder).into()),
        }
    }

    /// Starts to restore a file, and returns the receiver of the restore's events. `stop` ends the restore as long as the
    /// database is unchanged; dropping the receiver ends it, too, if the options say so ([`OnDisconnect::Stop`]).
    ///
    /// # Errors
    /// [`RestoreError::Conflict`]: another operation holds the lock. [`RestoreError::Database`].
    pub async fn restore(
        self: Arc<Self>,
        file: impl AsRef<Path> + Send + Sync + 'static,
        options: RestoreOptions,
        caller: &str,
        stop: CancellationToken,
    ) -> Result<mpsc::Receiver<RestoreEvent>, RestoreError> {
        let caller = caller.to_owned();
        tracing::info!(action = Action::DatabaseImportInitiated.name(), caller, ?options);
        let lock = self.lock.acquire(Operation::Import, &caller).await?;
        let (sender, events) = mpsc::channel(EVENTS);
        let status = RestoreStatus {
            mode: options.mode,
            rows: 0,
        };
        let record = self.last.begin(&caller, status);
        let tasks = self.tasks.clone();
        tasks.spawn(async move {
            let restoring =
                self.restore_until_disconnect(&lock, file.as_ref(), options, &caller, &sender, &stop);
            let event = match restoring.await {
                Ok(restored) => {
                    let rows = restored.tables.values().map(|table| table.inserted).sum();
                    record.update(|status| status.rows = rows);
                    record.end(Outcome::Complete);
                    tracing::info!(
                        action = Action::DatabaseImportComplete.name(),
                        caller,
                        previous = restored.previous.as_deref()
                    );
                    RestoreEvent::Complete(restored)
                }
                Err(error) => {
                    tracing::error!(action = Action::DatabaseImportError.name(), caller, %error);
                    let message = error.to_string();
                    record.end(Outcome::Failed {
                        reason: message.clone(),
                    });
                    RestoreEvent::Error(RestoreFailure { message })
                }
            };
            self.generation.fetch_add(1, Ordering::Relaxed);
            lock.release().await;
            // Waits for a free place in the channel, so that the last event is not lost.
            let _ = sender.send(event).await;
        });
        Ok(events)
    }

    async fn restore_until_disconnect(
        &self,
        lock: &LockGuard,
        file: &Path,
        options: RestoreOptions,
        caller: &str,
        sender: &mpsc::Sender<RestoreEvent>,
        stop: &CancellationToken,
    ) -> Result<Restored, RestoreError> {
        let reporter = ProgressReporter {
            action: Action::DatabaseImportProgress,
            events: sender.clone(),
        };
        let stop = stop.child_token();
        let mut restoring = pin!(self.run_restore(lock, file, options, caller, &reporter, &stop));
        tokio::select! {
            restored = &mut restoring => restored,
            () = sender.closed(), if self.stops_on_disconnect() => {
                stop.cancel();
                // Not dropped: after the swap has begun, the restore goes on to its end.
                restoring.await.map_err(RestoreError::after_disconnect)
            }
        }
    }
}
