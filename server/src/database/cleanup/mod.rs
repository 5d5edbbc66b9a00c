//! Deletes old rows of the hub's log.
//!
//! The rows are deleted in batches, each a transaction, in the order of the primary key. Rows that another session has
//! locked are left. With `archiveFirst`, all columns of the rows are written to an archive, the archive is read back, and
//! only the versions of rows that it holds are deleted. The hub's ledger, `usage_ledger`, keeps the statistics of deleted
//! rows; clean-ups do not change it.
//!
//! | module | content |
//! |---|---|
//! | [`request`] | the parsed request |
//! | [`message_log`] | the table, with all SQL |
//! | [`archive`] | files of deleted rows in the storage |
//! | [`run`] | the steps of a clean-up |
//! | [`restore`] | inserts the rows of an archive again |
//! | [`schedule`] | clean-ups on a schedule |

pub mod archive;
pub mod message_log;
pub mod request;
pub mod restore;
pub mod run;
pub mod schedule;

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::Database;
use super::lock::{LockError, LockGuard, Operation};
use super::triggers::TriggerError;
use crate::audit::Action;
use crate::source::public_message;
use archive::BadArchive;
use message_log::{CleanupPreview, MessageLog};
use request::{CleanupOptions, Conditions};
use run::{CleanupEvent, ProgressReporter, Run};

/// Capacity of the event channel. When it is full, progress events are dropped; the last event is not.
const EVENTS: usize = 256;

/// How rows are divided into batches.
#[derive(Clone, Copy, Debug)]
pub struct Batches {
    /// The greatest number of rows in one batch.
    pub rows_max: u32,
    /// Time between two batches, in which the disk is free for other sessions.
    pub pause: std::time::Duration,
}

/// Why a clean-up, or the restore of an archive, failed.
#[derive(Debug, thiserror::Error)]
pub enum CleanupError {
    #[error(transparent)]
    Conflict(LockError),
    #[error("{}", public_message(.0).trim_end_matches('.'))]
    Database(#[from] sqlx::Error),
    #[error("The database has no log of a hub that could be cleaned up")]
    NoLog,
    #[error("The log's primary key is not `id`, so its rows cannot be identified safely")]
    NoKey,
    #[error(
        "No ledger, `usage_ledger`, keeps the statistics of all of these rows, so they would be lost; set \
         `withoutStatistics` to delete them all the same"
    )]
    StatisticsWouldBeLost,
    #[error("The archive could not be made, so nothing was deleted: {0}")]
    Archiving(BadArchive),
    #[error("The archive cannot be used: {0}")]
    Archive(#[from] BadArchive),
    #[error("The archive has a column `{0}` that the log does not have; nothing was restored")]
    NoColumn(String),
    #[error("{0}. Nothing was restored")]
    Triggers(TriggerError),
    #[error("Another operation has taken the lock")]
    LockLost,
}

impl From<LockError> for CleanupError {
    fn from(error: LockError) -> Self {
        match error {
            LockError::Database(error) => Self::Database(error),
            conflict => Self::Conflict(conflict),
        }
    }
}

impl From<TriggerError> for CleanupError {
    fn from(error: TriggerError) -> Self {
        match error {
            TriggerError::Database(error) => Self::Database(error),
            refused => Self::Triggers(refused),
        }
    }
}

/// The details of a clean-up in its operation record.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct CleanupStatus {
    /// Rows deleted so far.
    pub deleted: u64,
    /// The file of its archive.
    pub archive: Option<String>,
}

impl Database {
    /// Returns the rows that a clean-up would delete, without changing anything.
    ///
    /// # Errors
    /// [`CleanupError`].
    pub async fn preview_cleanup(
        &self,
        conditions: &Conditions,
        caller: &str,
    ) -> Result<CleanupPreview, CleanupError> {
        let mut log = MessageLog::open(&self.dsn).await?;
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
        self: Arc<Self>,
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
        let run = Run::new(Arc::clone(&self), log, lock, caller, reporter);
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
        let mut log = MessageLog::open(&self.dsn).await?;
        let condition = log.condition(conditions).await?;
        if !options.without_statistics && !log.keeps_statistics(&condition).await? {
            return Err(CleanupError::StatisticsWouldBeLost);
        }
        // Dumps and restores share the lock, so that a restore cannot insert rows that are being deleted.
        let lock = self.lock.acquire(Operation::Cleanup, caller).await?;
        Ok((log, lock))
    }
}
