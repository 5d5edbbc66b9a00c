//! Clean-ups on a schedule.

use std::sync::Arc;

use api::cleanup::CleanupEvent;
use api::database::{LockHolder, Operation};
use jiff::{SignedDuration, Timestamp};
use tokio_util::sync::CancellationToken;

use super::cleaner::LogCleaner;
use super::error::CleanupError;
use super::request::{CleanupOptions, Conditions};
use crate::database::lock::LockError;
use crate::schedule::Schedule;

/// The caller's name in the log and in the conflicts of others.
const CALLER: &str = "Schedule";

/// When rows are deleted, and which.
#[derive(Clone, Debug)]
pub struct CleanupSchedule {
    /// Rows that are younger are kept.
    pub days: u32,
    pub schedule: Schedule,
    pub options: CleanupOptions,
}

impl CleanupSchedule {
    /// Cleans up whenever a time of the schedule comes, until the future is dropped. `stop` ends a running clean-up after its
    /// batch.
    pub async fn run(self, cleaner: Arc<LogCleaner>, stop: CancellationToken) {
        let mut last = Timestamp::now();
        loop {
            let due = self.schedule.wait_for_next(last).await;
            let age = SignedDuration::from_hours(24 * i64::from(self.days));
            let conditions = Conditions::before(due.saturating_sub(age).unwrap_or(Timestamp::UNIX_EPOCH));
            self.clean_up_when_free(&cleaner, &conditions, &stop).await;
            // Times that came during the clean-up are skipped: their rows are gone already.
            last = Timestamp::now().max(due);
        }
    }

    /// Cleans up as soon as no other operation holds the lock.
    async fn clean_up_when_free(
        &self,
        cleaner: &LogCleaner,
        conditions: &Conditions,
        stop: &CancellationToken,
    ) {
        loop {
            let starting = cleaner.clean_up(conditions.clone(), self.options, CALLER, stop.clone());
            match starting.await {
                Ok(mut events) => {
                    // The clean-up runs as long as its events are received. It logs its outcome itself.
                    while let Some(CleanupEvent::Progress(_)) = events.recv().await {}
                    return;
                }
                Err(CleanupError::Conflict(conflict)) if !is_scheduled(&conflict) => {
                    tracing::info!(%conflict, "the scheduled clean-up waits until the lock is free");
                    cleaner.lock.wait_until_free().await;
                }
                // Another server does the same work, or the clean-up has failed and logged the cause.
                Err(_) => return,
            }
        }
    }
}

/// Returns whether the lock's holder is the scheduled clean-up of another server.
fn is_scheduled(conflict: &LockError) -> bool {
    matches!(
        conflict,
        LockError::Conflict(Some(LockHolder { operation: Some(Operation::Cleanup), holder, .. })) if holder == CALLER
    )
}
