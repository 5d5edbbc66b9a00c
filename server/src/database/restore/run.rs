//! The steps of a restore, in their order.

use std::collections::BTreeMap;
use std::path::Path;

use api::restore::{RestoreMode, Restored, TableResult};
use sqlx::{Connection, PgConnection};
use tokio_util::sync::CancellationToken;

use super::catalog::{Catalog, Expected};
use super::checked_dump::CheckedDump;
use super::error::{NotAllowed, RestoreError};
use super::events::ProgressReporter;
use super::load::{Loader, Step, Steps};
use super::options::RestoreOptions;
use super::pending_transaction::PendingTransaction;
use super::restorer::Restorer;
use super::side_database::{StagingDatabase, Swapped};
use super::subscriptions::RestoredBy;
use super::{
    comments, extensions, in_place, load, load_role, merge, migrations, missing_tables, owners,
    public_schema, row_counts, statement, subscriptions,
};
use crate::audit::Action;
use crate::database::lock::LockGuard;
use crate::database::session;
use crate::database::tools::Tools;
use crate::dsn::Dsn;

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
        caller: &str,
        reporter: &ProgressReporter,
        stop: &CancellationToken,
    ) -> Result<Restored, RestoreError> {
        let tools = Tools::for_database(&self.dsn).await?;
        let preparing = async {
            let dump = CheckedDump::read(&tools, self, file, options, reporter).await?;
            if options.mode == RestoreMode::Clean && !options.allow_missing_tables {
                missing_tables::check(&dump, &self.dsn).await?;
            }
            let safety_dump = self
                .safety_dumps
                .make(&tools, &self.dsn, options.mode, &self.temporary_files)
                .await?;
            let message = format!("Dumped the database for safety to {}", safety_dump.display());
            reporter.progress(40, message);
            self.remove_old_safety_dumps(caller, reporter)?;
            Ok::<_, RestoreError>((dump, safety_dump))
        };
        let (dump, safety_dump) = or_stopped(lock, stop, preparing).await?;
        let mut restored = Restored {
            tables: BTreeMap::new(),
            previous: None,
            safety_dump: safety_dump.display().to_string(),
            warnings: dump.warnings.clone(),
        };
        if options.mode == RestoreMode::Merge {
            let merging = self.merge(lock, &dump, reporter, stop).await;
            restored.tables = merging.map_err(|error| error.naming(&safety_dump))?;
            return Ok(restored);
        }
        restored.tables = dump.all_inserted();
        match StagingDatabase::create_for_swap(&self.dsn).await {
            Ok(staging) => {
                let warning = subscriptions::warning(&self.dsn, RestoredBy::Swap).await?;
                restored.warnings.extend(reported(reporter, warning));
                let replacing = self.replace(lock, &dump, staging, reporter, stop);
                let Swapped { kept, warnings } = replacing.await?;
                restored.previous = Some(kept);
                restored.warnings.extend(warnings);
            }
            Err(RestoreError::NotAllowed(why)) if why.allows_one_transaction() => {
                if load_role::is_superuser(&self.dsn).await? {
                    return Err(RestoreError::NotAllowed(NotAllowed::Superuser(Box::new(why))));
                }
                reporter.progress(
                    40,
                    format!("{why}: restoring in one transaction of the live database"),
                );
                let warning = subscriptions::warning(&self.dsn, RestoredBy::Transaction).await?;
                restored.warnings.extend(reported(reporter, warning));
                let replacing = self.replace_in_place(lock, &dump, reporter, stop).await;
                let warnings = replacing.map_err(|error| error.naming(&safety_dump))?;
                restored.warnings.extend(warnings);
            }
            Err(error) => return Err(error),
        }
        Ok(restored)
    }

    /// Removes the safety dumps that are not kept any more, and reports each before.
    fn remove_old_safety_dumps(&self, caller: &str, reporter: &ProgressReporter) -> std::io::Result<()> {
        for old in self.safety_dumps.expired()? {
            let file = old.display().to_string();
            reporter.progress(
                40,
                format!("Removing the old safety dump {file} (DECANT_SAFETY_DUMPS sets how many are kept)"),
            );
            tracing::info!(action = Action::DatabaseSafetyDumpRemoved.name(), caller, file);
            std::fs::remove_file(old)?;
        }
        Ok(())
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
        let transaction = or_stopped(lock, stop, merge::merge(dump, &loader, reporter)).await?;
        transaction.commit(lock).await
    }

    /// Fills the staging database and swaps it with the live one. Returns the name of the previous database, and all
    /// warnings.
    async fn replace(
        &self,
        lock: &LockGuard,
        dump: &CheckedDump<'_>,
        mut staging: StagingDatabase,
        reporter: &ProgressReporter,
        stop: &CancellationToken,
    ) -> Result<Swapped, RestoreError> {
        let filling = async {
            let mut warnings = self.load_and_count(dump, &mut staging, reporter).await?;
            let loader = dump.loader(&self.dsn, &self.temporary_files);
            if let Some(comment) = dump.database_comment(&loader).await? {
                staging.keep_comment(comment);
            }
            warnings.extend(hand_over(dump, &mut staging).await?);
            let mut connection = session::open(&staging.dsn(), "decant restore").await?;
            let schema = dump.public_schema();
            warnings.extend(schema.complete(&mut connection, &self.dsn).await?);
            self.migrate(&mut connection, reporter).await?;
            let _ = connection.close().await;
            Ok(warnings)
        };
        let swapped = match or_stopped(lock, stop, filling).await {
            Ok(warnings) => {
                reporter.progress(95, "Putting the restored database in the place of the live one");
                staging.swap(lock).await.map(|swapped| Swapped {
                    warnings: [warnings, swapped.warnings].concat(),
                    ..swapped
                })
            }
            Err(error) => Err(error),
        };
        // It may be the live database by now.
        if swapped.is_err() && !matches!(swapped, Err(RestoreError::UnknownSwap { .. })) {
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
        let mut transaction = PendingTransaction::<()>::begin(&self.dsn).await?;
        let connection = &mut transaction.connection;
        let replacing = async {
            in_place::replace(dump, &loader, connection, reporter).await?;
            if let Some(comment) = dump.database_comment(&loader).await? {
                comments::write(connection, &comment).await?;
            }
            let mut warnings = dump.public_schema().prepare_in_place(connection).await?;
            warnings.extend(owners::complete_in_place(connection, dump).await?);
            self.migrate(connection, reporter).await?;
            Ok(warnings)
        };
        let mut warnings = match or_stopped(lock, stop, replacing).await {
            Ok(warnings) => {
                let committed = transaction.commit(lock).await;
                committed.map_err(RestoreError::after_rollback)?;
                warnings
            }
            Err(error) => return Err(transaction.roll_back(error.after_rollback()).await),
        };
        // The restore has succeeded by now, so an error here is only a warning.
        let optional = loader.restore_optional().await;
        warnings.extend(optional.unwrap_or_else(|error| vec![not_at_end(&error)]));
        Ok(warnings)
    }

    /// Restores the dump into the staging database and checks the numbers of rows. Returns warnings.
    pub(super) async fn load_and_count(
        &self,
        dump: &CheckedDump<'_>,
        staging: &mut StagingDatabase,
        reporter: &ProgressReporter,
    ) -> Result<Vec<String>, RestoreError> {
        let mut warnings = staging.warnings.clone();
        let mut no_tablespaces = false;
        let (target, lists) = match staging.load_role() {
            Some((role, target)) => {
                let mut connection = session::open(&staging.dsn(), "decant restore").await?;
                public_schema::give_to(&mut connection, &role).await?;
                let extensions = &dump.definitions.extensions;
                warnings.extend(extensions::create(&mut connection, extensions, &role).await?);
                let loader = dump.loader(&self.dsn, &self.temporary_files);
                let comments = dump.extension_comments(&loader).await?;
                warnings.extend(extensions::comment(&mut connection, &comments).await?);
                let tablespaces = &dump.definitions.tablespaces;
                if !dump.no_tablespaces
                    && !extensions::open_tablespaces(&mut connection, tablespaces, &role).await?
                {
                    no_tablespaces = true;
                    warnings.push(
                        "All objects are in the default tablespace, because Decant's role may not grant CREATE on others"
                            .to_owned(),
                    );
                }
                let _ = connection.close().await;
                (target, Some(dump.lists_for_load_role()))
            }
            None => (staging.dsn(), None),
        };
        let mut loader = match &lists {
            Some(lists) => dump.loader_of(lists, &target, &self.temporary_files),
            None => dump.loader(&target, &self.temporary_files),
        };
        loader.no_tablespaces |= no_tablespaces;
        let explain = |error: RestoreError| match &lists {
            Some(_) => error.for_load_role(&warnings),
            None => error,
        };
        let loading = self.load(dump, &loader, &target, staging, reporter);
        warnings.extend(loading.await.map_err(explain)?);
        Ok(warnings)
    }

    /// Loads the dump in steps, and checks after each one that code of the dump has not changed what belongs to others. Returns
    /// warnings.
    async fn load(
        &self,
        dump: &CheckedDump<'_>,
        loader: &Loader<'_>,
        target: &Dsn,
        staging: &mut StagingDatabase,
        reporter: &ProgressReporter,
    ) -> Result<Vec<String>, RestoreError> {
        let lists = loader.lists;
        let required = &lists.required;
        loader.restore(required, load::DEFINITIONS, |_| {}).await?;
        let steps = Steps::new(dump.toc(), lists);
        let owners = dump.owners();
        let mut connection = session::open(&staging.dsn(), "decant restore").await?;
        let mut catalog = Catalog::read(&mut connection, &owners).await?;
        let mut on_line = dump.on_line(reporter);
        for step in &steps.rows {
            loader.restore(&step.entries, load::ROWS, &mut on_line).await?;
            catalog.check(Expected::Nothing).await?;
            staging.reset_load_role().await?;
        }
        let end_of_rows = catalog.transaction_id().await?;
        for step in &steps.indexes {
            restore_indexes(loader, step, steps.has_definitions, &mut catalog).await?;
        }
        loader
            .restore(&steps.attached_indexes, load::INDEXES_AND_CONSTRAINTS, |_| {})
            .await?;
        catalog.read_again().await?;
        for step in &steps.foreign_keys {
            restore_indexes(loader, step, false, &mut catalog).await?;
        }
        reporter.progress(86, "Counting the rows");
        staging.reset_load_role().await?;
        let entries = steps.rows.iter().flat_map(|step| step.entries.iter().copied());
        let order = dump.tables_of(entries);
        // Before the policies, which hide rows from the owner of a table, too.
        let mut counter = session::open(target, "decant restore").await?;
        row_counts::compare_after_code(&mut counter, &dump.rows, &order, end_of_rows).await?;
        let _ = counter.close().await;
        loader
            .restore(&steps.others, load::INDEXES_AND_CONSTRAINTS, |_| {})
            .await?;
        let mut warnings = loader.restore_if_possible(&lists.optional).await?;
        if !lists.optional_code.is_empty() {
            catalog.read_again().await?;
            warnings.extend(loader.restore_if_possible(&lists.optional_code).await?);
            catalog.check(Expected::Nothing).await?;
            staging.reset_load_role().await?;
            let mut counter = session::open(target, "decant restore").await?;
            let tables = row_counts::without_policies(&mut counter, &dump.rows).await?;
            row_counts::compare_after_code(&mut counter, &tables, &order, end_of_rows).await?;
            let _ = counter.close().await;
        }
        drop(catalog);
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

/// Returns the warning for a `pg_restore` that did not restore all optional entries after the commit.
fn not_at_end(error: &RestoreError) -> String {
    let why = match error {
        RestoreError::Ended(why) => why.clone(),
        error => error.to_string(),
    };
    format!(
        "Privileges, comments and the contents of materialized views are missing, because pg_restore ended before its time. \
         Restore the dump again. {why}"
    )
}

/// Gives the objects of the staging database, and itself, to their owners. Returns warnings.
async fn hand_over(
    dump: &CheckedDump<'_>,
    staging: &mut StagingDatabase,
) -> Result<Vec<String>, RestoreError> {
    let mut connection = session::open(&staging.dsn(), "decant restore").await?;
    let mut transaction = connection.begin().await?;
    let roles = staging.roles();
    let mut warnings = dump.public_schema().prepare(&mut transaction).await?;
    warnings.extend(owners::complete(&mut transaction, dump, roles).await?);
    if staging.load_role().is_some() {
        // The privileges that the role had for the load.
        statement::run(&mut transaction, "drop owned by %I", [roles.holder]).await?;
    }
    transaction.commit().await?;
    let _ = connection.close().await;
    staging.remove_load_role().await?;
    Ok(warnings)
}

/// Restores indexes and constraints of some owners, which changes nothing but their tables and types.
async fn restore_indexes(
    loader: &Loader<'_>,
    step: &Step<'_>,
    definitions: bool,
    catalog: &mut Catalog<'_>,
) -> Result<(), RestoreError> {
    loader
        .restore(&step.entries, load::INDEXES_AND_CONSTRAINTS, |_| {})
        .await?;
    let owners = &step.owners;
    catalog.check(Expected::Of { owners, definitions }).await
}

/// Reports a warning at once, because the restore may take hours, and returns it.
fn reported(reporter: &ProgressReporter, warning: Option<String>) -> Option<String> {
    if let Some(warning) = &warning {
        reporter.progress(40, warning.clone());
    }
    warning
}

/// Runs the future until it ends, or until `stop` is cancelled: then it is dropped.
///
/// # Errors
/// [`RestoreError::Stopped`]; [`RestoreError::LockLost`]; the error of the future.
pub(super) async fn or_stopped<T>(
    lock: &LockGuard,
    stop: &CancellationToken,
    running: impl Future<Output = Result<T, RestoreError>>,
) -> Result<T, RestoreError> {
    tokio::select! {
        ended = running => ended,
        () = stop.cancelled() => Err(RestoreError::Stopped),
        () = lock.lost.cancelled() => Err(RestoreError::LockLost),
    }
}
