//! Moves exports whose time has come, or whose worker is gone.

use sqlx::{Connection, query, query_as};
use uuid::Uuid;

use super::claim::Queue;
use super::end::notify;
use super::lease::release;
use crate::audit::Action;
use crate::exports::analytics::count;
use crate::exports::deliveries;
use crate::exports::expiry::expire;
use crate::exports::metrics::EndStatus;
use crate::exports::schedules::{self, StoppedSchedule};
use crate::exports::store::{LogKind, log};
use crate::state::{Purpose, StateError};

/// The most exports that one round moves, for each reason.
const BATCH_MAX: i64 = 500;

/// An export whose lease has ended: id, owner of its storage, its new state, its type and format, its schedule.
type Lost = (String, String, String, String, String, Option<i64>);

/// Why a worker loses its export.
const LOST: &str = "The worker gave no sign of life";

/// Gives exports whose lease has ended to the next worker. `$1` is the pause after the first attempt in seconds.
const TAKE_BACK: &str = "with lost as ( \
         select id from decant.data_exports where status = 'processing' and lease_until < now() \
         order by lease_until limit $2 for update skip locked) \
     update decant.data_exports e set \
         status = case when cancel_asked then 'cancelled' when attempts >= attempts_max then 'failed' else 'queued' end, \
         not_before = now() + make_interval(secs => $1 * power(4, least(greatest(attempts - 1, 0), 6))), \
         lease_fence = lease_fence + 1, lease_holder = null, lease_until = null, \
         error_code = case when cancel_asked then null else 'worker_lost' end, \
         error_message = case when cancel_asked then null else 'The worker gave no sign of life' end, \
         completed_at = case when cancel_asked or attempts >= attempts_max then now() end \
     from lost where e.id = lost.id \
     returning e.id::text, case when e.workspace_id is null then e.subject else 'workspace:' || e.workspace_id end, e.status, \
         e.export_type, e.format, e.schedule_id";

impl Queue {
    /// Moves exports whose time has come: scheduled ones, those of a lost worker, and files that are no longer kept. A round
    /// without any costs one statement. Returns whether an export may be waiting for a worker.
    ///
    /// # Errors
    /// [`StateError`].
    pub async fn tidy(&self) -> Result<bool, StateError> {
        let mut connection = self.state.connection(Purpose::Work).await?;
        let (waits, is_scheduled, is_lost, is_expired): (bool, bool, bool, bool) = query_as(
            "select exists (select from decant.data_exports where status = 'queued' and not_before <= now()), \
             exists (select from decant.data_exports where status = 'scheduled' and not_before <= now()), \
             exists (select from decant.data_exports where status = 'processing' and lease_until < now()), \
             exists (select from decant.data_exports where status = 'completed' and expires_at <= now())",
        )
        .fetch_one(&mut *connection)
        .await?;
        if is_scheduled {
            query(
                "update decant.data_exports set status = 'queued' where id in ( \
                     select id from decant.data_exports where status = 'scheduled' and not_before <= now() \
                     order by not_before limit $1 for update skip locked)",
            )
            .bind(BATCH_MAX)
            .execute(&mut *connection)
            .await?;
        }
        if is_lost {
            self.take_back().await?;
        }
        if is_expired {
            expire(&mut connection, BATCH_MAX).await?;
        }
        Ok(waits || is_scheduled || is_lost)
    }

    async fn take_back(&self) -> Result<(), StateError> {
        let mut connection = self.state.connection(Purpose::Work).await?;
        let mut transaction = connection.begin().await?;
        let lost: Vec<Lost> = query_as(TAKE_BACK)
            .bind(self.options.retry_after.as_secs_f64())
            .bind(BATCH_MAX)
            .fetch_all(&mut *transaction)
            .await?;
        let mut stopped = Vec::new();
        for (id, owner, status, _, _, schedule) in &lost {
            // An id of a record is one.
            let id = Uuid::parse_str(id).unwrap_or_default();
            release(&mut transaction, id, owner).await?;
            let kind = match status.as_str() {
                "cancelled" => LogKind::Cancel,
                "failed" => LogKind::Error,
                _ => LogKind::Retry,
            };
            log(&mut transaction, id, kind, LOST).await?;
            deliveries::release(&mut transaction, id).await?;
            if status != "queued" {
                count(&mut transaction, id).await?;
            }
            if status == "failed" {
                stopped.extend(schedules::failed(&mut transaction, *schedule, LOST).await?);
            }
            notify(&mut transaction, id).await?;
        }
        transaction.commit().await?;
        stopped.iter().for_each(StoppedSchedule::report);
        for (id, _, status, export_type, format, _) in lost {
            let ended = match status.as_str() {
                "cancelled" => Some(EndStatus::Cancelled),
                "failed" => Some(EndStatus::Failed),
                _ => None,
            };
            if let Some(ended) = ended {
                self.metrics.ended_by_words(&export_type, &format, ended);
            }
            tracing::warn!(action = Action::ExportTakenUpAgain.name(), export = id, status);
        }
        Ok(())
    }
}
