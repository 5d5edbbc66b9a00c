//! Replaces the contents of the live database in one transaction, where no staging database can be created. Readers wait
//! until the transaction ends, and the previous contents are only in the safety dump.
//!
//! Decant sends the script of `pg_restore` over its own connection: definitions as they are, rows table by table. `psql`
//! is not used, because it also runs shell commands (`\!`) that an attacker may have written into a dump.

use sqlx::{AssertSqlSafe, Executor, PgConnection, query_scalar};
use tokio::io::AsyncReadExt;

use super::checked_dump::CheckedDump;
use super::error::RestoreError;
use super::events::ProgressReporter;
use super::load::{Loader, UNKNOWN_TIMEOUT};
use super::pending_transaction::PendingTransaction;
use super::row_counts::{self, TableName};
use super::table_data::TableData;
use crate::database::session;
use crate::database::tools::{read_stderr, spawn_piped};

/// While this transaction waits for a table's lock, every other session waits behind it, so the wait is limited.
const LOCK_TIMEOUT: &str = "set local lock_timeout = '60s'";

const CLEAR: &str = include_str!("clear.sql");

/// The definitions are sent as one string, so their size is limited. Real schemas are far smaller.
const DEFINITIONS_BYTES_MAX: u64 = 256 * 1024 * 1024;

/// Empties the live database, restores the dump, and checks the numbers of rows. Returns the transaction, still open.
///
/// # Errors
/// [`RestoreError::Database`], [`RestoreError::Rows`], [`RestoreError::Inserts`], [`RestoreError::Damaged`],
/// [`RestoreError::TooLarge`], [`RestoreError::NotUtf8`]. The transaction is rolled back then.
pub(super) async fn replace(
    dump: &CheckedDump<'_>,
    loader: &Loader<'_>,
    reporter: &ProgressReporter,
) -> Result<PendingTransaction<()>, RestoreError> {
    let entries = dump.entries_with_rows()?;
    let mut transaction = PendingTransaction::begin(loader.target).await?;
    let connection = &mut transaction.connection;
    connection.execute(LOCK_TIMEOUT).await?;
    // SQL: Decant's own file.
    connection.execute(sqlx::raw_sql(CLEAR)).await?;
    run_section(connection, loader, "pre-data").await?;
    let mut done = 0;
    for (table, &entry) in &entries {
        dump.report_table(reporter, done, &table.to_string());
        copy_rows(connection, loader, table, entry).await?;
        done += dump.bytes_of(table);
    }
    // The other entries of this section: the positions of sequences, large objects.
    run_section(connection, loader, "data").await?;
    reporter.progress(86, "Counting the rows");
    row_counts::compare(connection, &dump.rows).await?;
    run_section(connection, loader, "post-data").await?;
    // The script of pg_restore changes settings, which must not affect the migrations.
    connection.execute("reset all").await?;
    session::prepare(connection).await?;
    Ok(transaction)
}

/// Runs one section of the dump's script, without the rows of tables.
async fn run_section(
    connection: &mut PgConnection,
    loader: &Loader<'_>,
    section: &str,
) -> Result<(), RestoreError> {
    let list = loader.write_list(&loader.lists.required_without_rows)?;
    let section = format!("--section={section}");
    let (mut child, stdout, stderr) =
        spawn_piped(loader.command(&list).args([section.as_str(), "--file=-"]))?;
    let mut script = Vec::new();
    let reading = async {
        let mut stdout = stdout.take(DEFINITIONS_BYTES_MAX);
        stdout.read_to_end(&mut script).await
    };
    let (read, errors) = tokio::join!(reading, read_stderr(stderr));
    if read? as u64 == DEFINITIONS_BYTES_MAX {
        return Err(RestoreError::TooLarge);
    }
    if !child.wait().await?.success() {
        return Err(RestoreError::Damaged(errors));
    }
    let script = String::from_utf8(script).map_err(|_| RestoreError::NotUtf8)?;
    let sql = without_psql_commands(&script);
    let sql = match loader.tools.sets_unknown_timeout() {
        // The script sets its parameters before its first definition.
        true => sql.replacen(UNKNOWN_TIMEOUT, "", 1),
        false => sql.to_owned(),
    };
    // SQL: the script of the dump itself, which the administrator restores.
    connection.execute(sqlx::raw_sql(AssertSqlSafe(sql))).await?;
    // The script has set the encoding of the dumped database. Decant's own statements are UTF-8.
    connection.execute("set client_encoding = 'UTF8'").await?;
    Ok(())
}

/// Returns the script without the `psql` commands `\restrict` and `\unrestrict`, which newer releases of `pg_restore` write
/// around it.
fn without_psql_commands(script: &str) -> &str {
    let is_comment = |line: &str| line.is_empty() || line.starts_with("--");
    let Some((before, after)) = script.split_once("\\restrict ") else {
        return script;
    };
    match after.split_once('\n') {
        Some((key, sql)) if before.lines().all(is_comment) => {
            let sql = sql.trim_end();
            let end = sql
                .strip_suffix(key)
                .and_then(|sql| sql.strip_suffix("\\unrestrict "));
            end.unwrap_or(sql)
        }
        _ => script,
    }
}

/// Copies the rows of one table from the dump into the database.
async fn copy_rows(
    connection: &mut PgConnection,
    loader: &Loader<'_>,
    table: &TableName,
    entry: u32,
) -> Result<(), RestoreError> {
    let data = TableData::open(loader, table, entry).await?;
    let copy: String = query_scalar(
        "select pg_catalog.format('copy %I.%I %s from stdin with (encoding %L)', $1, $2, \
         (select pg_catalog.format('(%s)', pg_catalog.string_agg(pg_catalog.quote_ident(name), ', ' order by place)) \
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_of_psql_are_left_out() {
        let script = "--\n-- PostgreSQL database dump\n--\n\n\\restrict aB3\n\nselect '\n\\restrict x\n';\n\n\\unrestrict aB3\n\n";
        assert_eq!(without_psql_commands(script).trim(), "select '\n\\restrict x\n';");
        let older = "--\n\nselect '\n\\restrict x\n';\n";
        assert_eq!(without_psql_commands(older), older);
    }
}
