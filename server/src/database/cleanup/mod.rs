//! Old rows of the hub's log deleted, so that what is deleted is meant, is no more than that, and can be brought back.
//!
//! Batches, each a transaction of its own, in the order of the primary key; rows that somebody has locked are left. With
//! an archive first, all columns of the rows go to a file, the file is read back, and only the versions of rows that are
//! in it are deleted. What was deleted stays in the hub's ledger, `usage_ledger`, which is never touched.
//!
//! | module | what |
//! |---|---|
//! | [`order`] | what is asked for, parsed |
//! | [`log`] | the table: all SQL |
//! | [`archive`] | the file |
//! | [`run`] | a clean-up under way |
//! | [`bring_back`] | an archive's rows put back |
//! | [`scheduled`] | a clean-up every night |

pub mod archive;
pub mod bring_back;
pub mod log;
pub mod order;
pub mod run;
pub mod scheduled;

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::Database;
use super::lock::{Held, LockError, Operation};
use super::triggers::TriggerError;
use crate::audit::Action;
use crate::source::public_message;
use archive::BadArchive;
use log::{Log, Preview};
use order::{Conditions, Manner};
use run::{Event, Run, Teller};

/// Who follows a clean-up may be so far behind before it misses something.
const EVENTS: usize = 256;

/// How fast rows are deleted.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// Rows in a batch, at most.
    pub batch_rows: u32,
    /// What the database has for others between two batches.
    pub pause: std::time::Duration,
}

/// Why logs are not cleaned up, or not any further.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say it")]
pub enum CleanupError {
    #[error(transparent)]
    Conflict(LockError),
    #[error("{}", public_message(.0).trim_end_matches('.'))]
    Database(#[from] sqlx::Error),
    #[error("The database has no log of a hub that could be cleaned up")]
    NoLog,
    #[error("The log's primary key is not `id`, so its rows cannot be told apart safely")]
    NoKey,
    #[error(
        "No ledger, `usage_ledger`, keeps the statistics of all of these rows, so they would be lost; say \
         `withoutStatistics` if that is meant"
    )]
    StatisticsWouldBeLost,
    #[error("The archive could not be made, so nothing was deleted: {0}")]
    Archiving(BadArchive),
    #[error("The archive cannot be used: {0}")]
    Archive(#[from] BadArchive),
    #[error("The archive has a column `{0}` that the log does not have; nothing was brought back")]
    NoColumn(String),
    #[error("{0}. Nothing was brought back")]
    Triggers(TriggerError),
    #[error("The lock was lost to somebody else")]
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

/// What the status tells of a clean-up.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct CleanedUp {
    /// How many rows it has deleted so far.
    pub deleted: u64,
    /// The file of its archive.
    pub archive: Option<String>,
}

impl Database {
    /// What a clean-up would delete. Nothing is changed.
    ///
    /// # Errors
    /// [`CleanupError`].
    pub async fn preview_cleanup(
        &self,
        conditions: &Conditions,
        caller: &str,
    ) -> Result<Preview, CleanupError> {
        let mut log = Log::open(&self.dsn).await?;
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

    /// Begins a clean-up, and tells of it. It ends after the batch that runs when `stop` is cancelled, or when nobody
    /// listens any more: whoever starts to delete and leaves has changed their mind, and what is deleted need not be more.
    ///
    /// # Errors
    /// [`CleanupError`], if it does not begin.
    pub async fn clean_up(
        self: Arc<Self>,
        conditions: Conditions,
        manner: Manner,
        caller: &str,
        stop: CancellationToken,
    ) -> Result<mpsc::Receiver<Event>, CleanupError> {
        let begun = self.begin_cleanup(&conditions, manner, caller).await;
        let (log, held) = begun.inspect_err(|error| {
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
            ?manner
        );
        let (sender, events) = mpsc::channel(EVENTS);
        let teller = Teller::new(sender, stop, &held);
        let run = Run::new(Arc::clone(&self), log, held, caller, teller);
        self.tasks.spawn(run.perform(conditions, manner));
        Ok(events)
    }

    async fn begin_cleanup(
        &self,
        conditions: &Conditions,
        manner: Manner,
        caller: &str,
    ) -> Result<(Log, Held), CleanupError> {
        let mut log = Log::open(&self.dsn).await?;
        let condition = log.condition(conditions).await?;
        if !manner.without_statistics && !log.keeps_statistics(&condition).await? {
            return Err(CleanupError::StatisticsWouldBeLost);
        }
        // The same as of dumps and restores: a restore must not bring back what is just being deleted.
        let held = self.lock.acquire(Operation::Cleanup, caller).await?;
        Ok((log, held))
    }
}
