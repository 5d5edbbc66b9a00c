//! What PostgreSQL's catalogue says of a table. The table is named as SQL writes it.

use sqlx::{PgConnection, query_scalar};

/// The columns that hold data, as SQL writes their names.
pub(super) async fn columns(connection: &mut PgConnection, table: &str) -> sqlx::Result<Vec<String>> {
    query_scalar(
        "select quote_ident(attname) from pg_attribute where attrelid = $1::regclass and attnum > 0 \
         and not attisdropped and attgenerated = '' order by attnum",
    )
    .bind(table)
    .fetch_all(connection)
    .await
}

/// The columns of its primary key, as SQL writes their names.
pub(super) async fn primary_key(connection: &mut PgConnection, table: &str) -> sqlx::Result<Vec<String>> {
    query_scalar(
        "select quote_ident(a.attname) from pg_index i join pg_attribute a \
         on a.attrelid = i.indrelid and a.attnum = any (i.indkey) \
         where i.indrelid = $1::regclass and i.indisprimary",
    )
    .bind(table)
    .fetch_all(connection)
    .await
}

/// Statements that move its sequences behind its last values.
pub(super) async fn sequences(connection: &mut PgConnection, table: &str) -> sqlx::Result<Vec<String>> {
    query_scalar(
        "select format('select setval(%L, greatest((select last_value from %s), \
                (select coalesce(max(%I), 1) from %s)))', s, s, attname, $1) \
         from (select attname, pg_get_serial_sequence($1, attname) as s from pg_attribute \
               where attrelid = $1::regclass and attnum > 0 and not attisdropped) of where s is not null",
    )
    .bind(table)
    .fetch_all(connection)
    .await
}
