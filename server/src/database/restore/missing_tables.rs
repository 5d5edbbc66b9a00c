//! Refuses a dump that lacks tables of the live database, or rows of its tables: after a clean restore, they would be missing
//! without a word.

use futures_util::TryStreamExt;
use sqlx::{Connection, PgConnection, query_as};

use super::checked_dump::CheckedDump;
use super::error::RestoreError;
use super::row_counts::TableName;
use super::statement::render;
use crate::database::session;
use crate::dsn::Dsn;

/// Checks that the dump creates each table of the live database, and has the rows of those with rows. Tables of extensions do
/// not count, because the extension creates them.
///
/// # Errors
/// [`RestoreError::MissingTables`], [`RestoreError::MissingRows`]; [`RestoreError::Database`].
pub(super) async fn check(dump: &CheckedDump<'_>, live: &Dsn) -> Result<(), RestoreError> {
    let mut connection = session::open(live, "decant restore").await?;
    // The column is one that `COPY` can read; none for a partitioned table, or a table without columns.
    let tables: Vec<(String, String, Option<String>)> = query_as(
        "select n.nspname::pg_catalog.text as schema, c.relname::pg_catalog.text as name, \
             (select a.attname::pg_catalog.text from pg_catalog.pg_attribute a \
              where a.attrelid operator(pg_catalog.=) c.oid and c.relkind operator(pg_catalog.=) 'r' \
              and a.attnum operator(pg_catalog.>) 0 and not a.attisdropped \
              and a.attgenerated operator(pg_catalog.=) '' order by a.attnum limit 1) as column \
         from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid operator(pg_catalog.=) c.relnamespace \
         where c.relkind operator(pg_catalog.=) any ('{r,p}') and c.relpersistence operator(pg_catalog.<>) 't' \
         and n.nspname operator(pg_catalog.!~) '^pg_' and n.nspname operator(pg_catalog.<>) 'information_schema' \
         and not exists (select from pg_catalog.pg_depend d \
             where d.classid operator(pg_catalog.=) 'pg_catalog.pg_class'::pg_catalog.regclass \
             and d.objid operator(pg_catalog.=) c.oid and d.deptype operator(pg_catalog.=) 'e') \
         order by n.nspname, c.relname",
    )
    .fetch_all(&mut connection)
    .await?;
    let (present, without_rows) = (dump.tables(), dump.tables_without_rows());
    let (mut missing, mut emptied) = (Vec::new(), Vec::new());
    for (schema, name, column) in tables {
        let table = TableName { schema, name };
        if !present.contains(&table) {
            missing.push(table.to_string());
        } else if let Some(column) = column.filter(|_| without_rows.contains(&table)) {
            match count(&mut connection, &table, &column).await? {
                0 => {}
                rows => emptied.push(format!("{table} ({rows} rows)")),
            }
        }
    }
    let _ = connection.close().await;
    match (missing.is_empty(), emptied.is_empty()) {
        (true, true) => Ok(()),
        (false, _) => Err(RestoreError::MissingTables(missing)),
        (true, false) => Err(RestoreError::MissingRows(emptied)),
    }
}

/// Counts the rows of a table by `COPY`: for a query, the planner would run functions of the table's owner.
async fn count(connection: &mut PgConnection, table: &TableName, column: &str) -> sqlx::Result<u64> {
    let copy = render(
        connection,
        "copy %I.%I (%I) to stdout",
        [&table.schema, &table.name, column],
    )
    .await?;
    let mut rows = 0;
    // SQL: the names are quoted by PostgreSQL.
    let mut pieces = connection.copy_out_raw(&copy).await?;
    while let Some(piece) = pieces.try_next().await? {
        // Line ends within a value are escaped.
        rows += memchr::memchr_iter(b'\n', &piece).count() as u64;
    }
    Ok(rows)
}
