//! Makes and proves backups when they are due: a backup since the schedule's last time, a proof of the newest backup since
//! the proof schedule's last time.
//!
//! The manifests are the only memory. So a server that was down makes up for a missed time once, and a server that finds
//! the work of another one done has nothing to do.

use std::sync::Arc;

use api::backups::BackupTask;
use jiff::{SignedDuration, Timestamp};

use super::make::BackupJob;
use super::{BackupError, Backups};
use crate::audit::Action;
use crate::schedule::wait_until;

/// Caller of scheduled tasks.
const CALLER: &str = "Schedule";

/// Pause before a failed task is tried again.
const RETRY_AFTER: SignedDuration = SignedDuration::from_mins(5);

impl Backups {
    /// Starts the scheduler if there is a schedule. It runs until the server stops.
    pub fn start_scheduler(self: &Arc<Self>) {
        if self.options.schedule.is_some() || self.options.proof_schedule.is_some() {
            let running = Arc::clone(self).run();
            tokio::spawn(self.stop.clone().run_until_cancelled_owned(running));
        }
    }

    async fn run(self: Arc<Self>) {
        // A backup comes first, so that the proof is of the new one.
        let schedules = [
            (BackupTask::Make, &self.options.schedule),
            (BackupTask::Prove, &self.options.proof_schedule),
        ];
        loop {
            let now = Timestamp::now();
            let mut next = Timestamp::MAX;
            for (task, schedule) in schedules {
                let Some(schedule) = schedule else { continue };
                if let Some(due) = schedule.last_until(now)
                    && let Err(error) = self.run_if_due(task, due).await
                {
                    tracing::warn!(action = Action::DatabaseBackupScheduleError.name(), ?task, %error);
                    next = next.min(Timestamp::now() + RETRY_AFTER);
                }
                next = next.min(schedule.next_after(now).unwrap_or(Timestamp::MAX));
            }
            wait_until(next).await;
        }
    }

    async fn run_if_due(self: &Arc<Self>, task: BackupTask, due: Timestamp) -> Result<(), BackupError> {
        let backups = self.list().await?;
        let running = match task {
            BackupTask::Make => {
                if backups.iter().any(|backup| backup.due >= Some(due)) {
                    return Ok(());
                }
                let job = BackupJob {
                    mode: self.options.mode,
                    due: Some(due),
                    caller: CALLER.to_owned(),
                };
                self.make(job).await?
            }
            BackupTask::Prove => {
                let Some(newest) = backups.first() else {
                    return Ok(());
                };
                if newest.proof.as_ref().is_some_and(|proof| proof.at >= due) {
                    return Ok(());
                }
                self.prove(&newest.name, CALLER).await?
            }
        };
        running
            .await
            .expect("a task neither panics nor is cancelled")
            .map(drop)
    }
}
