//! The database that is exported: one pool for exports, one for everything else.

use std::time::Duration;

use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::{Executor, PgConnection, Postgres};

/// How the session writes values: the raw-row stream promises UTC, ISO dates and numbers that read back exactly.
const NOTATION: &str = "set timezone = 'UTC'; set datestyle = 'ISO, YMD'; set intervalstyle = 'iso_8601'; \
     set extra_float_digits = 3; set bytea_output = 'hex'; set client_encoding = 'UTF8'; \
     set standard_conforming_strings = on";

/// The server looks once a second whether the client is still there, also while a query has no row to send
/// (PostgreSQL 14 and later: `client_connection_check_interval`).
const NOTICE_ABSENCE: &str = "select pg_catalog.set_config(name, '1000', false) \
     from pg_catalog.pg_settings where name operator(pg_catalog.=) 'client_connection_check_interval'";

/// The database that is exported.
#[derive(Clone, Debug)]
pub struct Source {
    /// For exports; its size is the limit on running exports. It keeps no connection.
    exports: PgPool,
    /// For pages, counts, options and sign-in: short queries with a time limit.
    queries: PgPool,
}

/// How many connections, and how long things may take.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Exports that run at once.
    pub exports_max: u32,
    /// Connections for everything else.
    pub queries_max: u32,
    /// How long to wait for a connection.
    pub wait_max: Duration,
    /// How long a query that is not an export may take.
    pub query_max: Duration,
}

/// The database of the setting DSN cannot be reached; what to do about it.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// It does not let this user in.
    #[error(
        "the database of DSN refuses to let this user in: {0}. Check the user and the password in DSN: a character \
         that has a meaning in an address is written percent-encoded there (`@` as %40, `/` as %2F, `%` as %25)"
    )]
    Refused(sqlx::Error),
    /// Anything else.
    #[error("the database of DSN does not answer: {0}. Is it running, and may this user connect to it?")]
    Silent(sqlx::Error),
}

impl Source {
    /// Opens the pools; a connection is made when it is first needed.
    #[must_use]
    pub fn new(options: &PgConnectOptions, limits: Limits) -> Self {
        let pool = |connections_max, statement_max: Duration| {
            let options = options.clone().application_name("decant");
            PgPoolOptions::new()
                .max_connections(connections_max)
                .acquire_timeout(limits.wait_max)
                .after_connect(move |connection, _| Box::pin(introduce(connection, statement_max)))
                .connect_lazy_with(options)
        };
        Self {
            exports: pool(limits.exports_max, Duration::ZERO),
            queries: pool(limits.queries_max, limits.query_max),
        }
    }

    /// The first connection, also for short queries: it shows whether the database can be used at all.
    ///
    /// # Errors
    /// [`SourceError`] with what to do.
    pub async fn reach(&self) -> Result<PoolConnection<Postgres>, SourceError> {
        self.for_query().await.map_err(|error| {
            let code = error.as_database_error().and_then(|error| error.code());
            // The class of errors about who connects: an unknown user, a wrong password, no entry in pg_hba.conf.
            match code.is_some_and(|code| code.starts_with("28")) {
                true => SourceError::Refused(error),
                false => SourceError::Silent(error),
            }
        })
    }

    /// A connection for an export: opened for it, and closed with it. Dropping it ends its query.
    ///
    /// A connection belongs to the event loop of the thread that opened it. Used again on another thread, each 8 KiB
    /// that PostgreSQL sends would wake both, which costs more than everything else that is done with them.
    ///
    /// # Errors
    /// [`sqlx::Error::PoolTimedOut`] if all are busy; what the database answers.
    pub async fn for_export(&self) -> sqlx::Result<PoolConnection<Postgres>> {
        let mut connection = self.exports.acquire().await?;
        connection.close_on_drop();
        Ok(connection)
    }

    /// A connection for a short query.
    ///
    /// # Errors
    /// [`sqlx::Error::PoolTimedOut`] if all are busy; what the database answers.
    pub async fn for_query(&self) -> sqlx::Result<PoolConnection<Postgres>> {
        self.queries.acquire().await
    }

    /// Closes all connections.
    pub async fn close(&self) {
        self.exports.close().await;
        self.queries.close().await;
    }
}

/// Says how values are written, that the client may leave, and how long a statement may take; zero is for ever.
pub(crate) async fn introduce(connection: &mut PgConnection, statement_max: Duration) -> sqlx::Result<()> {
    connection.execute(NOTATION).await?;
    connection.execute(NOTICE_ABSENCE).await?;
    let limit = statement_max.as_millis().to_string();
    sqlx::query("select pg_catalog.set_config('statement_timeout', $1, false)")
        .bind(limit)
        .execute(connection)
        .await?;
    Ok(())
}

/// Returns the cause of an error for callers: a sentence that shows neither SQL nor the address of the database.
pub fn public_message(error: &sqlx::Error) -> String {
    match error {
        sqlx::Error::Database(database) => {
            let code = database.code().unwrap_or_default();
            // Data, resources, limits, an operator's hand: PostgreSQL's own words are about those, not about the SQL.
            match code.get(..2) {
                Some("22" | "53" | "54" | "57") => {
                    format!("PostgreSQL says: {} ({code}).", database.message())
                }
                _ => format!("PostgreSQL reported the error {code}."),
            }
        }
        sqlx::Error::PoolTimedOut => "All connections to the database are busy.".into(),
        _ => "The connection to the database was lost.".into(),
    }
}
