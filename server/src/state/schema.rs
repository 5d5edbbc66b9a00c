//! Checks a state database and brings its tables up to date.

use std::sync::LazyLock;

use sqlx::migrate::{MigrateError, Migration, MigrationType, Migrator};
use sqlx::{Connection, PgConnection, SqlSafeStr, query, query_as, query_scalar};

use super::error::StateError;

/// Key of the advisory lock of a preparation, since two servers may start at once: `dcnt` in ASCII, and a number.
const PREPARATION_LOCK: i64 = 0x6463_6e74_0001;

static MIGRATOR: LazyLock<Migrator> = LazyLock::new(|| {
    let migrations = MIGRATIONS.iter().map(|(version, description, sql)| {
        let (kind, sql) = (MigrationType::Simple, sql.into_sql_str());
        Migration::new(*version, (*description).into(), kind, sql, false)
    });
    let mut migrator = Migrator::with_migrations(migrations.collect());
    migrator.dangerous_set_table_name("decant.schema_migrations");
    // The lock of `prepare` ends with its transaction, also where a pooler keeps the session.
    migrator.set_locking(false);
    migrator
});

/// Version, description and statements; a file that was released never changes.
const MIGRATIONS: &[(i64, &str, &str)] = &[
    (1, "audit", include_str!("../../migrations/0001_audit.sql")),
    (
        2,
        "sign outs",
        include_str!("../../migrations/0002_sign_outs.sql"),
    ),
    (
        3,
        "wrong attempts",
        include_str!("../../migrations/0003_wrong_attempts.sql"),
    ),
    (4, "exports", include_str!("../../migrations/0004_exports.sql")),
    (
        5,
        "audit indexes",
        include_str!("../../migrations/0005_audit_indexes.sql"),
    ),
    (
        6,
        "export schedules",
        include_str!("../../migrations/0006_export_schedules.sql"),
    ),
    (
        7,
        "export templates permissions",
        include_str!("../../migrations/0007_export_templates_permissions.sql"),
    ),
    (
        8,
        "export deliveries",
        include_str!("../../migrations/0008_export_deliveries.sql"),
    ),
    (
        9,
        "export file names",
        include_str!("../../migrations/0009_export_file_names.sql"),
    ),
    (
        10,
        "export statistics",
        include_str!("../../migrations/0010_export_statistics.sql"),
    ),
    (
        11,
        "incremental schedules",
        include_str!("../../migrations/0011_incremental_schedules.sql"),
    ),
    (
        12,
        "export alerts",
        include_str!("../../migrations/0012_export_alerts.sql"),
    ),
];

/// One database of one running server, to compare two of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunningDatabase {
    /// Seconds since 1970; no two servers have the same to the microsecond.
    server_started: String,
    oid: i64,
}

impl RunningDatabase {
    /// # Errors
    /// The database's error.
    pub async fn read(connection: &mut PgConnection) -> sqlx::Result<Self> {
        let (server_started, oid) = query_as(
            "select extract(epoch from pg_catalog.pg_postmaster_start_time())::pg_catalog.text, oid::bigint \
             from pg_catalog.pg_database where datname operator(pg_catalog.=) pg_catalog.current_database()",
        )
        .fetch_one(connection)
        .await?;
        Ok(Self { server_started, oid })
    }
}

/// Checks without a change that the database can be the state database, and returns the version of its tables; `None`
/// without tables.
///
/// # Errors
/// [`StateError::Exported`], [`StateError::Encoding`], [`StateError::Foreign`], [`StateError::Newer`],
/// [`StateError::Database`].
async fn check(
    connection: &mut PgConnection,
    exported: Option<&RunningDatabase>,
) -> Result<Option<i64>, StateError> {
    if let Some(exported) = exported
        && RunningDatabase::read(connection).await? == *exported
    {
        return Err(StateError::Exported);
    }
    let encoding: String = query_scalar("select pg_catalog.current_setting('server_encoding')")
        .fetch_one(&mut *connection)
        .await?;
    if encoding != "UTF8" {
        return Err(StateError::Encoding(encoding));
    }
    let foreign: Vec<String> = query_scalar(include_str!("foreign.sql"))
        .fetch_all(&mut *connection)
        .await?;
    if !foreign.is_empty() {
        return Err(StateError::Foreign(foreign.join(", ")));
    }
    let known = newest();
    match version(connection).await? {
        Some(found) if found > known => Err(StateError::Newer { found, known }),
        found => Ok(found),
    }
}

/// Returns the version of Decant's tables, or `None`: there are none.
async fn version(connection: &mut PgConnection) -> sqlx::Result<Option<i64>> {
    let is_new: bool = query_scalar("select pg_catalog.to_regclass('decant.schema_migrations') is null")
        .fetch_one(&mut *connection)
        .await?;
    if is_new {
        return Ok(None);
    }
    query_scalar("select pg_catalog.max(version) from decant.schema_migrations")
        .fetch_one(connection)
        .await
}

/// Returns whether the database has all of Decant's tables in the version of this program.
///
/// # Errors
/// As of [`check`].
pub(super) async fn is_current(
    connection: &mut PgConnection,
    exported: &RunningDatabase,
) -> Result<bool, StateError> {
    let mut transaction = connection.begin().await?;
    // Nothing is read of tables whose owner is not known yet: a view of another role would run its functions.
    let found = check(&mut transaction, Some(exported)).await?;
    transaction.rollback().await?;
    Ok(found == Some(newest()))
}

/// The version of Decant's tables in a database, and that of this program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SchemaVersion {
    /// `None`: there are no tables yet.
    pub found: Option<i64>,
    pub known: i64,
}

/// Checks the database and makes or updates Decant's tables, in one transaction.
///
/// # Errors
/// Those of [`check`], [`StateError::NotAllowed`], [`StateError::Changed`].
pub(super) async fn prepare(
    connection: &mut PgConnection,
    exported: &RunningDatabase,
) -> Result<(), StateError> {
    let mut transaction = connection.begin().await?;
    migrate(&mut transaction, Some(exported)).await?;
    Ok(transaction.commit().await?)
}

/// Checks the database. Where there are no tables yet, it makes them and takes that back: the locks of a migration of existing
/// tables would stop running servers. Returns the version that was found.
///
/// # Errors
/// As of [`prepare`].
pub(super) async fn dry_run(
    connection: &mut PgConnection,
    exported: Option<&RunningDatabase>,
) -> Result<SchemaVersion, StateError> {
    let mut transaction = connection.begin().await?;
    let found = check(&mut transaction, exported).await?;
    if found.is_none() {
        migrate(&mut transaction, exported).await?;
    }
    transaction.rollback().await?;
    Ok(SchemaVersion {
        found,
        known: newest(),
    })
}

/// Returns the version of the tables that this program makes.
fn newest() -> i64 {
    MIGRATIONS
        .iter()
        .map(|(version, ..)| *version)
        .max()
        .unwrap_or_default()
}

/// Checks the database, and makes or updates Decant's tables.
async fn migrate(
    transaction: &mut PgConnection,
    exported: Option<&RunningDatabase>,
) -> Result<(), StateError> {
    query("select pg_catalog.pg_advisory_xact_lock($1)")
        .bind(PREPARATION_LOCK)
        .execute(&mut *transaction)
        .await?;
    let found = check(transaction, exported).await?;
    if let Some(found) = found.filter(|found| *found < newest()) {
        tracing::info!(found, "updating the tables of the state database");
    }
    let has_schema: bool = query_scalar(
        "select exists (select from pg_catalog.pg_namespace where nspname operator(pg_catalog.=) 'decant')",
    )
    .fetch_one(&mut *transaction)
    .await?;
    // `if not exists` would require the right to create schemas also where there is nothing to create.
    if !has_schema {
        query("create schema decant")
            .execute(&mut *transaction)
            .await
            .map_err(not_allowed)?;
    }
    query(include_str!("adopt.sql"))
        .execute(&mut *transaction)
        .await?;
    // The statements of sqlx's migrator name no schema. The settings end with the transaction. Statements of running servers
    // would queue behind one that waits long for a lock.
    query(
        "select pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true), \
                pg_catalog.set_config('lock_timeout', '5s', true), \
                pg_catalog.set_config('statement_timeout', '0', true)",
    )
    .execute(&mut *transaction)
    .await?;
    // `run` does not compile within a task that is spawned ("not general enough").
    MIGRATOR
        .run_direct(None, &mut *transaction, false)
        .await
        .map_err(|error| match error {
            MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => not_allowed(error),
            changed => StateError::Changed(changed),
        })
}

/// Gives advice for an insufficient privilege (SQLSTATE 42501).
fn not_allowed(error: sqlx::Error) -> StateError {
    let code = error.as_database_error().and_then(|error| error.code());
    match code.as_deref() {
        Some("42501") => StateError::NotAllowed(error),
        _ => StateError::Database(error),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::*;

    #[test]
    fn every_file_of_migrations_is_run_in_the_order_of_its_number() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations");
        let files: BTreeSet<_> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        let listed: Vec<_> = MIGRATIONS
            .iter()
            .map(|(version, description, _)| format!("{version:04}_{}.sql", description.replace(' ', "_")))
            .collect();
        assert_eq!(files.into_iter().collect::<Vec<_>>(), listed);
    }
}
