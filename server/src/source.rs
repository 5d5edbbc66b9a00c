//! The database that is exported (the source): a pool for exports, and a pool for short queries.

use std::time::Duration;

use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::{Executor, PgConnection, Postgres};

/// The notation of values. The raw-row stream promises UTC, ISO dates and numbers that can be read back exactly. Without
/// `row_security`, policies that would hide rows from this role are an error, as they are for `pg_dump`: an export of a part
/// would look complete.
const NOTATION: &str = "set timezone = 'UTC'; set datestyle = 'ISO, YMD'; set intervalstyle = 'iso_8601'; \
     set extra_float_digits = 3; set bytea_output = 'hex'; set client_encoding = 'UTF8'; \
     set standard_conforming_strings = on; set row_security = off";

/// Makes PostgreSQL check once a second whether the client is still connected, also while a query has no row to send. The
/// setting exists since PostgreSQL 14; the `select` from `pg_settings` does nothing on an older server.
const CHECK_CLIENT: &str = "select pg_catalog.set_config(name, '1000', false) \
     from pg_catalog.pg_settings where name operator(pg_catalog.=) 'client_connection_check_interval'";

#[derive(Clone, Debug)]
pub struct Source {
    /// Its size limits the running exports. It keeps no connection.
    exports: PgPool,
    /// For pages, counts, options and sign-in, with a time limit.
    queries: PgPool,
}

/// Limits of connections and times.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Connections for exports: as many run at once.
    pub exports_max: u32,
    /// Connections for everything else.
    pub queries_max: u32,
    /// Of waiting for a connection.
    pub wait_max: Duration,
    /// Of a query that is not an export. Zero: no limit.
    pub query_max: Duration,
}

/// The database of the setting DSN cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    #[error(
        "the database of DSN refuses this user: {0}. Check the user and the password in DSN. A character with a meaning \
         in an address must be percent-encoded (`@` as %40, `/` as %2F, `%` as %25)"
    )]
    Refused(sqlx::Error),
    #[error("the database of DSN does not answer: {0}. Is it running, and may this user connect to it?")]
    Unreachable(sqlx::Error),
}

impl Source {
    /// Makes the pools. They connect when a connection is first needed.
    pub fn new(options: &PgConnectOptions, limits: Limits) -> Self {
        let pool = |connections_max, statement_max: Duration| {
            let options = options.clone().application_name("decant");
            PgPoolOptions::new()
                .max_connections(connections_max)
                .acquire_timeout(limits.wait_max)
                .after_connect(move |connection, _| {
                    Box::pin(set_session_parameters(connection, statement_max))
                })
                .connect_lazy_with(options)
        };
        Self {
            exports: pool(limits.exports_max, Duration::ZERO),
            queries: pool(limits.queries_max, limits.query_max),
        }
    }

    /// Connects, to show whether the database can be used, and returns the connection for short queries.
    ///
    /// # Errors
    /// [`SourceError`], with advice.
    pub async fn check_connection(&self) -> Result<PoolConnection<Postgres>, SourceError> {
        self.for_query().await.map_err(|error| {
            let code = error.as_database_error().and_then(|error| error.code());
            // Class 28, invalid authorization: an unknown user, a wrong password, no entry in pg_hba.conf.
            match code.is_some_and(|code| code.starts_with("28")) {
                true => SourceError::Refused(error),
                false => SourceError::Unreachable(error),
            }
        })
    }

    /// Opens a connection for an export. Dropping it ends its query and closes it.
    ///
    /// It is not used again, because a connection belongs to the event loop of the thread that opened it. On another thread,
    /// each 8 KiB from PostgreSQL would wake both threads, which costs more than all other work on these bytes.
    ///
    /// # Errors
    /// [`sqlx::Error::PoolTimedOut`] when all connections are busy, or the database's error.
    pub async fn for_export(&self) -> sqlx::Result<PoolConnection<Postgres>> {
        let mut connection = self.exports.acquire().await?;
        connection.close_on_drop();
        Ok(connection)
    }

    /// Returns a connection for a short query.
    ///
    /// # Errors
    /// [`sqlx::Error::PoolTimedOut`] when all connections are busy, or the database's error.
    pub async fn for_query(&self) -> sqlx::Result<PoolConnection<Postgres>> {
        self.queries.acquire().await
    }

    /// Returns a text that no other database has. A restart, a restore and another address of the same database do not change
    /// it.
    ///
    /// # Errors
    /// The database's error.
    pub async fn identity(connection: &mut PgConnection) -> sqlx::Result<String> {
        let by_system = sqlx::query_scalar(
            "select pg_catalog.concat(system_identifier, '/', pg_catalog.current_database()) \
             from pg_catalog.pg_control_system()",
        )
        .fetch_one(&mut *connection)
        .await;
        match by_system {
            // A service may not allow this function, or not have it.
            Err(sqlx::Error::Database(_)) => {
                sqlx::query_scalar(
                    "select pg_catalog.concat(pg_catalog.inet_server_addr(), '/', pg_catalog.inet_server_port(), '/', \
                     pg_catalog.current_database())",
                )
                .fetch_one(connection)
                .await
            }
            identity => identity,
        }
    }

    pub async fn close(&self) {
        self.exports.close().await;
        self.queries.close().await;
    }
}

/// Sets the notation of values, the check of the client, and the time limit of a statement. A limit of zero is none.
pub(crate) async fn set_session_parameters(
    connection: &mut PgConnection,
    statement_max: Duration,
) -> sqlx::Result<()> {
    connection.execute(NOTATION).await?;
    connection.execute(CHECK_CLIENT).await?;
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
            let text = format!("PostgreSQL says: {} ({code}).", database.message());
            match (&*code, code.get(..2)) {
                // A query of an export is no part of a transaction that could fail to serialize.
                ("40001", _) => format!(
                    "{text} A standby ends a query that still reads rows which the primary has removed. Set \
                     hot_standby_feedback = on at the standby, or let DSN name the primary."
                ),
                // A missing right, or a policy that would hide rows.
                ("42501", _) => text,
                // Unsupported features, data exceptions, states of a transaction or an object, resources, limits and operator
                // intervention: their messages show no SQL.
                (_, Some("0A" | "22" | "25" | "40" | "53" | "54" | "55" | "57")) => text,
                _ => format!("PostgreSQL reported the error {code}."),
            }
        }
        sqlx::Error::PoolTimedOut => "All connections to the database are busy.".into(),
        _ => "The connection to the database was lost.".into(),
    }
}
