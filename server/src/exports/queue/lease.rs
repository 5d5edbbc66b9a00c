//! The lease of a worker that makes an export. Each lease has a number, the fence, which is greater than that of the lease before.
//! A statement of a worker whose lease was given to another one changes nothing.

use std::time::Duration;

use sqlx::{Connection, PgConnection, query, query_scalar};
use tokio::time::Instant;
use uuid::Uuid;

use crate::exports::limits::give_back;
use crate::exports::options::Options;
use crate::exports::record::ExportRecord;
use crate::exports::store::{LogKind, log};
use crate::state::{Purpose, State, StateError};

/// The quarters of an export whose end is logged, in percent.
const QUARTERS: [u8; 3] = [25, 50, 75];

/// A worker's right to make an export. It ends unless it is renewed.
#[derive(Clone)]
pub(in crate::exports) struct Lease {
    pub(super) state: State,
    pub(super) id: Uuid,
    /// The schedule whose run it is.
    pub(super) schedule: Option<i64>,
    pub(super) fence: i64,
    pub(super) attempts: u16,
    pub(super) attempts_max: u16,
    /// The owner of the export's storage.
    pub(super) owner: String,
    is_of_workspace: bool,
    duration: Duration,
    /// The pause before the second attempt.
    pub(super) retry_after: Duration,
    user_quota: Option<u64>,
    workspace_quota: Option<u64>,
    /// When it ends unless it is renewed, by the clock of this process.
    until: Instant,
    recorded: Progress,
    renewed: Instant,
}

/// How far an export is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::exports) struct Progress {
    pub rows: u64,
    pub rows_expected: Option<u64>,
    pub bytes: u64,
}

impl Progress {
    /// Returns percent, at most 99: the end is recorded with the file.
    fn percent(self) -> u8 {
        let expected = self.rows_expected.unwrap_or(0);
        let percent = (self.rows.saturating_mul(100)).checked_div(expected).unwrap_or(0);
        u8::try_from(percent).unwrap_or(u8::MAX).min(99)
    }
}

/// What a worker hears when it records its progress.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::exports) enum Beat {
    GoOn,
    /// The export is to be cancelled.
    CancelAsked,
    /// Another worker has the export, or it is over.
    Lost,
}

/// Why bytes of the storage were not reserved.
#[derive(Debug, thiserror::Error)]
pub(in crate::exports) enum LeaseError {
    #[error(transparent)]
    State(#[from] StateError),
    #[error("the stored files would have more than {limit} bytes, as many as are allowed; delete exports")]
    Quota { limit: u64 },
    #[error("another worker has the export")]
    Lost,
}

impl From<sqlx::Error> for LeaseError {
    fn from(error: sqlx::Error) -> Self {
        Self::State(error.into())
    }
}

impl Lease {
    pub fn new(state: State, options: &Options, record: &ExportRecord) -> Self {
        let now = Instant::now();
        Self {
            state,
            id: record.id,
            schedule: record.schedule_id,
            fence: record.lease_fence,
            attempts: record.attempts,
            attempts_max: record.attempts_max,
            owner: record.file_owner().to_string(),
            is_of_workspace: record.workspace_id.is_some(),
            duration: options.lease,
            retry_after: options.retry_after,
            user_quota: options.user_quota,
            workspace_quota: options.workspace_quota,
            until: now + options.lease,
            recorded: Progress::default(),
            renewed: now,
        }
    }

    /// Returns whether the lease has ended by the clock of this process.
    pub fn is_over(&self) -> bool {
        Instant::now() >= self.until
    }

    /// Records the progress if there is any, and renews the lease when a third of it is over. Returns whether to go on.
    ///
    /// # Errors
    /// [`StateError`]. The lease ends at its time if that goes on.
    pub async fn beat(&mut self, progress: Progress) -> Result<Beat, StateError> {
        let began = Instant::now();
        let is_due = began.duration_since(self.renewed) >= self.duration / 3;
        let has_changed = progress != self.recorded;
        let mut connection = self.state.connection(Purpose::Work).await?;
        if !is_due && !has_changed {
            let asked: Option<bool> = query_scalar(
                "select cancel_asked from decant.data_exports \
                 where id = $1::uuid and lease_fence = $2 and status = 'processing'",
            )
            .bind(self.id.to_string())
            .bind(self.fence)
            .fetch_optional(&mut *connection)
            .await?;
            return Ok(heard(asked));
        }
        let asked: Option<bool> = query_scalar(
            "with beat as ( \
                 update decant.data_exports set rows_done = $3, rows_expected = $4, bytes_done = $5, progress = $6, \
                 lease_until = now() + make_interval(secs => $7) \
                 where id = $1::uuid and lease_fence = $2 and status = 'processing' returning id, cancel_asked) \
             select cancel_asked from beat where not $8 or pg_notify('decant_exports', 'changed ' || id) is not null",
        )
        .bind(self.id.to_string())
        .bind(self.fence)
        .bind(progress.rows.cast_signed())
        .bind(progress.rows_expected.map(u64::cast_signed))
        .bind(progress.bytes.cast_signed())
        .bind(i16::from(progress.percent()))
        .bind(self.duration.as_secs_f64())
        .bind(has_changed)
        .fetch_optional(&mut *connection)
        .await?;
        if asked.is_some() {
            let (before, now) = (self.recorded.percent(), progress.percent());
            let passed = QUARTERS
                .iter()
                .rev()
                .find(|quarter| before < **quarter && now >= **quarter);
            if let Some(quarter) = passed {
                let message = format!("{quarter} %, {} rows", progress.rows);
                log(&mut connection, self.id, LogKind::Progress, &message).await?;
            }
            self.recorded = progress;
            self.renewed = began;
            self.until = began + self.duration;
        }
        Ok(heard(asked))
    }

    /// Reserves bytes of the storage for the file, if its owner has a quota.
    ///
    /// # Errors
    /// [`LeaseError`].
    pub async fn reserve(&self, bytes: u64) -> Result<(), LeaseError> {
        let mut connection = self.state.connection(Purpose::Work).await?;
        let mut transaction = connection.begin().await?;
        let reserved = query(
            "update decant.data_exports set reserved_bytes = reserved_bytes + $3 \
             where id = $1::uuid and lease_fence = $2 and status = 'processing'",
        )
        .bind(self.id.to_string())
        .bind(self.fence)
        .bind(bytes.cast_signed())
        .execute(&mut *transaction)
        .await?;
        if reserved.rows_affected() == 0 {
            return Err(LeaseError::Lost);
        }
        let (used, quota) = add_usage(&mut transaction, &self.owner, bytes.cast_signed()).await?;
        let limit = quota.map(i64::unsigned_abs).or(self.quota());
        if let Some(limit) = limit
            && used.unsigned_abs() > limit
        {
            return Err(LeaseError::Quota { limit });
        }
        transaction.commit().await?;
        Ok(())
    }

    fn quota(&self) -> Option<u64> {
        match self.is_of_workspace {
            true => self.workspace_quota,
            false => self.user_quota,
        }
    }
}

fn heard(cancel_asked: Option<bool>) -> Beat {
    match cancel_asked {
        None => Beat::Lost,
        Some(true) => Beat::CancelAsked,
        Some(false) => Beat::GoOn,
    }
}

/// Adds bytes to what an owner of storage uses. Returns the sum, and their own quota if they have one.
pub(super) async fn add_usage(
    transaction: &mut PgConnection,
    owner: &str,
    bytes: i64,
) -> sqlx::Result<(i64, Option<i64>)> {
    sqlx::query_as(
        "insert into decant.storage_usage as known (owner, used_bytes) values ($1, greatest($2, 0)) \
         on conflict (owner) do update set used_bytes = greatest(known.used_bytes + $2, 0), updated_at = now() \
         returning used_bytes, quota_bytes",
    )
    .bind(owner)
    .bind(bytes)
    .fetch_one(transaction)
    .await
}

/// Gives back the bytes that an export has reserved.
pub(super) async fn release(transaction: &mut PgConnection, id: Uuid, owner: &str) -> sqlx::Result<()> {
    let reserved: Option<i64> = query_scalar(
        "with before as (select id, reserved_bytes from decant.data_exports where id = $1::uuid) \
         update decant.data_exports e set reserved_bytes = 0 from before \
         where e.id = before.id and before.reserved_bytes > 0 returning before.reserved_bytes",
    )
    .bind(id.to_string())
    .fetch_optional(&mut *transaction)
    .await?;
    give_back(transaction, owner, reserved.unwrap_or_default().unsigned_abs()).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_stays_below_a_hundred_percent_until_the_file_is_there() {
        let progress = |rows, rows_expected| Progress {
            rows,
            rows_expected,
            bytes: 0,
        };
        assert_eq!(progress(0, None).percent(), 0);
        assert_eq!(progress(5, Some(0)).percent(), 0);
        assert_eq!(progress(50, Some(200)).percent(), 25);
        assert_eq!(progress(1_000, Some(200)).percent(), 99);
    }
}
