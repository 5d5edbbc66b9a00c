//! Removes records that are older than the setting DECANT_AUDIT_DAYS.

use std::time::Duration;

use sqlx::query;

use crate::state::{Purpose, State, StateError};

/// Records that one statement removes, so that none holds its locks for long.
const BATCH: u64 = 10_000;

/// Removes the records that are older than this age, and returns their number.
///
/// # Errors
/// [`StateError`]
pub async fn remove_older(state: &State, age: Duration) -> Result<u64, StateError> {
    let mut removed = 0;
    loop {
        let mut connection = state.connection(Purpose::Records).await?;
        let done = query(
            "delete from decant.audit where id operator(pg_catalog.=) any (array( \
             select id from decant.audit \
             where at operator(pg_catalog.<) (pg_catalog.now() operator(pg_catalog.-) $1::pg_catalog.interval) \
             order by at limit $2))",
        )
        .bind(format!("{} seconds", age.as_secs()))
        .bind(i64::try_from(BATCH).unwrap_or(i64::MAX))
        .execute(&mut *connection)
        .await?;
        removed += done.rows_affected();
        if done.rows_affected() < BATCH {
            return Ok(removed);
        }
    }
}
