//! How an attempt ends: with a file, or without one.

use std::time::Duration;

use api::exports::ExportStatus;
use sqlx::{Connection, PgConnection, query, query_scalar};
use uuid::Uuid;

use super::lease::{Lease, add_usage, release};
use crate::exports::analytics::count;
use crate::exports::deliveries;
use crate::exports::files::{StoredExport, Totals};
use crate::exports::increments;
use crate::exports::schedules;
use crate::exports::store::{LogKind, log};
use crate::state::{Purpose, StateError};

/// The greatest power of four in the pause before another attempt.
const RETRY_POWER_MAX: u16 = 6;

/// How the file of an attempt was recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::exports) enum Completion {
    Recorded,
    /// The lease was lost, or the export is to be cancelled.
    Refused,
    /// Another run of its schedule has the same rows.
    Outdated,
}

/// How an attempt ended without a file.
#[derive(Clone, Debug)]
pub(in crate::exports) enum Ended {
    Cancelled,
    /// It may succeed later.
    Retry {
        code: String,
        message: String,
    },
    Failed {
        code: String,
        message: String,
    },
    /// The worker stops. The attempt does not count.
    GivenBack,
}

impl Lease {
    /// Records the file: the export is complete, and the next run of an incremental schedule begins where its rows end. Changes
    /// nothing unless it returns [`Completion::Recorded`].
    ///
    /// # Errors
    /// [`StateError`]. Then it is unknown whether the export is complete.
    pub async fn complete(&self, file: &StoredExport, totals: &Totals) -> Result<Completion, StateError> {
        let mut connection = self.state.connection(Purpose::Work).await?;
        let mut transaction = connection.begin().await?;
        let reserved: Option<i64> = query_scalar(
            "with before as ( \
                 select id, reserved_bytes from decant.data_exports \
                 where id = $1::uuid and lease_fence = $2 and status = 'processing' and not cancel_asked for update) \
             update decant.data_exports e set status = 'completed', progress = 100, file_key = $3, record_count = $4, \
                 rows_done = $4, rows_expected = coalesce(rows_expected, $4), raw_bytes = $5, file_bytes = $6, bytes_done = $6, sha256 = $7, \
                 snapshot_at = $8::timestamptz, encrypted = $9, completed_at = now(), \
                 expires_at = now() + make_interval(hours => retention_hours), reserved_bytes = 0, \
                 lease_holder = null, lease_until = null, error_code = null, error_message = null \
             from before where e.id = before.id returning before.reserved_bytes",
        )
        .bind(self.id.to_string())
        .bind(self.fence)
        .bind(file.key.as_str())
        .bind(totals.rows.cast_signed())
        .bind(totals.raw_bytes.cast_signed())
        .bind(file.bytes.cast_signed())
        .bind(&file.sha256)
        .bind(totals.snapshot_at.map(|at| at.to_string()))
        .bind(file.is_encrypted)
        .fetch_optional(&mut *transaction)
        .await?;
        let Some(reserved) = reserved else {
            return Ok(Completion::Refused);
        };
        let unreserved = file.bytes.cast_signed() - reserved;
        add_usage(&mut transaction, &self.owner, unreserved).await?;
        let message = format!("{} rows, {} bytes", totals.rows, file.bytes);
        log(&mut transaction, self.id, LogKind::Complete, &message).await?;
        count(&mut transaction, self.id).await?;
        if !increments::move_watermark(&mut transaction, self.id).await? {
            transaction.rollback().await?;
            return Ok(Completion::Outdated);
        }
        schedules::completed(&mut transaction, self.schedule).await?;
        deliveries::release(&mut transaction, self.id).await?;
        notify(&mut transaction, self.id).await?;
        transaction.commit().await?;
        Ok(Completion::Recorded)
    }

    /// Records that the attempt ended without a file. Returns what the export is now: `queued` waits for another attempt. An export
    /// that was to be cancelled meanwhile is cancelled, whatever the attempt ended with. `None` if the lease was lost.
    ///
    /// # Errors
    /// [`StateError`].
    pub async fn end(&self, ended: &Ended) -> Result<Option<ExportStatus>, StateError> {
        let is_last = self.attempts >= self.attempts_max;
        let power = u32::from(self.attempts.saturating_sub(1).min(RETRY_POWER_MAX));
        let pause = self.retry_after * 4_u32.pow(power);
        let (status, cause, pause, attempts, kind) = match ended {
            Ended::Cancelled => ("cancelled", None, Duration::ZERO, 0, LogKind::Cancel),
            Ended::Retry { code, message } if is_last => {
                ("failed", Some((code, message)), Duration::ZERO, 0, LogKind::Error)
            }
            Ended::Retry { code, message } => ("queued", Some((code, message)), pause, 0, LogKind::Retry),
            Ended::Failed { code, message } => {
                ("failed", Some((code, message)), Duration::ZERO, 0, LogKind::Error)
            }
            Ended::GivenBack => ("queued", None, Duration::ZERO, -1, LogKind::Retry),
        };
        let (code, message) = cause.unzip();
        let mut connection = self.state.connection(Purpose::Work).await?;
        let mut transaction = connection.begin().await?;
        let now: Option<String> = query_scalar(END)
            .bind(self.id.to_string())
            .bind(self.fence)
            .bind(status)
            .bind(code)
            .bind(message)
            .bind(pause.as_secs_f64())
            .bind(attempts)
            .fetch_optional(&mut *transaction)
            .await?;
        let Some(now) = now.as_deref().and_then(ExportStatus::from_word) else {
            return Ok(None);
        };
        release(&mut transaction, self.id, &self.owner).await?;
        let (kind, text) = match (now, message) {
            (ExportStatus::Cancelled, Some(message)) => (
                LogKind::Cancel,
                format!("Cancelled. Its last attempt failed: {message}"),
            ),
            (ExportStatus::Cancelled, None) => (LogKind::Cancel, "Cancelled".to_owned()),
            (ExportStatus::Queued, Some(message)) => {
                (kind, format!("{message}. Tried again in {} s", pause.as_secs()))
            }
            (_, Some(message)) => (kind, message.clone()),
            (_, None) => (kind, "The worker stops; another one begins again".to_owned()),
        };
        log(&mut transaction, self.id, kind, &text).await?;
        deliveries::release(&mut transaction, self.id).await?;
        if now != ExportStatus::Queued {
            count(&mut transaction, self.id).await?;
        }
        let stopped = if now == ExportStatus::Failed {
            schedules::failed(&mut transaction, self.schedule, &text).await?
        } else {
            None
        };
        notify(&mut transaction, self.id).await?;
        transaction.commit().await?;
        if let Some(stopped) = stopped {
            stopped.report();
        }
        Ok(Some(now))
    }
}

/// Ends an attempt, and returns the new state. An export that is to be cancelled is cancelled, also if the attempt has failed.
const END: &str = "update decant.data_exports set \
     status = case when cancel_asked then 'cancelled' else $3 end, \
     error_code = case when not cancel_asked then $4 end, error_message = case when not cancel_asked then $5 end, \
     lease_holder = null, lease_until = null, \
     not_before = now() + make_interval(secs => $6), attempts = attempts + $7::integer, \
     completed_at = case when $3 = 'queued' and not cancel_asked then completed_at else now() end \
     where id = $1::uuid and lease_fence = $2 and status = 'processing' returning status";

/// Tells all processes that a record has changed, when the transaction is committed.
pub(super) async fn notify(transaction: &mut PgConnection, id: Uuid) -> sqlx::Result<()> {
    query("select pg_notify('decant_exports', 'changed ' || $1)")
        .bind(id.to_string())
        .execute(transaction)
        .await?;
    Ok(())
}
