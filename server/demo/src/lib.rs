//! A demo of the hub's database: its tables, and rows as real and as awkward as a hub's are.
//!
//! The same [`Plan`] gives the same rows on every machine. Tables of anybody else are never touched: the demo's bear a
//! comment by which they are known, and where one of their names is taken without it, nothing is done.

mod calendar;
mod chain;
mod copy_text;
mod dice;
mod keys;
mod load;
mod outcome;
mod people;
mod probes;
mod providers;
mod requests;
mod texts;
mod traffic;

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use secrecy::SecretString;
use sqlx::{Connection, Executor, PgConnection};

use keys::SECRET_CHARACTERS_MIN;

pub use keys::KeyMaker;

/// The demo's tables, all in schema `public`.
const TABLES: [&str; 7] = [
    "users",
    "keys",
    "provider_vendors",
    "providers",
    "provider_endpoints",
    "provider_endpoint_probe_logs",
    "message_request",
];
/// The comment on each of them, set by `schema.sql`.
const MARK: &str = "decant demo";

/// How the keys begin that Decant published in its source until version 0.1. They must not sign anybody in.
pub const PUBLISHED_KEY_PREFIX: &str = "sk-demo-";

/// What to fill a demo database with.
#[derive(Clone, Debug)]
pub struct Plan {
    /// How many rows of `message_request` are added.
    pub rows: u64,
    /// Other seeds give other rows.
    pub seed: u64,
    /// The end of the ninety days that the rows are spread over.
    pub until: SystemTime,
    /// Makes the keys that the demo's users sign in with.
    pub keys: KeyMaker,
}

/// The two users of a demo whom people sign in as.
#[derive(Clone, Debug)]
pub struct Accounts {
    /// A user of the hub with the role `admin`.
    pub admin_name: &'static str,
    /// That user's key.
    pub admin_key: SecretString,
    /// An ordinary user.
    pub user_name: &'static str,
    /// That user's key.
    pub user_key: SecretString,
}

/// What a [`fill`] did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// How many rows of `message_request` were added.
    pub rows: u64,
    /// The id of the first of them; the others follow without a gap.
    pub first_id: i64,
    /// How long it took, indexes and statistics included.
    pub took: Duration,
}

/// The demo could not be made.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// The database belongs to somebody else.
    #[error(
        "the database already has a table public.{0} that is not Decant's demo; the demo needs a database of its own \
         (create an empty one and name it in DSN)"
    )]
    NotOurs(String),
    /// The demo would be one application among others.
    #[error(
        "the database already has other tables ({example}{}); the demo needs a database of its own: name an empty one \
         in DSN, or put the demo beside the other tables with --yes",
        match more { 0 => String::new(), more => format!(" and {more} more") }
    )]
    OtherTables {
        /// One of them.
        example: String,
        /// How many others there are.
        more: u64,
    },
    /// The secret of the keys could be guessed.
    #[error(
        "the secret that the demo's keys are made from must have at least {SECRET_CHARACTERS_MIN} characters"
    )]
    ShortSecret,
    /// There are no demo tables to fill.
    #[error("the database has no demo tables; create them first")]
    NoTables,
    /// Ids are `integer`, as in the hub.
    #[error("{0} more rows are more than the ids of message_request have room for (they end at 2147483647)")]
    TooManyRows(u64),
    /// The database said no.
    #[error("the database refused the demo: {0}")]
    Database(#[from] sqlx::Error),
}

impl Plan {
    /// This many rows, up to the present hour.
    #[must_use]
    pub fn new(rows: u64, keys: KeyMaker) -> Self {
        let seconds = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default()
            .as_secs();
        Self {
            rows,
            seed: 1,
            until: UNIX_EPOCH + Duration::from_secs(seconds - seconds % 3600),
            keys,
        }
    }

    /// In microseconds since 1970.
    fn until_microseconds(&self) -> i64 {
        let since = self.until.duration_since(UNIX_EPOCH).unwrap_or_default();
        i64::try_from(since.as_micros()).unwrap_or(0)
    }
}

/// Creates the demo's tables where they are missing.
///
/// # Errors
/// [`DemoError::NotOurs`] if one of their names is taken; then nothing was done.
pub async fn create_schema(connection: &mut PgConnection) -> Result<(), DemoError> {
    let mut transaction = connection.begin().await?;
    load::lock(&mut transaction).await?;
    if !are_there(&mut transaction).await? {
        transaction
            .execute(sqlx::raw_sql(include_str!("schema.sql")))
            .await?;
        transaction
            .execute(sqlx::raw_sql(include_str!("indexes.sql")))
            .await?;
    }
    Ok(transaction.commit().await?)
}

/// Checks that the database is the demo's, or empty: the demo does not go beside the tables of an application.
///
/// # Errors
/// [`DemoError::OtherTables`], and [`DemoError::NotOurs`] where one of the demo's names is taken.
pub async fn check_alone(connection: &mut PgConnection) -> Result<(), DemoError> {
    if are_there(connection).await? {
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

/// Gives new values to keys of a demo that an older version made: it published them in its source. Returns how many were
/// replaced.
///
/// # Errors
/// [`DemoError::NotOurs`], [`DemoError::NoTables`], or what the database reports.
pub async fn replace_published_keys(
    connection: &mut PgConnection,
    keys: &KeyMaker,
) -> Result<u64, DemoError> {
    let mut transaction = connection.begin().await?;
    load::lock(&mut transaction).await?;
    if !are_there(&mut transaction).await? {
        return Err(DemoError::NoTables);
    }
    let replaced = load::replace_published_keys(&mut transaction, keys).await?;
    transaction.commit().await?;
    Ok(replaced)
}

/// Returns the demo's two accounts with the keys that are in the database, or `None` where they are not as the demo makes
/// them.
///
/// # Errors
/// What the database reports.
pub async fn accounts(connection: &mut PgConnection) -> Result<Option<Accounts>, DemoError> {
    if !are_there(connection).await? {
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

/// How many rows `message_request` has; `None` if there is no such table. Counts them, so it takes a while for millions.
///
/// # Errors
/// What the database says.
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

/// Adds the plan's rows to the demo's tables, all or none of them. `on_progress` is told how many were sent so far.
///
/// # Errors
/// [`DemoError::NotOurs`] and [`DemoError::NoTables`] before anything was done, else what the database says.
pub async fn fill(
    connection: &mut PgConnection,
    plan: &Plan,
    on_progress: impl FnMut(u64),
) -> Result<Summary, DemoError> {
    let started = Instant::now();
    let mut transaction = connection.begin().await?;
    load::lock(&mut transaction).await?;
    if !are_there(&mut transaction).await? {
        return Err(DemoError::NoTables);
    }
    load::surroundings(&mut transaction, plan).await?;
    let first_id = load::requests(&mut transaction, plan, on_progress).await?;
    transaction.commit().await?;
    // Sets the visibility map and the statistics, for index-only scans and true estimates.
    connection
        .execute(sqlx::raw_sql("vacuum (analyze) public.message_request"))
        .await?;
    connection
        .execute(sqlx::raw_sql(
            "analyze public.users, public.keys, public.providers",
        ))
        .await?;
    Ok(Summary {
        rows: plan.rows,
        first_id,
        took: started.elapsed(),
    })
}

/// Whether the demo's tables are there; fails if any of their names is somebody else's.
async fn are_there(connection: &mut PgConnection) -> Result<bool, DemoError> {
    let marks: Vec<(String, Option<String>)> = sqlx::query_as(
        "select relname::pg_catalog.text, pg_catalog.obj_description(oid, 'pg_class') from pg_catalog.pg_class \
         where relnamespace operator(pg_catalog.=) 'public'::pg_catalog.regnamespace \
         and relname operator(pg_catalog.=) any ($1)",
    )
    .bind(TABLES.as_slice())
    .fetch_all(connection)
    .await?;
    match marks.iter().find(|(_, mark)| mark.as_deref() != Some(MARK)) {
        Some((taken, _)) => Err(DemoError::NotOurs(taken.clone())),
        None => Ok(marks.len() == TABLES.len()),
    }
}

#[cfg(test)]
mod tests;
