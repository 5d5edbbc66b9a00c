//! A transaction on the live database that is ready to commit.

use std::time::Duration;

use sqlx::{Connection, Executor, PgConnection, query_scalar};

use super::error::RestoreError;
use super::outcome::Outcome;
use crate::database::lock::LockGuard;
use crate::database::session;
use crate::dsn::Dsn;

/// A transaction whose client has gone is rolled back within this time, unless its statement runs on. A server that has
/// crashed often answers again within it.
const OUTCOME_MAX: Duration = Duration::from_secs(10);

/// An open transaction and its result. Other sessions see the changes after [`commit`](Self::commit); dropping this rolls
/// them back.
pub(super) struct PendingTransaction<T> {
    /// The session of the transaction.
    pub(super) connection: PgConnection,
    pub(super) result: T,
    live: Dsn,
    id: i64,
}

impl<T: Default> PendingTransaction<T> {
    /// Connects and begins the transaction.
    pub(super) async fn begin(live: &Dsn) -> Result<Self, RestoreError> {
        let mut connection = session::open(live, "decant restore").await?;
        connection.execute("begin").await?;
        let id = query_scalar("select pg_catalog.txid_current()")
            .fetch_one(&mut connection)
            .await?;
        Ok(Self {
            connection,
            result: T::default(),
            live: live.clone(),
            id,
        })
    }

    /// Commits and returns the result.
    ///
    /// # Errors
    /// [`RestoreError::LockLost`]: another operation may have begun, so nothing is committed.
    /// [`RestoreError::TransactionEnded`]: a migration has ended the transaction. [`RestoreError::Database`]: the commit
    /// failed. [`RestoreError::UnknownOutcome`]: PostgreSQL does not answer any more.
    pub(super) async fn commit(mut self, lock: &LockGuard) -> Result<T, RestoreError> {
        let open: Option<i64> = query_scalar("select pg_catalog.txid_current_if_assigned()")
            .fetch_one(&mut self.connection)
            .await?;
        if open != Some(self.id) {
            return Err(RestoreError::TransactionEnded);
        }
        if !lock.is_held().await {
            return Err(RestoreError::LockLost);
        }
        let committed = self.connection.execute("commit").await;
        let _ = self.connection.close().await;
        match committed {
            Ok(_) => Ok(self.result),
            // PostgreSQL may have committed, although its answer did not arrive.
            Err(error) => match Outcome::of(&[self.live], self.id, OUTCOME_MAX).await {
                Outcome::Committed => Ok(self.result),
                Outcome::RolledBack => Err(error.into()),
                Outcome::Unknown => Err(RestoreError::UnknownOutcome(String::new())),
            },
        }
    }

    /// Ends the session. Returns the error, or [`RestoreError::TransactionEnded`] if PostgreSQL has committed the
    /// transaction, because the database is not as it was then.
    pub(super) async fn roll_back(self, error: RestoreError) -> RestoreError {
        let Self {
            connection, live, id, ..
        } = self;
        drop(connection);
        match Outcome::of(&[live], id, OUTCOME_MAX).await {
            Outcome::Committed => RestoreError::TransactionEnded,
            // A transaction that Decant has not committed never will be.
            Outcome::RolledBack | Outcome::Unknown => error,
        }
    }
}
