//! A clean-up that nobody has to think of.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::CleanupError;
use super::order::{Conditions, Manner};
use super::run::Event;
use crate::database::Database;
use crate::database::lock::{Holder, LockError, Operation};
use crate::schedule::Schedule;

/// Who asks for it, in the log and to whoever finds the lock taken.
const CALLER: &str = "Schedule";

/// How long to wait for a dump or a restore to end, and how often.
const RETRY_AFTER: Duration = Duration::from_secs(60);
const RETRIES: u32 = 60;

/// Which rows are kept, and when the others go.
#[derive(Clone, Debug)]
pub struct Upkeep {
    /// Rows are kept for so many days.
    pub days: u32,
    /// When the others are deleted.
    pub schedule: Schedule,
    /// How they are.
    pub manner: Manner,
}

impl Database {
    /// Cleans up whenever it is time, for ever. Of several servers one does it: the others find the lock taken, or no rows
    /// left.
    pub async fn keep_up(self: Arc<Self>, upkeep: Upkeep, stop: CancellationToken) {
        let mut last = Timestamp::now();
        loop {
            let now = upkeep.schedule.wait_for_next(last).await;
            let age = SignedDuration::from_hours(24 * i64::from(upkeep.days));
            let conditions = Conditions::before(now.saturating_sub(age).unwrap_or(Timestamp::UNIX_EPOCH));
            self.clean_up_when_free(&conditions, upkeep.manner, &stop).await;
            // What fell due in the meantime has been done with it.
            last = Timestamp::now().max(now);
        }
    }

    async fn clean_up_when_free(
        self: &Arc<Self>,
        conditions: &Conditions,
        manner: Manner,
        stop: &CancellationToken,
    ) {
        for _ in 0..RETRIES {
            let begun = Arc::clone(self).clean_up(conditions.clone(), manner, CALLER, stop.clone());
            match begun.await {
                Ok(mut events) => {
                    // It goes on as long as somebody listens, and it logs how it went itself.
                    while let Some(Event::Progress(_)) = events.recv().await {}
                    return;
                }
                Err(CleanupError::Conflict(conflict)) if !is_cleanup(&conflict) => sleep(RETRY_AFTER).await,
                // Another server does it, or it cannot be done; the log has the reason.
                Err(_) => return,
            }
        }
    }
}

fn is_cleanup(conflict: &LockError) -> bool {
    let operation = match conflict {
        LockError::Conflict(Some(Holder { operation, .. })) => *operation,
        _ => None,
    };
    operation == Some(Operation::Cleanup)
}
