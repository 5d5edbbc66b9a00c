//! Reads the rows that count for a caller.

use std::time::Duration;

use sqlx::query_scalar;
use tokio::time::timeout;

use super::rights::Permissions;
use super::row::PermissionRow;
use crate::auth::{Caller, Subject};
use crate::state::{Purpose, State, StateError, json};

/// The rows of permissions. Nothing is kept between requests, so a row that was withdrawn counts at once. Clones share the
/// connections.
#[derive(Clone)]
pub struct PermissionStore {
    state: State,
    /// The longest wait for the state database in a request.
    wait_max: Duration,
}

impl PermissionStore {
    #[must_use]
    pub fn new(state: State, wait_max: Duration) -> Self {
        Self { state, wait_max }
    }

    /// Returns the permissions of a caller, with one statement. Without a state database there are no rows, and the defaults count.
    ///
    /// # Errors
    /// [`StateError`] if the state database does not answer in time: what it would refuse is not known then.
    pub async fn of(&self, caller: &Caller) -> Result<Permissions, StateError> {
        if !self.state.is_on() || caller.subject == Subject::Operator {
            return Ok(Permissions::new(caller, Vec::new()));
        }
        let rows = timeout(self.wait_max, self.rows_of(caller)).await;
        Ok(Permissions::new(caller, rows.unwrap_or(Err(StateError::Slow))?))
    }

    async fn rows_of(&self, caller: &Caller) -> Result<Vec<PermissionRow>, StateError> {
        // A subject of a bearer token may have a NUL, which PostgreSQL's texts cannot have. No row names it then.
        let subject = Some(caller.subject.to_string()).filter(|subject| !subject.contains('\0'));
        let mut connection = self.state.connection(Purpose::Permissions).await?;
        let rows: Vec<String> = query_scalar(
            "select pg_catalog.row_to_json(p)::pg_catalog.text from decant.export_permissions p \
             where (subject operator(pg_catalog.=) $1 or role is not null) \
             and (expires_at is null or expires_at operator(pg_catalog.>) pg_catalog.now())",
        )
        .bind(subject)
        .fetch_all(&mut *connection)
        .await?;
        let rows = rows.iter().map(|row| json::read::<PermissionRow>(row));
        Ok(rows.collect::<sqlx::Result<_>>()?)
    }
}
