//! The database that is exported (the source): a pool for exports, and a pool for short queries.

use std::io;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::{Connection, Executor, PgConnection, Postgres};
use tokio::net::{TcpStream, UnixStream};
use tokio::time::{Instant, sleep, timeout};

use crate::pooler;

/// How long a request waits for a connection before the server itself is asked whether it accepts any.
const ASK_AFTER: Duration = Duration::from_millis(300);

/// Limits the attempt that gets PostgreSQL's reason for opening no session.
const REASON_MAX: Duration = Duration::from_secs(2);

/// The notation of values. The raw-row stream promises UTC, ISO dates and numbers that can be read back exactly. Without
/// `row_security`, policies that would hide rows from this role are an error, as they are for `pg_dump`: an export of a part
/// would look complete. Without `enable_parallel_append`, the rows of `union all` come in the order of its parts. Names that need no
/// quotes have none, as in our own SQL. `jit` takes hundreds of milliseconds for a query with many columns, and gains less.
const NOTATION: &str = "set timezone = 'UTC'; set datestyle = 'ISO, YMD'; set intervalstyle = 'iso_8601'; \
     set extra_float_digits = 3; set bytea_output = 'hex'; set client_encoding = 'UTF8'; \
     set standard_conforming_strings = on; set row_security = off; set enable_parallel_append = off; set jit = off; \
     set quote_all_identifiers = off";

/// Makes PostgreSQL check once a second whether the client is still connected, also while a query has no row to send. It
/// also removes the time limits that the role or the database may have. The `select` from `pg_settings` leaves out the
/// settings that an older server does not have.
const NO_LIMITS: &str = "select pg_catalog.set_config(name, \
         case when name operator(pg_catalog.=) 'client_connection_check_interval' then '1000' else '0' end, false) \
     from pg_catalog.pg_settings where name operator(pg_catalog.=) any ('{client_connection_check_interval,\
         statement_timeout,lock_timeout,idle_in_transaction_session_timeout,idle_session_timeout,transaction_timeout}')";

/// Lets a session sort and group 16 MB in memory where the server's setting is less. PostgreSQL's default of 4 MB makes it
/// sort the rows of a week's sessions on the disk, which takes twice the time.
const WORK_MEMORY: &str = "select pg_catalog.set_config(name, '16MB', false) from pg_catalog.pg_settings \
     where name operator(pg_catalog.=) 'work_mem' and setting::pg_catalog.int8 operator(pg_catalog.<) 16384";

#[derive(Clone, Debug)]
pub struct Source {
    /// Its size limits the running exports. It keeps no connection.
    exports: PgPool,
    /// For pages, counts and options, with a time limit.
    queries: PgPool,
    /// For sign-in, so that it does not wait for exports or slow queries.
    sign_in: PgPool,
    /// For health, so that a table that sign-in waits for does not show the server as unhealthy.
    health: PgPool,
}

/// How long a connection for sign-in may be idle before it is asked whether it is still open. Each request looks its caller up,
/// and would otherwise pay for the question each time.
const PING_AFTER: Duration = Duration::from_millis(500);

/// Limits of connections and times.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Connections for exports: as many run at once.
    pub exports_max: u32,
    /// Connections for pages, counts and options, and as many for sign-in.
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
        "the database of DSN refuses this user: {}. Check the user and the password in DSN. A character with a meaning \
         in an address must be percent-encoded (`@` as %40, `/` as %2F, `%` as %25)",
        database_message(.0)
    )]
    Refused(sqlx::Error),
    #[error(
        "the database of DSN does not answer: {}. Is it running, and may this user connect to it?",
        database_message(.0)
    )]
    Unreachable(sqlx::Error),
    #[error("the server of DSN does not open this database: {0}. Check the name of the database in DSN")]
    NotOpened(sqlx::Error),
    #[error(
        "the server of DSN answers, but no TLS connection can be made: {0}. Check sslmode, sslrootcert, sslcert and sslkey in \
         DSN"
    )]
    Tls(sqlx::Error),
    #[error(
        "DSN names a connection pooler in transaction mode, which gives each transaction another session. Decant sets the \
         notation of values and its lock for a whole session. Let DSN name the server itself, or a pool with \
         pool_mode = session"
    )]
    TransactionPooling,
}

impl Source {
    /// Makes the pools. They connect when a connection is first needed.
    pub fn new(options: &PgConnectOptions, limits: Limits) -> Self {
        let pool = |connections_max, statement_max: Duration| {
            PgPoolOptions::new()
                .max_connections(connections_max)
                .acquire_timeout(limits.wait_max)
                .after_connect(move |connection, _| {
                    Box::pin(set_session_parameters(connection, statement_max))
                })
        };
        let connect =
            |pool: PgPoolOptions| pool.connect_lazy_with(options.clone().application_name("decant"));
        let sign_in = pool(limits.queries_max, limits.query_max)
            .test_before_acquire(false)
            .before_acquire(|connection, state| {
                Box::pin(async move { Ok(state.idle_for < PING_AFTER || connection.ping().await.is_ok()) })
            });
        Self {
            exports: connect(pool(limits.exports_max, Duration::ZERO)),
            queries: connect(pool(limits.queries_max, limits.query_max)),
            sign_in: connect(sign_in),
            health: connect(pool(1, limits.query_max)),
        }
    }

    /// Connects, to show whether the database can be used, and returns the connection for short queries.
    ///
    /// # Errors
    /// [`SourceError`], with advice.
    pub async fn check_connection(&self) -> Result<PoolConnection<Postgres>, SourceError> {
        let checked = async {
            if self.wait_for_server().await? {
                return Ok(None);
            }
            self.for_query().await.map(Some)
        };
        match checked.await {
            Ok(Some(connection)) => Ok(connection),
            Ok(None) => Err(SourceError::TransactionPooling),
            Err(error) => {
                let code = error.as_database_error().and_then(|error| error.code());
                Err(match (code.as_deref().and_then(|code| code.get(..2)), &error) {
                    // Invalid authorization: an unknown user, a wrong password, no entry in pg_hba.conf.
                    (Some("28"), _) => SourceError::Refused(error),
                    // Any other answer: no such database, no right to connect to it, too many connections.
                    (Some(_), _) => SourceError::NotOpened(error),
                    (None, sqlx::Error::Tls(_)) => SourceError::Tls(error),
                    (None, _) => SourceError::Unreachable(error),
                })
            }
        }
    }

    /// Waits for a server that is just starting, and returns whether a pooler stands before it that shares its sessions.
    async fn wait_for_server(&self) -> sqlx::Result<bool> {
        let options = self.queries.connect_options();
        let deadline = Instant::now() + self.queries.options().get_acquire_timeout();
        loop {
            match pooler::shares_sessions(&options).await {
                Err(sqlx::Error::Io(error))
                    if error.kind() == io::ErrorKind::ConnectionRefused && Instant::now() < deadline =>
                {
                    sleep(ASK_AFTER).await;
                }
                answer => return answer,
            }
        }
    }

    /// Opens a connection for an export. Dropping it ends its query and closes it.
    ///
    /// It is not used again, because a connection belongs to the event loop of the thread that opened it. On another thread,
    /// each 8 KiB from PostgreSQL would wake both threads, which costs more than all other work on these bytes.
    ///
    /// # Errors
    /// [`sqlx::Error::PoolTimedOut`] when all connections are busy, or the database's error.
    pub async fn for_export(&self) -> sqlx::Result<PoolConnection<Postgres>> {
        let mut connection = acquire(&self.exports).await?;
        connection.close_on_drop();
        Ok(connection)
    }

    /// Returns a connection for a short query.
    ///
    /// # Errors
    /// [`sqlx::Error::PoolTimedOut`] when all connections are busy, or the database's error.
    pub async fn for_query(&self) -> sqlx::Result<PoolConnection<Postgres>> {
        acquire(&self.queries).await
    }

    /// Returns a text that no other database has. It is made of the cluster's system identifier and the database's name, so a
    /// restart, a restore and another address do not change it. Where a service does not give the system identifier, the
    /// server's own address and port take its place; they are empty over a socket.
    ///
    /// # Errors
    /// The database's error.
    pub async fn identity(connection: &mut PgConnection) -> sqlx::Result<String> {
        let server = match system_identifier(connection).await? {
            Some(system) => system,
            None => sqlx::query_scalar(
                "select pg_catalog.concat(pg_catalog.inet_server_addr(), '/', pg_catalog.inet_server_port())",
            )
            .fetch_one(&mut *connection)
            .await?,
        };
        let name: String = sqlx::query_scalar("select pg_catalog.current_database()::pg_catalog.text")
            .fetch_one(connection)
            .await?;
        Ok(format!("{server}/{name}"))
    }

    /// Returns a connection for sign-in.
    ///
    /// # Errors
    /// As [`Self::for_query`].
    pub async fn for_sign_in(&self) -> sqlx::Result<PoolConnection<Postgres>> {
        acquire(&self.sign_in).await
    }

    /// Returns a connection that shows whether the database answers.
    ///
    /// # Errors
    /// As [`Self::for_query`].
    pub async fn for_health(&self) -> sqlx::Result<PoolConnection<Postgres>> {
        acquire(&self.health).await
    }

    pub async fn close(&self) {
        self.exports.close().await;
        self.queries.close().await;
        self.sign_in.close().await;
        self.health.close().await;
    }
}

/// Acquires a connection of the pool. The pool waits for a server that refuses connections as long as for a busy one, so
/// after a moment the server is asked itself.
///
/// # Errors
/// [`sqlx::Error::PoolTimedOut`] when all connections of the pool are busy; PostgreSQL's own error when it opens none.
async fn acquire(pool: &PgPool) -> sqlx::Result<PoolConnection<Postgres>> {
    let options = pool.connect_options();
    let is_silent = AtomicBool::new(false);
    let asked = async {
        sleep(ASK_AFTER).await;
        is_silent.store(true, Ordering::Relaxed);
        ask_server(&options).await?;
        is_silent.store(false, Ordering::Relaxed);
        Ok::<(), io::Error>(())
    };
    let mut acquiring = pin!(pool.acquire());
    tokio::select! {
        acquired = &mut acquiring => match acquired {
            Err(sqlx::Error::PoolTimedOut) if is_silent.load(Ordering::Relaxed) => {
                Err(sqlx::Error::Io(io::ErrorKind::TimedOut.into()))
            }
            Err(sqlx::Error::PoolTimedOut) if pool.size() < pool.options().get_max_connections() => {
                Err(why_not_opened(&options).await)
            }
            acquired => acquired,
        },
        Err(error) = asked => Err(sqlx::Error::Io(error)),
    }
}

/// Returns why PostgreSQL opens no session, such as "too many clients". A pool repeats such an attempt until its time is over
/// and does not keep the error.
async fn why_not_opened(options: &PgConnectOptions) -> sqlx::Error {
    match timeout(REASON_MAX, PgConnection::connect_with(options)).await {
        Ok(Err(error)) => error,
        Ok(Ok(connection)) => {
            // The session was for this question only, so it does not matter how it ends.
            let _ = connection.close().await;
            sqlx::Error::PoolTimedOut
        }
        Err(_) => sqlx::Error::Io(io::ErrorKind::TimedOut.into()),
    }
}

/// Opens a connection to the server's port or socket, and closes it again. PostgreSQL does not log a connection that ends
/// without a byte.
///
/// # Errors
/// The server does not accept connections.
async fn ask_server(options: &PgConnectOptions) -> io::Result<()> {
    let port = options.get_port();
    let folder = match options.get_socket() {
        Some(folder) => folder.clone(),
        None if options.get_host().starts_with('/') => options.get_host().into(),
        None => return TcpStream::connect((options.get_host(), port)).await.map(drop),
    };
    UnixStream::connect(folder.join(format!(".s.PGSQL.{port}")))
        .await
        .map(drop)
}

/// Returns whether the connection or the server failed, and not the statement.
pub(crate) fn is_of_connection(error: &sqlx::Error) -> bool {
    match error {
        // Class 08, connection exceptions; 53, insufficient resources; 57P, a shutdown or a start.
        sqlx::Error::Database(error) => error
            .code()
            .is_some_and(|code| ["08", "53", "57P"].iter().any(|class| code.starts_with(class))),
        sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::Protocol(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed => true,
        _ => false,
    }
}

/// Returns whether no connection to the server could be opened: of the errors of `is_of_connection`, those before there
/// was a session.
#[must_use]
pub fn is_unreachable(error: &sqlx::Error) -> bool {
    use io::ErrorKind as Kind;
    let kinds = [
        Kind::ConnectionRefused,
        Kind::NotFound,
        Kind::HostUnreachable,
        Kind::NetworkUnreachable,
        Kind::AddrNotAvailable,
        Kind::TimedOut,
    ];
    matches!(error, sqlx::Error::Io(error) if kinds.contains(&error.kind()))
}

/// Removes the time limits of the session's role, and lets PostgreSQL check whether the client is still connected.
pub(crate) async fn remove_time_limits(connection: &mut PgConnection) -> sqlx::Result<()> {
    connection.execute(NO_LIMITS).await.map(drop)
}

/// Returns the cluster's system identifier, which stays the same on its replicas and after a restart. Returns `None` where
/// a service does not allow the function, or does not have it.
///
/// # Errors
/// The connection's error.
pub(crate) async fn system_identifier(connection: &mut PgConnection) -> sqlx::Result<Option<String>> {
    let system =
        sqlx::query_scalar("select system_identifier::pg_catalog.text from pg_catalog.pg_control_system()");
    match system.fetch_one(connection).await {
        Err(sqlx::Error::Database(_)) => Ok(None),
        system => system.map(Some),
    }
}

/// Sets the notation of values, memory for sorting, the check of the client, and the time limit of a statement. A limit of zero is none.
pub(crate) async fn set_session_parameters(
    connection: &mut PgConnection,
    statement_max: Duration,
) -> sqlx::Result<()> {
    connection.execute(NOTATION).await?;
    connection.execute(WORK_MEMORY).await?;
    remove_time_limits(connection).await?;
    let limit = statement_max.as_millis().to_string();
    sqlx::query("select pg_catalog.set_config('statement_timeout', $1, false)")
        .bind(limit)
        .execute(connection)
        .await?;
    Ok(())
}

/// Returns PostgreSQL's message with its SQLSTATE, or the driver's own message. The driver's message for an error of PostgreSQL
/// ends with a line number of PostgreSQL's source code, which looks like one of the user's SQL.
pub fn database_message(error: &sqlx::Error) -> String {
    match error {
        sqlx::Error::Database(database) => {
            format!("{} ({})", database.message(), database.code().unwrap_or_default())
        }
        error => error.to_string(),
    }
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
        error if is_unreachable(error) => "The database cannot be reached.".into(),
        _ => "The connection to the database was lost.".into(),
    }
}
