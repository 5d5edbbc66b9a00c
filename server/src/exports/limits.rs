//! What a person may create, run and store.

use std::time::Duration;

use jiff::Timestamp;
use sqlx::{PgConnection, query, query_as};

use super::error::ExportError;

/// The exports that a person has created in the last hour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    pub limit: u32,
    pub remaining: u32,
    /// Until the oldest creation that counts is an hour old, and one more remains; zero without any.
    pub wait: Duration,
}

impl Rate {
    /// Returns the value of the header `RateLimit`.
    #[must_use]
    pub fn header(&self) -> String {
        let Self {
            limit,
            remaining,
            wait,
        } = self;
        format!(
            "limit={limit}, remaining={remaining}, reset={}",
            whole_seconds(*wait)
        )
    }

    /// Returns when one more may be created, or `None`: now.
    #[must_use]
    pub fn reset_at(&self) -> Option<Timestamp> {
        let wait = (self.remaining == 0 && !self.wait.is_zero()).then_some(self.wait)?;
        Timestamp::now().checked_add(wait).ok()
    }
}

/// Returns the seconds of a header, rounded up.
#[must_use]
pub fn whole_seconds(wait: Duration) -> u64 {
    wait.as_secs() + u64::from(wait.subsec_nanos() > 0)
}

/// Counts this many creations of a person, in the transaction that makes them. Requests of the same person take turns, also on
/// several servers.
///
/// # Errors
/// [`ExportError::RateLimited`] if one of them is too many; [`ExportError::State`].
pub(super) async fn count_creations(
    transaction: &mut PgConnection,
    subject: &str,
    limit: u32,
    count: u32,
) -> Result<Rate, ExportError> {
    query("select pg_advisory_xact_lock(hashtextextended('decant creations ' || $1, 0))")
        .bind(subject)
        .execute(&mut *transaction)
        .await?;
    let before = rate(&mut *transaction, subject, limit).await?;
    if before.remaining < count {
        let wait = before.wait.max(Duration::from_secs(1));
        return Err(ExportError::RateLimited { limit, wait });
    }
    query("insert into decant.export_creations (subject) select $1 from generate_series(1, $2)")
        .bind(subject)
        .bind(i64::from(count))
        .execute(&mut *transaction)
        .await?;
    rate(transaction, subject, limit).await
}

/// Returns what remains of a person's hour.
///
/// # Errors
/// [`ExportError::State`].
pub(super) async fn rate(
    connection: &mut PgConnection,
    subject: &str,
    limit: u32,
) -> Result<Rate, ExportError> {
    // The oldest of the newest `limit` ones makes room for the next.
    let (count, wait): (i64, f64) = query_as(
        "select count(*), coalesce(extract(epoch from min(created_at) + '1 hour'::interval - clock_timestamp()), 0)::float8 \
         from (select created_at from decant.export_creations \
               where subject = $1 and created_at > clock_timestamp() - '1 hour'::interval \
               order by created_at desc limit $2) newest",
    )
    .bind(subject)
    .bind(i64::from(limit))
    .fetch_one(connection)
    .await?;
    let remaining = limit.saturating_sub(u32::try_from(count).unwrap_or(u32::MAX));
    Ok(Rate {
        limit,
        remaining,
        wait: Duration::try_from_secs_f64(wait).unwrap_or_default(),
    })
}

/// Returns the bytes that an owner of storage uses, and their own quota if they have one.
///
/// # Errors
/// [`ExportError::State`].
pub(super) async fn storage_usage(
    connection: &mut PgConnection,
    owner: &str,
) -> Result<(u64, Option<u64>), ExportError> {
    let usage: Option<(i64, Option<i64>)> =
        query_as("select used_bytes, quota_bytes from decant.storage_usage where owner = $1")
            .bind(owner)
            .fetch_optional(connection)
            .await?;
    let (used, quota) = usage.unwrap_or_default();
    Ok((used.unsigned_abs(), quota.map(i64::unsigned_abs)))
}

/// Takes bytes off what an owner of storage uses.
///
/// # Errors
/// The connection's error.
pub(super) async fn give_back(connection: &mut PgConnection, owner: &str, bytes: u64) -> sqlx::Result<()> {
    if bytes == 0 {
        return Ok(());
    }
    query(
        "update decant.storage_usage set used_bytes = greatest(used_bytes - $2, 0), updated_at = now() where owner = $1",
    )
    .bind(owner)
    .bind(bytes.cast_signed())
    .execute(connection)
    .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_shown_in_whole_seconds() {
        let rate = Rate {
            limit: 10,
            remaining: 0,
            wait: Duration::from_millis(1_200),
        };
        assert_eq!(rate.header(), "limit=10, remaining=0, reset=2");
        assert!(rate.reset_at().is_some());
        assert_eq!(
            Rate { remaining: 1, ..rate }.reset_at(),
            None,
            "one more may be created now"
        );
    }
}
