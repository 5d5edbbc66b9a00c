//! The connections to the state database, and what happens while it is away.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use decant_embedded::STATE_DATABASE;
use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgConnectOptions, PgListener, PgPool, PgPoolOptions};
use sqlx::{Connection, Executor, PgConnection, Postgres, query};
use tokio::time::{Instant, timeout};

use super::error::StateError;
use super::options::Options;
use super::schema::{self, RunningDatabase, SchemaVersion};
use crate::pooler;
use crate::source::{Limits, Source};

/// The connections of most purposes.
const CONNECTIONS_MAX: u32 = 2;

/// The connections of [`Purpose::Exports`] and [`Purpose::Work`].
const EXPORT_CONNECTIONS_MAX: u32 = 4;

/// How long new tables and indexes may take. An index of some million audit records takes some seconds.
const MIGRATION_MAX: Duration = Duration::from_secs(600);

/// Resolves all names of a session in `pg_catalog`, so that objects of other roles are never found. Tables are named with
/// their schema. A process that is suspended within a transaction would keep others from its locks until it goes on; all
/// transactions of these sessions take less than a second.
const SESSION: &str =
    "set search_path = pg_catalog, pg_temp; set idle_in_transaction_session_timeout = '10s'";

/// How long a request waits for the state database before it goes on without it.
const REQUEST_MAX: Duration = Duration::from_secs(1);

/// How long requests leave the state database alone, for the same purpose, after it did not answer.
const REST: Duration = Duration::from_secs(5);

/// The state database, or none where it is turned off. Clones share the connections.
#[derive(Clone)]
pub struct State(Option<Arc<Database>>);

/// The use of a connection. Each purpose has connections of its own, so that none waits for another: anybody can cause wrong
/// credentials, and a user can sign in and out without end.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Purpose {
    /// Audit records, and the removal of old rows.
    Records,
    Attempts,
    /// A sign-out is written.
    SignOuts,
    /// A session is looked up.
    Sessions,
    /// A request for background exports.
    Exports,
    /// It is looked up what a caller may export.
    Permissions,
    /// A worker takes an export, or records how far it is.
    Work,
    /// Notifications are waited for.
    Notifications,
    /// Figures for metrics and checks of health.
    Health,
}

/// All purposes, in the order of their lanes.
const PURPOSES: [(Purpose, u32); 9] = [
    (Purpose::Records, CONNECTIONS_MAX),
    (Purpose::Attempts, CONNECTIONS_MAX),
    (Purpose::SignOuts, CONNECTIONS_MAX),
    (Purpose::Sessions, CONNECTIONS_MAX),
    (Purpose::Exports, EXPORT_CONNECTIONS_MAX),
    (Purpose::Permissions, CONNECTIONS_MAX),
    (Purpose::Work, EXPORT_CONNECTIONS_MAX),
    (Purpose::Notifications, 1),
    (Purpose::Health, 1),
];

struct Database {
    options: PgConnectOptions,
    lanes: [Lane; PURPOSES.len()],
    /// For a database of the private PostgreSQL: another one there, from which it can be created.
    private: Option<PgConnectOptions>,
    exported: RunningDatabase,
    /// For rows of datasets, which a caller may read for long.
    rows: Source,
    wait_max: Duration,
    /// Set once the database exists and its tables have been checked and made.
    is_prepared: AtomicBool,
    /// Held by the preparation that runs.
    preparing: Arc<tokio::sync::Mutex<()>>,
}

/// The connections of one purpose.
struct Lane {
    pool: PgPool,
    rests_until: Mutex<Option<Instant>>,
}

impl State {
    /// Returns a state without a database.
    #[must_use]
    pub fn off() -> Self {
        Self(None)
    }

    /// Connects, and brings the tables up to date. `private` connects to a running private PostgreSQL; without it,
    /// [`Options::Private`] is the same as [`Options::Off`]. A database that does not answer now may answer later: it is
    /// tried again whenever it is needed.
    ///
    /// # Errors
    /// [`StateError`] if the database cannot be used without a change of the settings. `exported` is the database that it
    /// must not be. `limits` are those of the connections for rows of datasets; their `wait_max` is that of all connections.
    pub async fn open(
        options: &Options,
        private: Option<PgConnectOptions>,
        exported: RunningDatabase,
        limits: Limits,
    ) -> Result<Self, StateError> {
        let (options, private) = match (options, private) {
            (Options::Off, _) | (Options::Private, None) => return Ok(Self::off()),
            (Options::Database(dsn), _) => (dsn.options().clone(), None),
            (Options::Private, Some(private)) => (private.clone().database(STATE_DATABASE), Some(private)),
        };
        let options = options.application_name("decant state");
        let wait_max = limits.wait_max;
        let state = Self(Some(Arc::new(Database {
            lanes: PURPOSES.map(|(_, connections)| Lane::new(&options, wait_max, connections)),
            rows: Source::new(&options, limits),
            options,
            private,
            exported,
            wait_max,
            is_prepared: AtomicBool::new(false),
            preparing: Arc::default(),
        })));
        match state.connection(Purpose::Records).await {
            Ok(_) => {}
            Err(error) if error.is_outage() => tracing::error!(
                %error,
                "the state database does not answer yet: audit records wait, and this process alone remembers sign-outs \
                 and counts wrong credentials"
            ),
            Err(error) => return Err(error),
        }
        Ok(state)
    }

    /// Tries whether the database of this address can be the state database, and returns the version of Decant's tables in it.
    /// Missing tables are made in a transaction that is rolled back. `exported` is the database that it must not be, if that
    /// answers.
    ///
    /// # Errors
    /// [`StateError`]
    pub async fn dry_run(
        options: &PgConnectOptions,
        exported: Option<&RunningDatabase>,
    ) -> Result<SchemaVersion, StateError> {
        refuse_shared_sessions(options).await?;
        let mut connection = PgConnection::connect_with(options).await?;
        let version = schema::dry_run(&mut connection, exported).await;
        connection.close().await?;
        version
    }

    /// Returns whether there is a state database, answering or not.
    #[must_use]
    pub fn is_on(&self) -> bool {
        self.0.is_some()
    }

    /// Returns a connection for this purpose. The tables of the database are up to date.
    ///
    /// # Errors
    /// [`StateError`]; [`StateError::Resting`] without a database.
    pub(crate) async fn connection(&self, purpose: Purpose) -> Result<PoolConnection<Postgres>, StateError> {
        let Some(database) = &self.0 else {
            return Err(StateError::Resting);
        };
        database.is_prepared().await?;
        Ok(database.lane(purpose).pool.acquire().await?)
    }

    /// Returns the connections for rows of datasets. The tables of the database are up to date.
    ///
    /// # Errors
    /// [`StateError`]; [`StateError::Resting`] without a database.
    pub async fn rows(&self) -> Result<&Source, StateError> {
        let Some(database) = &self.0 else {
            return Err(StateError::Resting);
        };
        database.is_prepared().await?;
        Ok(&database.rows)
    }

    /// Returns a listener for notifications of other processes. It connects again by itself.
    ///
    /// # Errors
    /// As of [`connection`](Self::connection).
    pub(crate) async fn listener(&self) -> Result<PgListener, StateError> {
        let Some(database) = &self.0 else {
            return Err(StateError::Resting);
        };
        database.is_prepared().await?;
        Ok(PgListener::connect_with(&database.lane(Purpose::Notifications).pool).await?)
    }

    /// Removes ended sessions that would have expired by now, counts of wrong credentials whose minute is over, and what limits
    /// of background exports no longer count.
    ///
    /// # Errors
    /// [`StateError`]
    pub async fn remove_expired(&self) -> Result<(), StateError> {
        let mut connection = self.connection(Purpose::Records).await?;
        for delete in [
            "delete from decant.ended_sessions where forget_at operator(pg_catalog.<) pg_catalog.now()",
            "delete from decant.ended_subjects where forget_at operator(pg_catalog.<) pg_catalog.now()",
            "delete from decant.wrong_attempts where since operator(pg_catalog.<) \
             (pg_catalog.now() operator(pg_catalog.-) '1 minute'::pg_catalog.interval)",
            "delete from decant.export_creations where created_at operator(pg_catalog.<) \
             (pg_catalog.now() operator(pg_catalog.-) '1 hour'::pg_catalog.interval)",
            "delete from decant.export_turns where claimed_at operator(pg_catalog.<) \
             (pg_catalog.now() operator(pg_catalog.-) '1 hour'::pg_catalog.interval)",
            "delete from decant.idempotency_keys where created_at operator(pg_catalog.<) \
             (pg_catalog.now() operator(pg_catalog.-) '24 hours'::pg_catalog.interval)",
        ] {
            query(delete).execute(&mut *connection).await?;
        }
        Ok(())
    }

    /// Runs a short operation for a request. Returns `None` without a database, and if the database does not answer soon.
    /// Then the operations of the same purpose leave it alone for a moment, so that not each of their requests waits.
    pub(crate) async fn promptly<T>(
        &self,
        purpose: Purpose,
        operation: impl Future<Output = Result<T, StateError>>,
    ) -> Option<T> {
        let lane = self.0.as_ref()?.lane(purpose);
        let rests_until = || lane.rests_until.lock().unwrap_or_else(PoisonError::into_inner);
        if rests_until().is_some_and(|until| Instant::now() < until) {
            return None;
        }
        let outcome = timeout(REQUEST_MAX, operation).await;
        match outcome.unwrap_or(Err(StateError::Slow)) {
            Ok(value) => Some(value),
            Err(error) => {
                tracing::error!(%error, ?purpose, "going on without the state database for {REST:?}");
                *rests_until() = Some(Instant::now() + REST);
                None
            }
        }
    }

    /// Closes the connections and waits until PostgreSQL knows it.
    pub async fn close(&self) {
        if let Some(database) = &self.0 {
            for lane in &database.lanes {
                lane.pool.close().await;
            }
            database.rows.close().await;
        }
    }
}

impl Lane {
    fn new(options: &PgConnectOptions, wait_max: Duration, connections: u32) -> Self {
        Self {
            pool: PgPoolOptions::new()
                .max_connections(connections)
                .acquire_timeout(wait_max)
                .after_connect(|connection, _| {
                    Box::pin(async move { connection.execute(SESSION).await.map(drop) })
                })
                .connect_lazy_with(options.clone()),
            rests_until: Mutex::default(),
        }
    }
}

impl Database {
    fn lane(&self, purpose: Purpose) -> &Lane {
        &self.lanes[purpose as usize]
    }

    /// Waits until the tables are up to date. The work goes on where a caller does not wait for its end: PostgreSQL would go on with
    /// an abandoned migration, too. The next caller waits for that work, so that there is one preparation at a time.
    async fn is_prepared(self: &Arc<Self>) -> Result<(), StateError> {
        if self.is_prepared.load(Ordering::Acquire) {
            return Ok(());
        }
        let preparing = Arc::clone(&self.preparing).lock_owned().await;
        if self.is_prepared.load(Ordering::Acquire) {
            return Ok(());
        }
        let database = Arc::clone(self);
        let prepared = tokio::spawn(async move {
            let _preparing = preparing;
            database.prepare().await?;
            database.is_prepared.store(true, Ordering::Release);
            Ok(())
        });
        prepared.await.unwrap_or(Err(StateError::Slow))
    }

    /// Uses a connection of its own, because the pool would hide why it cannot connect.
    async fn prepare(&self) -> Result<(), StateError> {
        let connect = async {
            match &self.private {
                Some(private) => create_database(private).await?,
                None => refuse_shared_sessions(&self.options).await?,
            }
            let mut connection = PgConnection::connect_with(&self.options).await?;
            let is_current = schema::is_current(&mut connection, &self.exported).await?;
            Ok((connection, is_current))
        };
        let connected = timeout(self.wait_max, connect).await;
        let (mut connection, is_current) = connected.unwrap_or(Err(StateError::Slow))?;
        let prepare_max = match is_current {
            true => self.wait_max,
            false => self.wait_max.max(MIGRATION_MAX),
        };
        let prepared = timeout(prepare_max, schema::prepare(&mut connection, &self.exported)).await;
        prepared.unwrap_or(Err(StateError::Slow))?;
        Ok(connection.close().await?)
    }
}

/// Refuses a pooler that gives each transaction another session. It would lose prepared statements by chance, and with them
/// sign-outs.
async fn refuse_shared_sessions(options: &PgConnectOptions) -> Result<(), StateError> {
    match pooler::shares_sessions(options).await? {
        true => Err(StateError::TransactionPooling),
        false => Ok(()),
    }
}

async fn create_database(private: &PgConnectOptions) -> sqlx::Result<()> {
    let mut connection = PgConnection::connect_with(private).await?;
    let exists = query("select from pg_catalog.pg_database where datname operator(pg_catalog.=) $1")
        .bind(STATE_DATABASE)
        .fetch_optional(&mut connection)
        .await?;
    if exists.is_none() {
        let created = query("create database decant_state")
            .execute(&mut connection)
            .await;
        match created {
            // Another process has just created it.
            Err(sqlx::Error::Database(error)) if error.code().as_deref() == Some("42P04") => {}
            created => {
                created?;
            }
        }
    }
    connection.close().await
}
