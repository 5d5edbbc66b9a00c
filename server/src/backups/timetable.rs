//! What is due is done: a backup since the schedule's last time, a proof of the newest since the other's.
//!
//! Nothing is remembered but the manifests. A server that was down makes up for what it missed, once; one that finds the
//! work of another done has nothing to do.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::make::Order;
use super::{BackupError, Backups, Task};
use crate::audit::Action;
use crate::schedule::wait_until;

/// Who asks when nobody does.
const CALLER: &str = "Schedule";

/// What was due and went wrong is tried again.
const RETRY: SignedDuration = SignedDuration::from_mins(5);

impl Backups {
    /// Keeps time until the server stops, if anything has its time.
    pub fn keep_time(self: &Arc<Self>) {
        if self.plan.make.is_some() || self.plan.prove.is_some() {
            let keep_time = Arc::clone(self).do_what_is_due();
            tokio::spawn(self.stop.clone().run_until_cancelled_owned(keep_time));
        }
    }

    /// A backup first, so that it is the one to be proved.
    async fn do_what_is_due(self: Arc<Self>) {
        loop {
            let now = Timestamp::now();
            let mut next = Timestamp::MAX;
            for (task, schedule) in [(Task::Make, &self.plan.make), (Task::Prove, &self.plan.prove)] {
                let Some(schedule) = schedule else { continue };
                if let Some(due) = schedule.last_until(now)
                    && let Err(error) = self.do_if_due(task, due).await
                {
                    tracing::warn!(action = Action::DatabaseBackupScheduleError.name(), ?task, %error);
                    next = next.min(Timestamp::now() + RETRY);
                }
                next = next.min(schedule.next_after(now).unwrap_or(Timestamp::MAX));
            }
            wait_until(next).await;
        }
    }

    async fn do_if_due(self: &Arc<Self>, task: Task, due: Timestamp) -> Result<(), BackupError> {
        let backups = self.list().await?;
        let working = match task {
            Task::Make => {
                if backups.iter().any(|backup| backup.due >= Some(due)) {
                    return Ok(());
                }
                let order = Order {
                    mode: self.plan.mode,
                    due: Some(due),
                    caller: CALLER.to_owned(),
                };
                self.make(order).await?
            }
            Task::Prove => {
                let Some(newest) = backups.first() else {
                    return Ok(());
                };
                if newest.proof.as_ref().is_some_and(|proof| proof.at >= due) {
                    return Ok(());
                }
                self.prove(&newest.name, CALLER).await?
            }
        };
        working.await.expect("neither panics nor is cancelled").map(drop)
    }
}
