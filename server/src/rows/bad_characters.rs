//! Finds the value that ended an export because its bytes are no characters.
//!
//! A database in SQL_ASCII takes any bytes. PostgreSQL refuses to send those that are not UTF-8, and names neither row nor
//! column.

use futures_util::TryStreamExt;
use sqlx::{Executor, PgConnection, query_scalar};
use wasm_export::rows::Header;

/// The greatest number of letters of a value that identifies a row.
const VALUE_LETTERS_MAX: usize = 60;

/// Returns a sentence that names row and column, if this error is of that kind and the value is found.
///
/// `rows_before` rows were received before the failed one, so it is the next row of the same query.
pub(super) async fn find(
    connection: &mut PgConnection,
    error: &sqlx::Error,
    select: &str,
    header: &Header,
    rows_before: u64,
) -> Option<String> {
    // `character_not_in_repertoire`
    if error.as_database_error()?.code()? != "22021" {
        return None;
    }
    find_in(connection, select, header, rows_before).await.ok()?
}

async fn find_in(
    connection: &mut PgConnection,
    select: &str,
    header: &Header,
    rows_before: u64,
) -> sqlx::Result<Option<String>> {
    let encoding: String = query_scalar("select pg_catalog.current_setting('server_encoding')")
        .fetch_one(&mut *connection)
        .await?;
    if encoding != "SQL_ASCII" {
        return Ok(None);
    }
    // The bytes then arrive as they are.
    connection.execute("set client_encoding = 'SQL_ASCII'").await?;
    let copy = format!("copy (select * from ({select}) failed offset {rows_before} limit 1) to stdout");
    // SQL: rendered by `Template`.
    let pieces: Vec<_> = connection.copy_out_raw(&copy).await?.try_collect().await?;
    let row = pieces.concat();
    let row = row.strip_suffix(b"\n").unwrap_or(&row);
    Ok(describe(row, header, rows_before + 1))
}

/// Returns the sentence for a row as `COPY` writes it, if one of its cells is not UTF-8.
fn describe(row: &[u8], header: &Header, number: u64) -> Option<String> {
    let cells = || header.columns.iter().zip(row.split(|byte| *byte == b'\t'));
    let (column, _) = cells().find(|(_, cell)| std::str::from_utf8(cell).is_err())?;
    let identity = cells().filter(|(column, _)| header.order.contains(&column.name));
    let identity: Vec<String> = identity
        .map(|(column, cell)| {
            let value: String = String::from_utf8_lossy(cell)
                .chars()
                .take(VALUE_LETTERS_MAX)
                .collect();
            format!("{} {value}", column.name)
        })
        .collect();
    Some(format!(
        "The column `{}` of row {number} ({}) has bytes that are not UTF-8, which the encoding SQL_ASCII of this database \
         allows. Correct the value, and export again.",
        column.name,
        identity.join(", ")
    ))
}
