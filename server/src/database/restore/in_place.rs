//! A dump put in the place of what is there, where no database can be made beside it: in one transaction of the live
//! database. It happens as a whole or not at all, but whoever reads meanwhile waits, and the old state is only in the dump
//! that was made for safety.
//!
//! What `pg_restore` writes is sent over a connection of our own, definitions as they are and rows table by table. `psql`
//! would run commands of this machine that somebody has written into a dump; a connection knows nothing but SQL.

use sqlx::{AssertSqlSafe, Executor, PgConnection, query_scalar};
use tokio::io::AsyncReadExt;

use super::load::Loader;
use super::rows::{self, TableName};
use super::table_data::TableData;
use super::uncommitted::Uncommitted;
use super::{RestoreError, Source, Teller};
use crate::database::tools::{last_words, start_piped};

/// Nobody is waited for longer who holds one of the tables; in the meantime everybody else waits behind us.
const WAIT: &str = "set local lock_timeout = '60s'";

const CLEAR: &str = include_str!("clear.sql");

/// Definitions are sent at once. Nobody has so many.
const DEFINITIONS_BYTES_MAX: u64 = 256 * 1024 * 1024;

/// Puts the dump there, and compares its rows.
///
/// # Errors
/// [`RestoreError::InPlace`], [`RestoreError::Rows`], [`RestoreError::Inserts`].
pub(super) async fn replace(
    source: &Source<'_>,
    loader: &Loader<'_>,
    teller: &Teller,
) -> Result<Uncommitted<()>, RestoreError> {
    teller.progress(
        40,
        "Decant's user may not create databases here: restoring in one transaction of the live database",
    );
    let entries = source.entries_with_rows()?;
    let mut begun = Uncommitted::begin(loader.into).await?;
    let connection = &mut begun.connection;
    connection.execute(WAIT).await?;
    connection.execute(sqlx::raw_sql(CLEAR)).await?;
    define(connection, loader, "pre-data").await?;
    let mut done = 0;
    for (table, &entry) in &entries {
        source.tell(teller, done, &table.to_string());
        fill(connection, loader, table, entry).await?;
        done += source.bytes_of(table);
    }
    // What else is data: where sequences stand, large objects.
    define(connection, loader, "data").await?;
    teller.progress(86, "Counting the rows");
    rows::compare(connection, &source.rows).await?;
    define(connection, loader, "post-data").await?;
    // What pg_restore has set is of no concern to what comes after.
    connection.execute("reset all").await?;
    Ok(begun)
}

/// Sends a section of what `pg_restore` writes, but no table's rows.
async fn define(
    connection: &mut PgConnection,
    loader: &Loader<'_>,
    section: &str,
) -> Result<(), RestoreError> {
    let list = loader.list(&loader.lists.strict_but_rows)?;
    let section = format!("--section={section}");
    let (mut child, stdout, stderr) =
        start_piped(loader.command(&list).args([section.as_str(), "--file=-"]))?;
    let mut script = Vec::new();
    let reading = async {
        let mut stdout = stdout.take(DEFINITIONS_BYTES_MAX);
        stdout.read_to_end(&mut script).await
    };
    let (read, said) = tokio::join!(reading, last_words(stderr));
    if read? as u64 == DEFINITIONS_BYTES_MAX {
        return Err(RestoreError::TooLarge);
    }
    if !child.wait().await?.success() {
        return Err(RestoreError::Damaged(said));
    }
    let script = String::from_utf8(script).map_err(|_| RestoreError::NotUtf8)?;
    let sql = sql_of(&script).to_owned();
    connection.execute(sqlx::raw_sql(AssertSqlSafe(sql))).await?;
    // It has set the one of the database that was dumped. What comes from us is UTF-8.
    connection.execute("set client_encoding = 'UTF8'").await?;
    Ok(())
}

/// The script without what only `psql` understands: newer releases enclose it in `\restrict` and `\unrestrict`, so that
/// `psql` runs nothing else of that kind.
fn sql_of(script: &str) -> &str {
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

/// Fills a table with its rows.
async fn fill(
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
    .bind(&table.schema)
    .bind(&table.name)
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
    fn what_only_psql_understands_is_left_out() {
        let script = "--\n-- PostgreSQL database dump\n--\n\n\\restrict aB3\n\nselect '\n\\restrict x\n';\n\n\\unrestrict aB3\n\n";
        assert_eq!(sql_of(script).trim(), "select '\n\\restrict x\n';");
        let older = "--\n\nselect '\n\\restrict x\n';\n";
        assert_eq!(sql_of(older), older);
    }
}
