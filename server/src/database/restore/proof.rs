//! The proof that a backup can be restored: it is restored beside the live database, counted, and removed again.

use std::path::Path;

use api::database::Operation;
use api::restore::RestoreEvent;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::checked_dump::CheckedDump;
use super::error::RestoreError;
use super::events::ProgressReporter;
use super::options::RestoreOptions;
use super::restorer::Restorer;
use super::run::or_stopped;
use super::side_database::StagingDatabase;
use crate::audit::Action;
use crate::database::lock::LockGuard;
use crate::database::tools::Tools;

impl Restorer {
    /// Restores a dump into a staging database, counts its rows there, and drops the staging database. Returns the number
    /// of rows. The live database is not changed.
    ///
    /// # Errors
    /// [`RestoreError::Conflict`]: another operation holds the lock. Any other error that a restore would have ended with.
    pub async fn prove(
        &self,
        file: &Path,
        caller: &str,
        events: mpsc::Sender<RestoreEvent>,
        stop: &CancellationToken,
    ) -> Result<u64, RestoreError> {
        let reporter = ProgressReporter {
            action: Action::DatabaseBackupProofProgress,
            events,
        };
        let lock = self.lock.acquire(Operation::Proof, caller).await?;
        let proved = self.run_proof(&lock, file, &reporter, stop).await;
        lock.release().await;
        proved
    }

    async fn run_proof(
        &self,
        lock: &LockGuard,
        file: &Path,
        reporter: &ProgressReporter,
        stop: &CancellationToken,
    ) -> Result<u64, RestoreError> {
        let tools = Tools::for_database(&self.dsn).await?;
        let options = RestoreOptions::default();
        let reading = CheckedDump::read(&tools, self, file, options, reporter);
        let dump = or_stopped(lock, stop, reading).await?;
        let mut staging = StagingDatabase::create(&self.dsn).await?;
        let loaded = or_stopped(lock, stop, self.load_and_count(&dump, &mut staging, reporter)).await;
        staging.drop().await;
        loaded?;
        Ok(dump.rows.values().sum())
    }
}
