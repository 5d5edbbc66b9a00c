//! A transaction of the live database that has done all of its work, and has not said its last word.

use sqlx::{Connection, Executor, PgConnection};

use super::RestoreError;
use crate::database::lock::Held;
use crate::dsn::Dsn;

/// All of it is in the live database, but nobody sees it yet. Dropping this takes it back.
pub(super) struct Uncommitted<T> {
    /// For what is to happen in the same transaction.
    pub(super) connection: PgConnection,
    /// What has come of it.
    pub(super) outcome: T,
}

impl<T: Default> Uncommitted<T> {
    /// Nothing has happened yet.
    pub(super) async fn begin(live: &Dsn) -> Result<Self, RestoreError> {
        let mut connection = PgConnection::connect_with(live.options()).await?;
        connection.execute("begin").await?;
        Ok(Self {
            connection,
            outcome: T::default(),
        })
    }

    /// Makes it so, unless somebody else may be at the database by now.
    ///
    /// # Errors
    /// [`RestoreError::LockLost`]; what the database says.
    pub(super) async fn commit(mut self, held: &Held) -> Result<T, RestoreError> {
        if held.lost.is_cancelled() {
            return Err(RestoreError::LockLost);
        }
        self.connection.execute("commit").await?;
        let _ = self.connection.close().await;
        Ok(self.outcome)
    }
}
