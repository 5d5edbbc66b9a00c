//! Sends the demo's rows to PostgreSQL by `COPY`. The memory it takes does not depend on how many there are.

use sqlx::{AssertSqlSafe, Executor, PgConnection};

use super::copy_text::CopyText;
use super::requests::{self, Requests};
use super::{DemoError, Plan, people, probes, providers};

/// How much is sent at once. PostgreSQL parses one batch while the next one is made.
const BATCH_BYTES: usize = 128 << 10;

/// Until the end of the transaction nobody else makes or fills a demo in this database.
pub(super) async fn lock(connection: &mut PgConnection) -> Result<(), DemoError> {
    connection
        .execute("select pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended('decant demo', 0))")
        .await?;
    Ok(())
}

/// Writes every row of a small table, with ids from 1, and returns how many; the number is the demo's end in
/// microseconds since 1970.
type WriteRows = fn(&mut CopyText, i64) -> u64;

/// The small tables with the columns that are written, in an order that satisfies their foreign keys.
const SURROUNDINGS: [(&str, &str, WriteRows); 6] = [
    ("users", people::USER_COLUMNS, people::write_users),
    ("keys", people::KEY_COLUMNS, people::write_keys),
    (
        "provider_vendors",
        providers::VENDOR_COLUMNS,
        providers::write_vendors,
    ),
    (
        "providers",
        providers::PROVIDER_COLUMNS,
        providers::write_providers,
    ),
    (
        "provider_endpoints",
        probes::ENDPOINT_COLUMNS,
        probes::write_endpoints,
    ),
    (
        "provider_endpoint_probe_logs",
        probes::PROBE_COLUMNS,
        probes::write_probes,
    ),
];

/// Everything around the requests, on the first load.
pub(super) async fn surroundings(connection: &mut PgConnection, until: i64) -> Result<(), DemoError> {
    if !is_empty(connection, "users").await? {
        return Ok(());
    }
    for (table, columns, write) in SURROUNDINGS {
        let mut rows = CopyText::default();
        let last_id = write(&mut rows, until);
        let statement = format!("copy public.{table} ({columns}) from stdin");
        let mut copy = connection.copy_in_raw(&statement).await?;
        copy.send(rows.bytes()).await?;
        copy.finish().await?;
        continue_ids(connection, table, last_id.cast_signed()).await?;
    }
    connection
        .execute(sqlx::raw_sql(include_str!("last_probes.sql")))
        .await?;
    Ok(())
}

/// The plan's rows of `message_request`; returns the first id.
pub(super) async fn requests(
    connection: &mut PgConnection,
    plan: &Plan,
    on_progress: impl FnMut(u64),
) -> Result<i64, DemoError> {
    let first_id: i64 = sqlx::query_scalar(
        "select greatest((select pg_catalog.max(id) from public.message_request), \
                         (select last_value from public.message_request_id_seq where is_called), 0)::bigint \
                operator(pg_catalog.+) 1",
    )
    .fetch_one(&mut *connection)
    .await?;
    let room = i64::from(i32::MAX) - first_id + 1;
    if plan.rows > room.cast_unsigned() {
        return Err(DemoError::TooManyRows(plan.rows));
    }
    if plan.rows == 0 {
        return Ok(first_id);
    }
    let requests = Requests::new(plan.seed, first_id, plan.rows, plan.until_microseconds());
    if is_empty(connection, "message_request").await? {
        // Emptied in this transaction, so the rows need no log and no second visit, and the indexes are made in one go.
        connection
            .execute(sqlx::raw_sql(include_str!("drop_indexes.sql")))
            .await?;
        connection.execute("truncate public.message_request").await?;
        copy_requests(connection, "(freeze)", requests, on_progress).await?;
        connection
            .execute("set local maintenance_work_mem = '256MB'")
            .await?;
        connection
            .execute(sqlx::raw_sql(include_str!("indexes.sql")))
            .await?;
    } else {
        copy_requests(connection, "", requests, on_progress).await?;
    }
    continue_ids(
        connection,
        "message_request",
        first_id + plan.rows.cast_signed() - 1,
    )
    .await?;
    Ok(first_id)
}

async fn copy_requests(
    connection: &mut PgConnection,
    options: &str,
    mut requests: Requests,
    mut on_progress: impl FnMut(u64),
) -> Result<(), DemoError> {
    let columns = requests::COLUMNS;
    let statement = format!("copy public.message_request ({columns}) from stdin {options}");
    let mut copy = connection.copy_in_raw(&statement).await?;
    let mut rows = CopyText::default();
    while !requests.is_done() {
        rows.clear();
        while rows.bytes().len() < BATCH_BYTES && !requests.is_done() {
            requests.write_next(&mut rows);
        }
        copy.send(rows.bytes()).await?;
        on_progress(requests.made());
    }
    copy.finish().await?;
    Ok(())
}

/// Makes the next row of the table get the id after `last`.
async fn continue_ids(connection: &mut PgConnection, table: &str, last: i64) -> Result<(), DemoError> {
    sqlx::query(
        "select pg_catalog.setval(pg_catalog.pg_get_serial_sequence( \
             pg_catalog.concat('public.', $1), 'id')::pg_catalog.regclass, $2)",
    )
    .bind(table)
    .bind(last)
    .execute(connection)
    .await?;
    Ok(())
}

async fn is_empty(connection: &mut PgConnection, table: &'static str) -> Result<bool, DemoError> {
    let question = AssertSqlSafe(format!("select not exists (select from public.{table})"));
    Ok(sqlx::query_scalar(question).fetch_one(connection).await?)
}
