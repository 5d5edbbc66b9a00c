//! A transaction on the live database that is ready to commit.

use sqlx::{Connection, Executor, PgConnection};

use super::error::RestoreError;
use crate::database::lock::LockGuard;
use crate::database::session;
use crate::dsn::Dsn;

/// An open transaction and its result. Other sessions see the changes after [`commit`](Self::commit); dropping this rolls
/// them back.
pub(super) struct PendingTransaction<T> {
    /// The session of the transaction.
    pub(super) connection: PgConnection,
    pub(super) result: T,
}

impl<T: Default> PendingTransaction<T> {
    /// Connects and begins the transaction.
    pub(super) async fn begin(live: &Dsn) -> Result<Self, RestoreError> {
        let mut connection = session::open(live, "decant restore").await?;
        connection.execute("begin").await?;
        Ok(Self {
            connection,
            result: T::default(),
        })
    }

    /// Commits and returns the result.
    ///
    /// # Errors
    /// [`RestoreError::LockLost`]: another operation may have begun, so nothing is committed.
    /// [`RestoreError::Database`]: the commit failed.
    pub(super) async fn commit(mut self, lock: &LockGuard) -> Result<T, RestoreError> {
        if !lock.is_held().await {
            return Err(RestoreError::LockLost);
        }
        self.connection.execute("commit").await?;
        let _ = self.connection.close().await;
        Ok(self.result)
    }
}
