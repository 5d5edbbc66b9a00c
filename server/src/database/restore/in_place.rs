//! Replaces the contents of the live database in one transaction, where no staging database can be created. Readers wait
//! until the transaction ends, and the previous contents are only in the safety dump.
//!
//! Decant sends the script of `pg_restore` over its own connection: definitions as they are, rows table by table. `psql`
//! is not used, because it also runs shell commands (`\!`) that an attacker may have written into a dump.

use sqlx::{Executor, PgConnection, query, query_scalar};

use super::checked_dump::CheckedDump;
use super::error::RestoreError;
use super::events::ProgressReporter;
use super::large_objects;
use super::load::Loader;
use super::row_counts::{self, TableName};
use super::script::Script;
use super::table_data::TableData;
use crate::database::session;

/// While this transaction waits for a table's lock, every other session waits behind it, so the wait is limited.
const LOCK_TIMEOUT: &str = "set local lock_timeout = '60s'";

const CLEAR: &str = include_str!("clear.sql");

/// Runs a script of the dump. A script that is sent as it is could end the transaction; `EXECUTE` refuses `COMMIT` and
/// `ROLLBACK`.
const CREATE_RUN: &str = "create function pg_temp.decant_run(script pg_catalog.bytea, encoding pg_catalog.name) \
     returns void language plpgsql as 'begin execute pg_catalog.convert_from(script, encoding); end'";

/// Empties the live database, restores the dump, and checks the numbers of rows.
///
/// # Errors
/// [`RestoreError::Database`], [`RestoreError::Rows`], [`RestoreError::Inserts`], [`RestoreError::Damaged`],
/// [`RestoreError::TooLarge`]. The transaction must be rolled back then.
pub(super) async fn replace(
    dump: &CheckedDump<'_>,
    loader: &Loader<'_>,
    connection: &mut PgConnection,
    reporter: &ProgressReporter,
) -> Result<(), RestoreError> {
    let entries = dump.entries_with_rows()?;
    connection.execute(LOCK_TIMEOUT).await?;
    connection.execute(CREATE_RUN).await?;
    // SQL: Decant's own file.
    connection.execute(sqlx::raw_sql(CLEAR)).await?;
    let definitions = dump.definitions_without_schemas(&schemas(connection).await?);
    run_section(connection, loader, &definitions, "pre-data").await?;
    let mut done = 0;
    for (table, &entry) in &entries {
        dump.report_table(reporter, done, &table.to_string());
        copy_rows(connection, loader, table, entry).await?;
        done += dump.bytes_of(table);
    }
    large_objects::copy(connection, loader).await?;
    // The other entries of this section are the positions of sequences.
    run_section(connection, loader, &definitions, "data").await?;
    reporter.progress(86, "Counting the rows");
    row_counts::compare(connection, &dump.rows).await?;
    run_section(connection, loader, &definitions, "post-data").await?;
    // The script of pg_restore changes settings, which must not affect the migrations.
    connection.execute("reset all").await?;
    session::prepare(connection).await?;
    Ok(())
}

/// Returns the names of the schemas. Some stay when the database is emptied, and the dump must not create them again.
async fn schemas(connection: &mut PgConnection) -> sqlx::Result<Vec<String>> {
    query_scalar("select nspname::pg_catalog.text from pg_catalog.pg_namespace")
        .fetch_all(connection)
        .await
}

/// Runs one section of the dump's script for these entries.
async fn run_section(
    connection: &mut PgConnection,
    loader: &Loader<'_>,
    entries: &[u32],
    section: &str,
) -> Result<(), RestoreError> {
    let script = Script::read(loader, entries, Some(section)).await?;
    query("select pg_temp.decant_run($1, $2::pg_catalog.text::pg_catalog.name)")
        .bind(script.sql)
        .bind(script.encoding)
        .execute(&mut *connection)
        .await?;
    // The script has set the encoding of the dumped database. Decant's own statements are UTF-8.
    connection.execute("set client_encoding = 'UTF8'").await?;
    Ok(())
}

/// Copies the rows of one table from the dump into the database.
async fn copy_rows(
    connection: &mut PgConnection,
    loader: &Loader<'_>,
    table: &TableName,
    entry: u32,
) -> Result<(), RestoreError> {
    let data = TableData::open(loader, table, entry).await?;
    // A table without columns has no list of them.
    let copy: String = query_scalar(
        "select pg_catalog.format('copy %I.%I %s from stdin with (encoding %L)', $1, $2, \
         (select '(' operator(pg_catalog.||) pg_catalog.string_agg(pg_catalog.quote_ident(name), ', ' order by place) \
              operator(pg_catalog.||) ')' \
          from pg_catalog.unnest($3::pg_catalog.text[]) with ordinality as u (name, place)), $4)",
    )
    .bind(&data.table().schema)
    .bind(&data.table().name)
    .bind(data.columns())
    .bind(data.encoding())
    .fetch_one(&mut *connection)
    .await?;
    data.copy_in(connection, &copy).await?;
    Ok(())
}
