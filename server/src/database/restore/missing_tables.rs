//! Refuses a dump that lacks tables of the live database: after a clean restore, they would be missing without a word.

use sqlx::{Connection, PgConnection, Row, query};

use super::checked_dump::CheckedDump;
use super::error::RestoreError;
use super::row_counts::TableName;
use crate::dsn::Dsn;

/// Checks that the dump creates each table of the live database. Tables of extensions do not count, because the extension
/// creates them.
///
/// # Errors
/// [`RestoreError::MissingTables`]; [`RestoreError::Database`].
pub(super) async fn check(dump: &CheckedDump<'_>, live: &Dsn) -> Result<(), RestoreError> {
    let mut connection = PgConnection::connect_with(live.options()).await?;
    let rows = query(
        "select n.nspname::pg_catalog.text as schema, c.relname::pg_catalog.text as name \
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
    let _ = connection.close().await;
    let present = dump.tables();
    let live = rows.iter().map(|row| TableName {
        schema: row.get("schema"),
        name: row.get("name"),
    });
    let missing: Vec<String> = live
        .filter(|table| !present.contains(table))
        .map(|table| table.to_string())
        .collect();
    match missing.is_empty() {
        true => Ok(()),
        false => Err(RestoreError::MissingTables(missing)),
    }
}
