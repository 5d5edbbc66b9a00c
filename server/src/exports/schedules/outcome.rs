//! Records how the run of a schedule ended. After so many failures in a row, the schedule stops.

use sqlx::{PgConnection, query, query_as};

use crate::audit::Action;
use crate::exports::deliveries;
use crate::schedule::CALLER;

/// A schedule that a failure stops. It is reported when the transaction is committed.
#[must_use]
pub(in crate::exports) struct StoppedSchedule {
    id: i64,
    owner: String,
    workspace: Option<String>,
    failures: i32,
    reason: String,
}

/// Counts a failure of the schedule `$1` for the reason `$2`. Returns whether it stops the schedule.
const FAIL: &str = "with before as (select id, status from decant.export_schedules where id = $1 for update) \
     update decant.export_schedules s set failure_count = s.failure_count + 1, last_error = $2, updated_at = now(), \
         status = case when s.status = 'active' and s.failure_count + 1 >= s.max_failures then 'error' else s.status end \
     from before where s.id = before.id \
     returning before.status = 'active' and s.status = 'error', s.subject, s.workspace_id, s.failure_count";

/// Forgets the failures of the schedule of a run that is complete.
///
/// # Errors
/// The connection's error.
pub(in crate::exports) async fn completed(
    transaction: &mut PgConnection,
    schedule: Option<i64>,
) -> sqlx::Result<()> {
    if let Some(schedule) = schedule {
        query(
            "update decant.export_schedules set failure_count = 0, last_error = null, updated_at = now() \
             where id = $1 and (failure_count > 0 or last_error is not null)",
        )
        .bind(schedule)
        .execute(transaction)
        .await?;
    }
    Ok(())
}

/// Counts a failure of the schedule of a run, if the export is one. Returns the schedule if that stops it.
///
/// # Errors
/// The connection's error.
pub(in crate::exports) async fn failed(
    transaction: &mut PgConnection,
    schedule: Option<i64>,
    reason: &str,
) -> sqlx::Result<Option<StoppedSchedule>> {
    let Some(id) = schedule else {
        return Ok(None);
    };
    let counted: Option<(bool, String, Option<String>, i32)> = query_as(FAIL)
        .bind(id)
        .bind(reason)
        .fetch_optional(&mut *transaction)
        .await?;
    let stopped = counted.filter(|(is_stopped, ..)| *is_stopped);
    if stopped.is_some() {
        deliveries::tell_of_stop(transaction, id).await?;
    }
    Ok(stopped.map(|(_, owner, workspace, failures)| StoppedSchedule {
        id,
        owner,
        workspace,
        failures,
        reason: reason.to_owned(),
    }))
}

impl StoppedSchedule {
    /// Records that the schedule stops.
    pub fn report(&self) {
        tracing::error!(
            action = Action::ExportScheduleError.name(),
            caller = CALLER,
            schedule = self.id,
            owner = self.owner,
            workspace = self.workspace,
            failures = self.failures,
            reason = self.reason
        );
    }
}
