//! Sends the demo's rows to PostgreSQL by `COPY`. The memory it takes does not depend on how many there are.

use sqlx::{AssertSqlSafe, Executor, PgConnection};

use super::copy_text::CopyText;
use super::error::DemoError;
use super::keys::KeyMaker;
use super::people::Key;
use super::plan::Plan;
use super::requests::{self, Requests};
use super::totals::Totals;
use super::{people, probes, providers};

/// The size of a batch. PostgreSQL parses one batch while the next one is made.
pub(crate) const BATCH_BYTES: usize = 128 << 10;

/// Keeps other processes from making or filling a demo in this database until the end of the transaction.
pub(crate) async fn lock(connection: &mut PgConnection) -> Result<(), DemoError> {
    connection
        .execute("select pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended('decant demo', 0))")
        .await?;
    Ok(())
}

/// Writes every row of a small table, with ids from 1, and returns how many.
type WriteRows = fn(&mut CopyText, &Plan) -> u64;

/// The small tables with the columns that are written, in the order of their foreign keys.
const SURROUNDINGS: [(&str, &str, WriteRows); 5] = [
    ("users", people::USER_COLUMNS, |rows, plan| {
        people::write_users(rows, plan.period.end())
    }),
    ("keys", people::KEY_COLUMNS, |rows, plan| {
        people::write_keys(rows, &plan.keys, plan.period.end())
    }),
    ("provider_vendors", providers::VENDOR_COLUMNS, |rows, plan| {
        providers::write_vendors(rows, plan.period.end())
    }),
    ("providers", providers::PROVIDER_COLUMNS, |rows, plan| {
        providers::write_providers(rows, plan.period.end())
    }),
    (
        "provider_endpoints",
        probes::ENDPOINT_COLUMNS,
        probes::write_endpoints,
    ),
];

/// Fills the tables of users and providers, if that was not done before.
pub(crate) async fn surroundings(connection: &mut PgConnection, plan: &Plan) -> Result<(), DemoError> {
    if is_empty(connection, "users").await? {
        for (table, columns, write) in SURROUNDINGS {
            fill_table(connection, plan, table, columns, write).await?;
        }
    }
    Ok(())
}

/// Fills the table of probe logs, if there are none. Returns how many were added.
pub(crate) async fn probes(connection: &mut PgConnection, plan: &Plan) -> Result<u64, DemoError> {
    let table = "provider_endpoint_probe_logs";
    if !plan.probes || !is_empty(connection, table).await? {
        return Ok(0);
    }
    let added = fill_table(
        connection,
        plan,
        table,
        probes::PROBE_COLUMNS,
        probes::write_probes,
    )
    .await?;
    connection
        // SQL: the demo's own file.
        .execute(sqlx::raw_sql(include_str!("last_probes.sql")))
        .await?;
    Ok(added)
}

async fn fill_table(
    connection: &mut PgConnection,
    plan: &Plan,
    table: &'static str,
    columns: &str,
    write: WriteRows,
) -> Result<u64, DemoError> {
    let mut rows = CopyText::default();
    let last_id = write(&mut rows, plan);
    let statement = format!("copy public.{table} ({columns}) from stdin");
    // SQL: constant names.
    let mut copy = connection.copy_in_raw(&statement).await?;
    copy.send(rows.bytes()).await?;
    copy.finish().await?;
    continue_ids(connection, table, last_id.cast_signed()).await?;
    Ok(last_id)
}

/// Returns the sums of the rows that [`requests()`] would add, and adds none.
pub(crate) async fn totals(
    connection: &mut PgConnection,
    plan: &Plan,
    has_tables: bool,
) -> Result<Totals, DemoError> {
    let first_id = match has_tables {
        true => next_id(connection).await?,
        false => 1,
    };
    check_ids(first_id, plan.rows)?;
    let mut requests = Requests::new(plan, first_id, people::keys(&plan.keys))?;
    requests.skip_all();
    Ok(requests.totals().clone())
}

/// Returns the id of the next row of `message_request`.
async fn next_id(connection: &mut PgConnection) -> Result<i64, DemoError> {
    let id = sqlx::query_scalar(
        "select greatest((select pg_catalog.max(id) from public.message_request), \
                         pg_catalog.pg_sequence_last_value(pg_catalog.pg_get_serial_sequence( \
                             'public.message_request', 'id')::pg_catalog.regclass), 0)::bigint \
                operator(pg_catalog.+) 1",
    )
    .fetch_one(connection)
    .await?;
    Ok(id)
}

fn check_ids(first_id: i64, rows: u64) -> Result<(), DemoError> {
    let room = i64::from(i32::MAX) - first_id + 1;
    match rows > room.cast_unsigned() {
        true => Err(DemoError::TooManyRows(rows)),
        false => Ok(()),
    }
}

/// Adds the plan's rows to `message_request`. Returns the id of the first, and the sums of all.
pub(crate) async fn requests(
    connection: &mut PgConnection,
    plan: &Plan,
    on_progress: impl FnMut(u64),
) -> Result<(i64, Totals), DemoError> {
    let first_id = next_id(connection).await?;
    check_ids(first_id, plan.rows)?;
    if plan.rows == 0 {
        return Ok((first_id, Totals::default()));
    }
    let keys = keys_in_use(connection, plan).await?;
    let mut requests = Requests::new(plan, first_id, keys)?;
    if is_empty(connection, "message_request").await? {
        // Rows of a table that this transaction truncates need no write-ahead log and can be written frozen. Indexes built
        // at the end cost less than indexes that grow with each row.
        connection
            // SQL: the demo's own file.
            .execute(sqlx::raw_sql(include_str!("drop_indexes.sql")))
            .await?;
        connection.execute("truncate public.message_request").await?;
        copy_requests(connection, "(freeze)", &mut requests, on_progress).await?;
        connection
            .execute("set local maintenance_work_mem = '256MB'")
            .await?;
        connection
            // SQL: the demo's own file.
            .execute(sqlx::raw_sql(include_str!("indexes.sql")))
            .await?;
    } else {
        copy_requests(connection, "", &mut requests, on_progress).await?;
    }
    continue_ids(
        connection,
        "message_request",
        first_id + plan.rows.cast_signed() - 1,
    )
    .await?;
    Ok((first_id, requests.totals().clone()))
}

/// Returns the demo's keys as they are in the database. They may have been made from another secret, and new requests must
/// refer to keys that exist.
async fn keys_in_use(connection: &mut PgConnection, plan: &Plan) -> Result<Vec<Key>, DemoError> {
    let mut keys = people::keys(&plan.keys);
    let found: Vec<(i32, String)> = sqlx::query_as(
        "select id, key from public.keys where id operator(pg_catalog.=) any ($1) order by id",
    )
    .bind((1..).take(keys.len()).collect::<Vec<i32>>())
    .fetch_all(connection)
    .await?;
    for (id, key) in found {
        keys[id as usize - 1].key = key;
    }
    Ok(keys)
}

/// Gives new values to the keys that begin with `prefix`, in `keys` and in `message_request`. Returns the number of keys
/// replaced.
pub(crate) async fn replace_published_keys(
    connection: &mut PgConnection,
    prefix: &str,
    maker: &KeyMaker,
) -> Result<u64, DemoError> {
    let keys: Vec<String> = people::keys(maker).into_iter().map(|key| key.key).collect();
    let replaced: Vec<(String, String)> = sqlx::query_as(
        "update public.keys k set key = new.key \
         from pg_catalog.unnest($1::pg_catalog.text[]) with ordinality as new(key, id), public.keys old \
         where k.id operator(pg_catalog.=) new.id and old.id operator(pg_catalog.=) k.id \
         and pg_catalog.starts_with(old.key::pg_catalog.text, $2) returning old.key::pg_catalog.text, new.key",
    )
    .bind(&keys)
    .bind(prefix)
    .fetch_all(&mut *connection)
    .await?;
    if replaced.is_empty() {
        return Ok(0);
    }
    let count = replaced.len() as u64;
    let (old, new): (Vec<_>, Vec<_>) = replaced.into_iter().unzip();
    sqlx::query(
        "update public.message_request m set key = replaced.new \
         from rows from (pg_catalog.unnest($1::pg_catalog.text[]), pg_catalog.unnest($2::pg_catalog.text[])) \
         as replaced(old, new) where m.key::pg_catalog.text operator(pg_catalog.=) replaced.old",
    )
    .bind(&old)
    .bind(&new)
    .execute(connection)
    .await?;
    Ok(count)
}

/// Checks the owners of the schema, of these tables, and of the type of their columns. A comment proves nothing,
/// because anybody may write it on a table of theirs.
///
/// # Errors
/// [`DemoError::OtherOwner`], [`DemoError::Database`].
pub(crate) async fn check_owners(connection: &mut PgConnection, tables: &[&str]) -> Result<(), DemoError> {
    let foreign: Option<(String, String)> = sqlx::query_as(
        "select o.object, pg_catalog.pg_get_userbyid(o.owner)::pg_catalog.text from ( \
             select 'the schema public' as object, n.nspowner as owner from pg_catalog.pg_namespace n \
             where n.nspname operator(pg_catalog.=) 'public' \
             union all \
             select pg_catalog.format('the table public.%I', c.relname), c.relowner from pg_catalog.pg_class c \
             where c.relnamespace operator(pg_catalog.=) 'public'::pg_catalog.regnamespace \
             and c.relname operator(pg_catalog.=) any ($1) \
             union all \
             select 'the type public.daily_reset_mode', t.typowner from pg_catalog.pg_type t \
             where t.typnamespace operator(pg_catalog.=) 'public'::pg_catalog.regnamespace \
             and t.typname operator(pg_catalog.=) 'daily_reset_mode') o \
         where not exists (select from pg_catalog.pg_roles r \
             where r.oid operator(pg_catalog.=) o.owner and (r.rolsuper \
             or r.rolname operator(pg_catalog.=) any (array[current_user, 'pg_database_owner'::pg_catalog.name]) \
             or r.oid operator(pg_catalog.=) (select d.datdba from pg_catalog.pg_database d \
                                              where d.datname operator(pg_catalog.=) pg_catalog.current_database()))) \
         order by o.object limit 1",
    )
    .bind(tables)
    .fetch_optional(connection)
    .await?;
    match foreign {
        Some((object, owner)) => Err(DemoError::OtherOwner { object, owner }),
        None => Ok(()),
    }
}

/// Returns the first table or view of the database by name, and their number. Those of extensions do not count.
pub(crate) async fn other_tables(connection: &mut PgConnection) -> Result<(Option<String>, u64), DemoError> {
    let (example, count): (Option<String>, i64) = sqlx::query_as(
        "select pg_catalog.min(pg_catalog.concat(n.nspname, '.', c.relname)), pg_catalog.count(*) \
         from pg_catalog.pg_class c \
         join pg_catalog.pg_namespace n on n.oid operator(pg_catalog.=) c.relnamespace \
         where c.relkind operator(pg_catalog.=) any ('{r,p,f,v,m}'::pg_catalog.\"char\"[]) \
         and n.nspname operator(pg_catalog.<>) 'information_schema' \
         and not pg_catalog.starts_with(n.nspname::pg_catalog.text, 'pg_') \
         and not exists (select from pg_catalog.pg_depend d where d.deptype operator(pg_catalog.=) 'e' \
                         and d.classid operator(pg_catalog.=) 'pg_catalog.pg_class'::pg_catalog.regclass \
                         and d.objid operator(pg_catalog.=) c.oid)",
    )
    .fetch_one(connection)
    .await?;
    Ok((example, count.cast_unsigned()))
}

/// Returns the newest sessions of the log that are not deleted, each with the highest position of its requests.
pub(crate) async fn newest_sessions(
    connection: &mut PgConnection,
    count: u32,
) -> Result<Vec<(String, u64)>, DemoError> {
    let sessions: Vec<(String, i32)> = sqlx::query_as(
        "select m.session_id::pg_catalog.text, pg_catalog.max(m.request_sequence) from public.message_request m \
         where m.deleted_at is null and m.session_id is not null and m.request_sequence is not null \
         group by m.session_id order by pg_catalog.max(m.created_at) desc nulls last, m.session_id limit $1",
    )
    .bind(i64::from(count))
    .fetch_all(connection)
    .await?;
    let positive = |(session, requests): (String, i32)| Some((session, u64::try_from(requests).ok()?));
    Ok(sessions.into_iter().filter_map(positive).collect())
}

async fn copy_requests(
    connection: &mut PgConnection,
    options: &str,
    requests: &mut Requests,
    mut on_progress: impl FnMut(u64),
) -> Result<(), DemoError> {
    let columns = requests::COLUMNS;
    let statement = format!("copy public.message_request ({columns}) from stdin {options}");
    // SQL: constant names.
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

/// Sets the sequence of the table's ids so that the next id is the one after `last`.
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

pub(crate) async fn is_empty(connection: &mut PgConnection, table: &'static str) -> Result<bool, DemoError> {
    // SQL: a constant name.
    let question = AssertSqlSafe(format!("select not exists (select from public.{table})"));
    Ok(sqlx::query_scalar(question).fetch_one(connection).await?)
}
