//! Lists the databases that restores have left, puts one back, or drops one.

use std::sync::atomic::Ordering;

use api::database::Operation;
use api::restore::{SideDatabase, SideDatabaseRole};
use sqlx::Connection;

use super::error::RestoreError;
use super::restorer::Restorer;
use super::{side_database, subscriptions};
use crate::audit::Action;
use crate::database::session;

impl Restorer {
    /// Returns the databases that restores have left beside the live one, the newest first.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn side_databases(&self) -> sqlx::Result<Vec<SideDatabase>> {
        // Every database of the cluster lists all databases.
        let mut connection = session::open(&self.dsn, "decant").await?;
        let found = side_database::list(&mut connection, self.dsn.database()).await;
        let _ = connection.close().await;
        found
    }

    /// Swaps a previous database with the live one, and returns the new name of the latter, which is kept.
    ///
    /// # Errors
    /// [`RestoreError::NoSideDatabase`], [`RestoreError::Conflict`], [`RestoreError::LockLost`], [`RestoreError::Database`].
    pub async fn roll_back(&self, name: &str, caller: &str) -> Result<String, RestoreError> {
        let lock = self.lock.acquire(Operation::Rollback, caller).await?;
        let swapped = async {
            let mut maintenance = side_database::maintenance(&self.dsn).await?;
            let found = side_database::list(&mut maintenance, self.dsn.database()).await?;
            let is_complete = found
                .iter()
                .any(|one| one.name == name && one.role != SideDatabaseRole::Staging);
            match is_complete {
                true => {
                    let role = SideDatabaseRole::RolledBack;
                    let swapped = side_database::swap(&lock, &mut maintenance, &self.dsn, name, role).await?;
                    for warning in &swapped.warnings {
                        tracing::warn!("{warning}");
                    }
                    Ok(swapped.kept)
                }
                false => Err(RestoreError::NoSideDatabase(name.to_owned())),
            }
        };
        let swapped = swapped.await;
        self.generation.fetch_add(1, Ordering::Relaxed);
        tracing::info!(
            action = Action::DatabaseImportRolledBack.name(),
            caller,
            name,
            ?swapped
        );
        lock.release().await;
        swapped
    }

    /// Drops a database that a restore has left.
    ///
    /// # Errors
    /// As [`Self::roll_back`].
    pub async fn drop_side_database(&self, name: &str, caller: &str) -> Result<(), RestoreError> {
        // The lock keeps this from dropping the staging database of a running restore.
        let lock = self.lock.acquire(Operation::Removal, caller).await?;
        let removed = async {
            let mut maintenance = side_database::maintenance(&self.dsn).await?;
            let found = side_database::list(&mut maintenance, self.dsn.database()).await?;
            if !found.iter().any(|one| one.name == name) {
                return Err(RestoreError::NoSideDatabase(name.to_owned()));
            }
            subscriptions::remove(&mut maintenance, &self.dsn.with_database(name)).await?;
            if !lock.is_held().await {
                return Err(RestoreError::LockLost);
            }
            side_database::drop_database(&mut maintenance, name).await?;
            Ok(side_database::remove_left_load_roles(&mut maintenance, self.dsn.database()).await?)
        };
        let removed = removed.await;
        tracing::info!(
            action = Action::DatabaseCopyRemoved.name(),
            caller,
            name,
            ?removed
        );
        lock.release().await;
        removed
    }
}
