//! Demo data: the tables of the hub's database and of an application beside it, with rows as realistic and as awkward as real
//! ones.
//!
//! The same [`Plan`] gives the same rows on every machine. A comment on each of the demo's tables and their owner identify
//! them. Where another table has one of their names, nothing is changed.
//!
//! | file | contents |
//! |---|---|
//! | `plan` | the input of a demo; its types in `part`, `period`, `choice`, `share` and `usd` |
//! | `keys` | the API keys of its users, made from a secret |
//! | `load` | sends the rows to PostgreSQL |
//! | `people`, `providers`, `probes` | users and keys; providers; endpoints and their probe logs |
//! | `application` | conversations, workspaces with brands, saved files: the tables of an application beside the hub's |
//! | `requests` | the usage rows, from `traffic`, `outcome`, `case` and `chain` |
//! | `totals`, `scale` | the sums of usage rows; costs with a given sum |
//! | `texts`, `calendar`, `dice`, `uuid` | texts that break a careless export; times; repeatable random numbers and ids |
//! | `copy_text` | rows in the format of `COPY` |

mod application;
mod calendar;
mod case;
mod chain;
mod choice;
mod copy_text;
mod dice;
mod error;
mod keys;
mod load;
mod outcome;
mod part;
mod people;
mod period;
mod plan;
mod probes;
mod providers;
mod requests;
mod scale;
mod share;
mod texts;
mod totals;
mod traffic;
mod usd;
mod uuid;

use std::time::{Duration, Instant};

use secrecy::SecretString;
use sqlx::{Connection, Executor, PgConnection};

pub use choice::Choice;
pub use error::DemoError;
pub use keys::{KeyMaker, ShortSecret};
pub use part::Part;
pub use period::{Period, hour_of};
pub use plan::Plan;
pub use share::Share;
pub use totals::Totals;
pub use usd::Usd;

/// The schema of the demo's tables.
pub const SCHEMA: &str = "public";

/// The hub's tables in the demo, all in [`SCHEMA`].
const TABLES: [&str; 7] = [
    "users",
    "keys",
    "provider_vendors",
    "providers",
    "provider_endpoints",
    "provider_endpoint_probe_logs",
    "message_request",
];
/// The comment on each of the demo's tables, set by `schema.sql`.
const MARK: &str = "decant demo";

/// The two accounts that a demo offers to sign in with.
#[derive(Clone, Debug)]
pub struct Accounts {
    /// A user of the hub with the role `admin`.
    pub admin_name: &'static str,
    pub admin_key: SecretString,
    /// A user of the hub with the role `user`.
    pub user_name: &'static str,
    pub user_key: SecretString,
}

/// The outcome of [`fill`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// Rows added to `message_request`.
    pub rows: u64,
    /// The id of the first row; the ids of the others follow without a gap.
    pub first_id: i64,
    pub totals: Totals,
    /// Probe logs added. None where there were some.
    pub probes: u64,
    /// Conversations, alerts or files added, by the parts of the plan. None where there were some.
    pub parts: Vec<(Part, u64)>,
    /// The duration, indexes and statistics included.
    pub took: Duration,
}

/// Creates the hub's tables where they are missing. Those of the plan's parts are created by [`fill`].
///
/// # Errors
/// [`DemoError::NotOurs`], [`DemoError::OtherOwner`] or [`DemoError::Incomplete`] before any change, also for the parts of the
/// plan, [`DemoError::Database`].
pub async fn create_schema(connection: &mut PgConnection, plan: &Plan) -> Result<(), DemoError> {
    let mut transaction = connection.begin().await?;
    load::lock(&mut transaction).await?;
    for part in &plan.parts {
        part_exists(&mut transaction, *part).await?;
    }
    if !exist(&mut transaction).await? {
        transaction
            // SQL: the demo's own file.
            .execute(sqlx::raw_sql(include_str!("schema.sql")))
            .await?;
        transaction
            // SQL: the demo's own file.
            .execute(sqlx::raw_sql(include_str!("indexes.sql")))
            .await?;
    }
    Ok(transaction.commit().await?)
}

/// Checks that the database is the demo's, or empty: the demo does not go beside the tables of an application.
///
/// # Errors
/// [`DemoError::OtherTables`], and [`DemoError::NotOurs`] or [`DemoError::OtherOwner`] where one of the demo's names is
/// taken.
pub async fn check_alone(connection: &mut PgConnection) -> Result<(), DemoError> {
    if exist(connection).await? {
        return Ok(());
    }
    match load::other_tables(connection).await? {
        (Some(example), count) => Err(DemoError::OtherTables {
            example,
            more: count - 1,
        }),
        (None, _) => Ok(()),
    }
}

/// Gives new values to the keys of a demo that begin with `prefix`. Returns the number of keys replaced.
///
/// # Errors
/// [`DemoError::NotOurs`], [`DemoError::NoTables`], [`DemoError::Database`].
pub async fn replace_published_keys(
    connection: &mut PgConnection,
    prefix: &str,
    keys: &KeyMaker,
) -> Result<u64, DemoError> {
    let mut transaction = connection.begin().await?;
    load::lock(&mut transaction).await?;
    if !exist(&mut transaction).await? {
        return Err(DemoError::NoTables);
    }
    let replaced = load::replace_published_keys(&mut transaction, prefix, keys).await?;
    transaction.commit().await?;
    Ok(replaced)
}

/// Returns the demo's accounts with the keys that are in the database, or `None` where the accounts were changed.
///
/// # Errors
/// [`DemoError::NotOurs`], [`DemoError::Database`].
pub async fn accounts(connection: &mut PgConnection) -> Result<Option<Accounts>, DemoError> {
    if !exist(connection).await? {
        return Ok(None);
    }
    let admin_key = key_of(connection, people::ADMIN_ID, people::ADMIN_NAME).await?;
    let user_key = key_of(connection, people::USER_ID, people::USER_NAME).await?;
    Ok(admin_key.zip(user_key).map(|(admin_key, user_key)| Accounts {
        admin_name: people::ADMIN_NAME,
        admin_key,
        user_name: people::USER_NAME,
        user_key,
    }))
}

/// Returns the key with this id, if it belongs to the user with the same id and this name.
async fn key_of(
    connection: &mut PgConnection,
    id: i32,
    name: &str,
) -> Result<Option<SecretString>, DemoError> {
    let key: Option<String> = sqlx::query_scalar(
        "select k.key from public.keys k join public.users u on u.id operator(pg_catalog.=) k.user_id \
         where k.id operator(pg_catalog.=) $1 and u.id operator(pg_catalog.=) $1 \
         and u.name operator(pg_catalog.=) $2",
    )
    .bind(id)
    .bind(name)
    .fetch_optional(connection)
    .await?;
    Ok(key.map(SecretString::from))
}

/// Returns the number of rows in `message_request`, or `None` without that table. It counts them, which takes seconds for
/// millions.
///
/// # Errors
/// [`DemoError::Database`].
pub async fn is_filled(connection: &mut PgConnection) -> Result<Option<u64>, DemoError> {
    let is_there = "select pg_catalog.to_regclass('public.message_request') is not null";
    if !sqlx::query_scalar::<_, bool>(is_there)
        .fetch_one(&mut *connection)
        .await?
    {
        return Ok(None);
    }
    let rows: i64 = sqlx::query_scalar("select pg_catalog.count(*) from public.message_request")
        .fetch_one(connection)
        .await?;
    Ok(Some(rows.cast_unsigned()))
}

/// Adds the plan's rows to the demo's tables, all or none of them. `on_progress` gets the number of rows sent so far.
///
/// # Errors
/// [`DemoError::NotOurs`], [`DemoError::Incomplete`] and [`DemoError::NoTables`] before any change, [`DemoError::TooManyRows`],
/// [`DemoError::NoCosts`], [`DemoError::CostOfRow`], [`DemoError::Database`].
pub async fn fill(
    connection: &mut PgConnection,
    plan: &Plan,
    on_progress: impl FnMut(u64),
) -> Result<Summary, DemoError> {
    let started = Instant::now();
    let mut transaction = connection.begin().await?;
    load::lock(&mut transaction).await?;
    if !exist(&mut transaction).await? {
        return Err(DemoError::NoTables);
    }
    load::surroundings(&mut transaction, plan).await?;
    let probes = load::probes(&mut transaction, plan).await?;
    let mut parts = Vec::new();
    for part in &plan.parts {
        let exists = part_exists(&mut transaction, *part).await?;
        parts.push((
            *part,
            application::make(&mut transaction, plan, *part, exists).await?,
        ));
    }
    let (first_id, totals) = load::requests(&mut transaction, plan, on_progress).await?;
    transaction.commit().await?;
    // The visibility map and the statistics allow index-only scans and give the planner true estimates.
    connection
        // SQL: the demo's own text.
        .execute(sqlx::raw_sql("vacuum (analyze) public.message_request"))
        .await?;
    connection
        // SQL: the demo's own text.
        .execute(sqlx::raw_sql(
            "analyze public.users, public.keys, public.providers",
        ))
        .await?;
    Ok(Summary {
        rows: plan.rows,
        first_id,
        totals,
        probes,
        parts,
        took: started.elapsed(),
    })
}

/// Returns the sums of the rows that [`fill`] would add now. Nothing is written.
///
/// # Errors
/// As those of [`fill`], but the tables may be missing.
pub async fn totals(connection: &mut PgConnection, plan: &Plan) -> Result<Totals, DemoError> {
    let has_tables = exist(connection).await?;
    load::totals(connection, plan, has_tables).await
}

/// Returns the newest sessions of the log, each with the number of its requests.
///
/// # Errors
/// [`DemoError::NotOurs`], [`DemoError::NoTables`], [`DemoError::Database`].
pub async fn newest_sessions(
    connection: &mut PgConnection,
    count: u32,
) -> Result<Vec<(String, u64)>, DemoError> {
    match exist(connection).await? {
        true => load::newest_sessions(connection, count).await,
        false => Err(DemoError::NoTables),
    }
}

/// Returns whether the hub's tables exist.
///
/// # Errors
/// As those of [`tables_of_demo`].
async fn exist(connection: &mut PgConnection) -> Result<bool, DemoError> {
    Ok(tables_of_demo(connection, &TABLES).await?.len() == TABLES.len())
}

/// Returns whether the tables of a part exist.
///
/// # Errors
/// As those of [`tables_of_demo`], and [`DemoError::Incomplete`] if only some of them exist.
async fn part_exists(connection: &mut PgConnection, part: Part) -> Result<bool, DemoError> {
    let there = tables_of_demo(connection, part.tables()).await?;
    let is_missing = |table: &&&str| there.iter().all(|there| there != **table);
    match (there.first(), part.tables().iter().find(is_missing)) {
        (Some(there), Some(missing)) => Err(DemoError::Incomplete {
            there: there.clone(),
            missing,
        }),
        (there, _) => Ok(there.is_some()),
    }
}

/// Returns those of the tables that exist.
///
/// # Errors
/// [`DemoError::NotOurs`] if a table without the demo's comment has one of their names, [`DemoError::OtherOwner`] if another
/// role may have made one of them.
async fn tables_of_demo(connection: &mut PgConnection, tables: &[&str]) -> Result<Vec<String>, DemoError> {
    load::check_owners(connection, tables).await?;
    let marks: Vec<(String, Option<String>)> = sqlx::query_as(
        "select relname::pg_catalog.text, pg_catalog.obj_description(oid, 'pg_class') from pg_catalog.pg_class \
         where relnamespace operator(pg_catalog.=) 'public'::pg_catalog.regnamespace \
         and relname operator(pg_catalog.=) any ($1)",
    )
    .bind(tables)
    .fetch_all(connection)
    .await?;
    match marks.iter().find(|(_, mark)| mark.as_deref() != Some(MARK)) {
        Some((taken, _)) => Err(DemoError::NotOurs(taken.clone())),
        None => Ok(marks.into_iter().map(|(name, _)| name).collect()),
    }
}

#[cfg(test)]
mod tests;
