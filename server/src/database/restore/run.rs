//! The steps of a restore, in their order.

use std::collections::BTreeMap;
use std::path::Path;

use api::restore::{RestoreMode, Restored, TableResult};
use sqlx::{Connection, PgConnection};
use tokio_util::sync::CancellationToken;

use super::checked_dump::CheckedDump;
use super::error::RestoreError;
use super::events::ProgressReporter;
use super::options::RestoreOptions;
use super::restorer::Restorer;
use super::side_database::StagingDatabase;
use super::{in_place, merge, migrations, row_counts};
use crate::database::lock::LockGuard;
use crate::database::tools::Tools;

impl Restorer {
    /// Restores a dump while the lock is held. Until the databases are swapped, or the transaction commits, `stop` ends the
    /// restore and the database is as it was.
    ///
    /// # Errors
    /// [`RestoreError`].
    pub(super) async fn run_restore(
        &self,
        lock: &LockGuard,
        file: &Path,
        options: RestoreOptions,
        reporter: &ProgressReporter,
        stop: &CancellationToken,
    ) -> Result<Restored, RestoreError> {
        let tools = Tools::for_database(&self.dsn).await?;
        let preparing = async {
            let dump = CheckedDump::read(&tools, &self.dsn, file, options, self.disk_space, reporter).await?;
            let safety_dump = self
                .safety_dumps
                .make(&tools, &self.dsn, &self.temporary_files)
                .await?;
            let message = format!("Dumped the database for safety to {}", safety_dump.display());
            reporter.progress(40, message);
            Ok::<_, RestoreError>((dump, safety_dump))
        };
        let (dump, safety_dump) = or_stopped(stop, preparing).await?;
        let mut restored = Restored {
            tables: BTreeMap::new(),
            previous: None,
            safety_dump: safety_dump.display().to_string(),
            warnings: Vec::new(),
        };
        if options.mode == RestoreMode::Merge {
            restored.tables = self.merge(lock, &dump, reporter, stop).await?;
            return Ok(restored);
        }
        restored.tables = dump.all_inserted();
        match StagingDatabase::create(&self.dsn).await {
            Ok(staging) => {
                let replacing = self.replace(lock, &dump, staging, reporter, stop);
                let (previous, warnings) = replacing.await?;
                (restored.previous, restored.warnings) = (Some(previous), warnings);
            }
            Err(RestoreError::NotAllowed) => {
                let replacing = self.replace_in_place(lock, &dump, reporter, stop);
                restored.warnings = replacing.await.map_err(RestoreError::after_rollback)?;
            }
            Err(error) => return Err(error),
        }
        Ok(restored)
    }

    /// Inserts the rows that the live database lacks, and returns the counts by table.
    async fn merge(
        &self,
        lock: &LockGuard,
        dump: &CheckedDump<'_>,
        reporter: &ProgressReporter,
        stop: &CancellationToken,
    ) -> Result<BTreeMap<String, TableResult>, RestoreError> {
        let loader = dump.loader(&self.dsn, &self.temporary_files);
        let transaction = or_stopped(stop, merge::merge(dump, &loader, reporter)).await?;
        transaction.commit(lock).await
    }

    /// Fills the staging database and swaps it with the live one. Returns the name of the previous database, and warnings.
    async fn replace(
        &self,
        lock: &LockGuard,
        dump: &CheckedDump<'_>,
        mut staging: StagingDatabase,
        reporter: &ProgressReporter,
        stop: &CancellationToken,
    ) -> Result<(String, Vec<String>), RestoreError> {
        let filling = async {
            let warnings = self.load_and_count(dump, &staging, reporter).await?;
            let mut connection = PgConnection::connect_with(staging.dsn().options()).await?;
            self.migrate(&mut connection, reporter).await?;
            let _ = connection.close().await;
            Ok(warnings)
        };
        let swapped = match or_stopped(stop, filling).await {
            Ok(_) if lock.lost.is_cancelled() => Err(RestoreError::LockLost),
            Ok(warnings) => {
                reporter.progress(95, "Putting the restored database in the place of the live one");
                staging.swap().await.map(|previous| (previous, warnings))
            }
            Err(error) => Err(error),
        };
        if swapped.is_err() {
            staging.drop().await;
        }
        swapped
    }

    /// Replaces the contents of the live database in one transaction. Returns warnings.
    async fn replace_in_place(
        &self,
        lock: &LockGuard,
        dump: &CheckedDump<'_>,
        reporter: &ProgressReporter,
        stop: &CancellationToken,
    ) -> Result<Vec<String>, RestoreError> {
        let loader = dump.loader(&self.dsn, &self.temporary_files);
        let replacing = async {
            let mut transaction = in_place::replace(dump, &loader, reporter).await?;
            self.migrate(&mut transaction.connection, reporter).await?;
            Ok(transaction)
        };
        let transaction = or_stopped(stop, replacing).await?;
        transaction.commit(lock).await?;
        // The restore has succeeded by now, so an error here is only a warning.
        let warnings = loader.restore_optional().await;
        Ok(warnings.unwrap_or_else(|error| vec![error.to_string()]))
    }

    /// Restores the dump into the staging database and checks the numbers of rows. Returns warnings.
    pub(super) async fn load_and_count(
        &self,
        dump: &CheckedDump<'_>,
        staging: &StagingDatabase,
        reporter: &ProgressReporter,
    ) -> Result<Vec<String>, RestoreError> {
        let target = staging.dsn();
        let loader = dump.loader(&target, &self.temporary_files);
        loader.restore_required(dump.on_line(reporter)).await?;
        let warnings = loader.restore_optional().await?;
        reporter.progress(86, "Counting the rows");
        let mut connection = PgConnection::connect_with(target.options()).await?;
        row_counts::compare(&mut connection, &dump.rows).await?;
        let _ = connection.close().await;
        Ok(warnings)
    }

    async fn migrate(
        &self,
        connection: &mut PgConnection,
        reporter: &ProgressReporter,
    ) -> Result<(), RestoreError> {
        match &self.migrations {
            Some(folder) => migrations::run(folder, connection, reporter).await,
            None => Ok(()),
        }
    }
}

/// Runs the future until it ends, or until `stop` is cancelled: then it is dropped.
///
/// # Errors
/// [`RestoreError::Stopped`]; the error of the future.
pub(super) async fn or_stopped<T>(
    stop: &CancellationToken,
    running: impl Future<Output = Result<T, RestoreError>>,
) -> Result<T, RestoreError> {
    let ended = stop.run_until_cancelled(running).await;
    ended.unwrap_or(Err(RestoreError::Stopped))
}
