//! What is due is done: a backup since the schedule's last time, a proof of the newest since the other's.
//!
//! Nothing is remembered but the manifests. A server that was down makes up for what it missed, once; one that finds the
//! work of another done has nothing to do.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::time::sleep;

use super::make::Order;
use super::{BackupError, Backups, Task};
use crate::schedule::Schedule;

/// Who asks when nobody does.
const CALLER: &str = "Schedule";

/// What was due and went wrong is tried again.
const RETRY: Duration = Duration::from_secs(5 * 60);

impl Backups {
    /// Keeps time until the server stops.
    pub fn keep_time(self: &Arc<Self>) {
        for (task, schedule) in [(Task::Make, &self.plan.make), (Task::Prove, &self.plan.prove)] {
            if let Some(schedule) = schedule.clone() {
                let repeat = Arc::clone(self).repeat(task, schedule);
                tokio::spawn(self.stop.clone().run_until_cancelled_owned(repeat));
            }
        }
    }

    async fn repeat(self: Arc<Self>, task: Task, schedule: Schedule) {
        loop {
            let now = Timestamp::now();
            let done = match schedule.last_until(now) {
                Some(due) => self.do_if_due(task, due).await,
                None => Ok(()),
            };
            match done {
                Ok(()) => drop(schedule.wait_for_next(now).await),
                Err(error) => {
                    tracing::warn!(action = "database_backup_schedule_error", ?task, %error);
                    sleep(RETRY).await;
                }
            }
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
