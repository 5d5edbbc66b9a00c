//! Starts clean-ups of the log.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use api::cleanup::{ArchiveManifest, CleanupEvent, CleanupPreview, CleanupStatus};
use api::database::Operation;
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::archive::Archives;
use super::error::CleanupError;
use super::message_log::MessageLog;
use super::request::{CleanupOptions, Conditions};
use super::run::{Batches, ProgressReporter, Run};
use crate::audit::Action;
use crate::database::lock::{BackupLock, LockGuard};
use crate::database::operation_record::LastOperation;
use crate::dsn::Dsn;
use crate::hub_tables::HubTables;

/// Capacity of the event channel. When it is full, progress events are dropped; the last event is not.
const EVENTS: usize = 256;

/// Cleans up the log of one database.
pub struct LogCleaner {
    pub(in crate::database) dsn: Dsn,
    pub(in crate::database) lock: BackupLock,
    pub(in crate::database) archives: Archives,
    pub(in crate::database) batches: Batches,
    pub(in crate::database) hub_tables: HubTables,
    pub(in crate::database) last: Arc<LastOperation<CleanupStatus>>,
    pub(in crate::database) tasks: TaskTracker,
}

impl LogCleaner {
    /// Returns an archive's path or URL, for display.
    #[must_use]
    pub fn archive_location(&self, manifest: &ArchiveManifest) -> String {
        self.archives.location(manifest)
    }

    /// Removes unfinished uploads of archives that are older than `age`, and returns their number.
    ///
    /// # Errors
    /// The storage cannot be read.
    pub fn sweep(&self, age: Duration) -> io::Result<usize> {
        self.archives.sweep(age)
    }

    /// Returns the rows that a clean-up would delete, without changing anything.
    ///
    /// # Errors
    /// [`CleanupError`].
    pub async fn preview(
        &self,
        conditions: &Conditions,
        caller: &str,
    ) -> Result<CleanupPreview, CleanupError> {
        let mut log = MessageLog::open(&self.dsn, &self.hub_tables).await?;
        let condition = log.condition(conditions).await?;
        let preview = log.preview(&condition).await?;
        tracing::info!(
            action = Action::LogCleanupDryRun.name(),
            caller,
            ?conditions,
            rows = preview.rows
        );
        log.close().await;
        Ok(preview)
    }

    /// Starts a clean-up, and returns the receiver of its events. It ends after the current batch when `stop` is cancelled or
    /// the receiver is dropped: a client that leaves does not want more rows deleted.
    ///
    /// # Errors
    /// [`CleanupError`]: the clean-up does not start.
    pub async fn clean_up(
        &self,
        conditions: Conditions,
        options: CleanupOptions,
        caller: &str,
        stop: CancellationToken,
    ) -> Result<mpsc::Receiver<CleanupEvent>, CleanupError> {
        let prepared = self.prepare_cleanup(&conditions, options, caller).await;
        let (log, lock) = prepared.inspect_err(|error| {
            let action = match error {
                CleanupError::Conflict(_) => Action::LogCleanupLockConflict,
                _ => Action::LogCleanupError,
            };
            tracing::warn!(action = action.name(), caller, %error);
        })?;
        tracing::info!(
            action = Action::LogCleanupStart.name(),
            caller,
            ?conditions,
            ?options
        );
        let (sender, events) = mpsc::channel(EVENTS);
        let reporter = ProgressReporter::new(sender, stop, &lock);
        let run = Run {
            archives: self.archives.clone(),
            batches: self.batches,
            database: self.dsn.database().to_owned(),
            log,
            lock,
            reporter,
            began: Instant::now(),
            archive: None,
            caller: caller.to_owned(),
            record: self.last.begin(caller, CleanupStatus::default()),
        };
        self.tasks.spawn(run.perform(conditions, options));
        Ok(events)
    }

    /// Checks that the rows may be deleted, and acquires the lock.
    async fn prepare_cleanup(
        &self,
        conditions: &Conditions,
        options: CleanupOptions,
        caller: &str,
    ) -> Result<(MessageLog, LockGuard), CleanupError> {
        let mut log = MessageLog::open(&self.dsn, &self.hub_tables).await?;
        log.check_deletion().await?;
        if options.archive_first {
            let changed_tables = log.changed_tables().await?;
            if !changed_tables.is_empty() {
                return Err(CleanupError::NotInArchive(changed_tables.join(", ")));
            }
        }
        let condition = log.condition(conditions).await?;
        if !options.without_statistics && !log.keeps_statistics(&condition).await? {
            return Err(CleanupError::StatisticsWouldBeLost);
        }
        // Dumps and restores share the lock, so that a restore cannot insert rows that are being deleted.
        let lock = self.lock.acquire(Operation::Cleanup, caller).await?;
        Ok((log, lock))
    }
}
