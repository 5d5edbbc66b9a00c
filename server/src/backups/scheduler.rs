//! Makes and proves backups when they are due: a backup since the schedule's last time, a proof of the newest backup since
//! the proof schedule's last time.
//!
//! The manifests are the only memory. So a server that was down makes up for a missed time once, and a server that finds
//! the work of another one done has nothing to do. Manifests that are not authentic, or whose time has not come, count for
//! nothing.

use std::sync::Arc;

use api::backups::{Backup, BackupTask};
use jiff::{SignedDuration, Timestamp};

use super::make::BackupJob;
use super::{BackupError, Backups, is_ahead};
use crate::audit::Action;
use crate::schedule::{CALLER, wait_until};

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
            // After a change of the clock, the next round computes the times anew.
            let _ = wait_until(next).await;
        }
    }

    async fn run_if_due(self: &Arc<Self>, task: BackupTask, due: Timestamp) -> Result<(), BackupError> {
        let (mut backups, now) = (self.list().await?, Timestamp::now());
        backups.retain(|backup| {
            let is_ahead = is_ahead(backup, now);
            if is_ahead {
                tracing::warn!(
                    name = backup.name,
                    began = %backup.began,
                    "a backup has a time in the future, so the schedules ignore it; check this machine's clock"
                );
            }
            !is_ahead
        });
        let is_past = |at: Timestamp| (due..=now).contains(&at);
        let running = match task {
            BackupTask::Make => {
                // Another database's backup, or one of nobody, does not make this one's.
                let mut own = backups
                    .iter()
                    .filter(|backup| backup.authentic && backup.database.is_some());
                if own.any(|backup| backup.due.is_some_and(is_past)) {
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
                let is_usable = |backup: &&Backup| match self.repository.accept(backup, false) {
                    Ok(_) => true,
                    Err(error) => {
                        tracing::warn!(%error, "the scheduled proof leaves a backup out");
                        false
                    }
                };
                let Some(newest) = backups.iter().find(is_usable) else {
                    return Ok(());
                };
                // A backup that was made after the proof was due needs none before the next time.
                let of_due_time = backups.iter().find(|backup| backup.began <= due);
                let is_proved = |backup: &Backup| {
                    backup.authentic
                        && backup.proof.as_ref().is_some_and(|proof| is_past(proof.at))
                        && of_due_time.is_none_or(|of_due_time| backup.began >= of_due_time.began)
                };
                if backups.iter().any(is_proved) {
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
