//! The clean-up of exports at its times.

use std::time::Duration;

use jiff::Timestamp;
use tokio::time::sleep;

use super::cleanup::ExportCleaner;
use super::cleanup_report::CleanupError;
use crate::schedule::{CALLER, Schedule};

/// Pause before a clean-up that failed is tried again.
const RETRY_AFTER: Duration = Duration::from_secs(5 * 60);

/// Attempts at one time of the schedule.
const ATTEMPTS: usize = 3;

/// Cleans up whenever a time of the schedule comes, until the future is dropped. Of the servers that do, one at a time runs.
pub async fn run(cleaner: ExportCleaner, schedule: Schedule) {
    let mut last = Timestamp::now();
    loop {
        let due = schedule.wait_for_next(last).await;
        for attempt in 1..=ATTEMPTS {
            match cleaner.run(false, CALLER).await {
                Ok(_) | Err(CleanupError::Running) => break,
                // The cleaner has logged the cause.
                Err(_) if attempt < ATTEMPTS => sleep(RETRY_AFTER).await,
                Err(_) => tracing::error!("the clean-up of exports is given up until its next time"),
            }
        }
        last = Timestamp::now().max(due);
    }
}
