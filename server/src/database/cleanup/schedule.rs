//! Clean-ups on a schedule.
//!
//! A clean-up waits while another operation holds the lock or the database does not answer, until its next time at most.

use std::sync::Arc;
use std::time::Duration;

use api::cleanup::CleanupEvent;
use api::database::{LockHolder, Operation};
use jiff::{SignedDuration, Timestamp};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::cleaner::LogCleaner;
use super::error::CleanupError;
use super::request::{CleanupOptions, Conditions};
use crate::database::lock::LockError;
use crate::schedule::{CALLER, Schedule};

/// A clean-up that fails so many times is not tried again before the next time of the schedule.
const FAILURES_MAX: u32 = 3;

/// The pause before another attempt.
const PAUSE: Duration = Duration::from_secs(5);

/// How the clean-up for one time of the schedule ended.
enum Turn {
    /// It ran, or another server's did, or it cannot succeed.
    Over,
    /// The next time of the schedule came before it could run.
    Missed,
}

/// The result of one attempt.
enum Attempt {
    Over,
    /// Another operation holds the lock.
    Conflict(LockError),
    /// The database failed or does not answer. The cause is in the log.
    Failed,
}

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
            last = match self.take_turn(&cleaner, &conditions, &stop, due).await {
                // Times that came during the clean-up are skipped: their rows are gone already.
                Turn::Over => Timestamp::now().max(due),
                Turn::Missed => due,
            };
        }
    }

    /// Cleans up as soon as the database answers and no other operation holds the lock, or not at all if the next time of
    /// the schedule comes first.
    async fn take_turn(
        &self,
        cleaner: &LogCleaner,
        conditions: &Conditions,
        stop: &CancellationToken,
        due: Timestamp,
    ) -> Turn {
        let mut failures = 0;
        loop {
            match self.attempt(cleaner, conditions, stop).await {
                Attempt::Over => return Turn::Over,
                Attempt::Conflict(conflict) => {
                    tracing::info!(%conflict, "the scheduled clean-up waits until the lock is free");
                }
                Attempt::Failed => {
                    failures += 1;
                    if failures == FAILURES_MAX {
                        tracing::error!(failures, "the scheduled clean-up is given up until its next time");
                        return Turn::Over;
                    }
                    tracing::warn!(
                        failures,
                        "the scheduled clean-up waits until the database answers"
                    );
                }
            }
            let free = async {
                sleep(PAUSE).await;
                cleaner.lock.wait_until_free().await;
            };
            tokio::select! {
                () = free => {}
                next = self.schedule.wait_for_next(due) => {
                    tracing::error!(%due, %next, "the scheduled clean-up could not run before its next time");
                    return Turn::Missed;
                }
            }
        }
    }

    async fn attempt(
        &self,
        cleaner: &LogCleaner,
        conditions: &Conditions,
        stop: &CancellationToken,
    ) -> Attempt {
        let starting = cleaner.clean_up(conditions.clone(), self.options, CALLER, stop.clone());
        match starting.await {
            Ok(mut events) => loop {
                // The clean-up runs as long as its events are received. It logs its outcome itself.
                match events.recv().await {
                    Some(CleanupEvent::Progress(_)) => {}
                    Some(CleanupEvent::Error(_)) => return Attempt::Failed,
                    Some(CleanupEvent::Complete(_)) | None => return Attempt::Over,
                }
            },
            Err(CleanupError::Conflict(conflict)) if !is_scheduled(&conflict) => Attempt::Conflict(conflict),
            Err(CleanupError::Database(_)) => Attempt::Failed,
            // Another server does the same work, or the clean-up cannot succeed and has logged the cause.
            Err(_) => Attempt::Over,
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
