//! Queries on PostgreSQL's catalogue for one table, which is named as SQL writes it.

use sqlx::{PgConnection, query_as, query_scalar};

/// Returns the columns that hold data (no generated ones), quoted for SQL, in their order.
pub(super) async fn columns(connection: &mut PgConnection, table: &str) -> sqlx::Result<Vec<String>> {
    query_scalar(
        "select pg_catalog.quote_ident(attname) from pg_catalog.pg_attribute \
         where attrelid operator(pg_catalog.=) $1::pg_catalog.regclass and attnum operator(pg_catalog.>) 0 \
         and not attisdropped and attgenerated operator(pg_catalog.=) '' order by attnum",
    )
    .bind(table)
    .fetch_all(connection)
    .await
}

/// A column of a primary key, quoted for SQL.
pub(super) struct KeyColumn {
    pub name: String,
    /// The operator of the key's index: `operator(pg_catalog.=)`, or that of an extension's type.
    pub equals: String,
}

/// Returns the columns of the primary key, in their order.
pub(super) async fn primary_key(connection: &mut PgConnection, table: &str) -> sqlx::Result<Vec<KeyColumn>> {
    let rows: Vec<(String, String)> = query_as(
        "select pg_catalog.quote_ident(a.attname), pg_catalog.format('operator(%I.%s)', n.nspname, o.oprname) \
         from pg_catalog.pg_index i, \
              rows from (pg_catalog.unnest(i.indkey::pg_catalog.int2[]), pg_catalog.unnest(i.indclass::pg_catalog.oid[])) \
                  with ordinality as k (attribute, class, place), \
              pg_catalog.pg_attribute a, pg_catalog.pg_opclass c, pg_catalog.pg_amop m, pg_catalog.pg_operator o, \
              pg_catalog.pg_namespace n \
         where i.indrelid operator(pg_catalog.=) $1::pg_catalog.regclass and i.indisprimary \
         and a.attrelid operator(pg_catalog.=) i.indrelid and a.attnum operator(pg_catalog.=) k.attribute \
         and c.oid operator(pg_catalog.=) k.class and m.amopfamily operator(pg_catalog.=) c.opcfamily \
         and m.amoplefttype operator(pg_catalog.=) c.opcintype and m.amoprighttype operator(pg_catalog.=) c.opcintype \
         and m.amopstrategy operator(pg_catalog.=) 3 and o.oid operator(pg_catalog.=) m.amopopr \
         and n.oid operator(pg_catalog.=) o.oprnamespace order by k.place",
    )
    .bind(table)
    .fetch_all(connection)
    .await?;
    let columns = rows.into_iter().map(|(name, equals)| KeyColumn { name, equals });
    Ok(columns.collect())
}
