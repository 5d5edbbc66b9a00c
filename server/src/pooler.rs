//! Connection poolers, such as PgBouncer, between Decant and PostgreSQL.

use std::time::Duration;

use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, Connection, Executor, PgConnection, Row};
use tokio::time::timeout;

/// A pool of one session lets the second connection wait, and does not share the session then.
const SECOND_CONNECTION_MAX: Duration = Duration::from_secs(2);

/// How often each connection is asked. A pool that hands out its sessions in turn may return to the same one.
const ROUNDS: usize = 3;

/// Returns whether a pooler gives each transaction another session of the server. Then one session serves two connections,
/// or one connection is served by two sessions.
///
/// # Errors
/// The first connection cannot be opened.
pub async fn shares_sessions(options: &PgConnectOptions) -> sqlx::Result<bool> {
    let options = options.clone().application_name("decant");
    let mut first = options.connect().await?;
    let own = session(&mut first).await?;
    let shared = timeout(SECOND_CONNECTION_MAX, is_shared(&options, &mut first, own));
    // A server with no place for a second connection is no pooler.
    let shared = matches!(shared.await, Ok(Ok(true)));
    let _ = timeout(SECOND_CONNECTION_MAX, first.close()).await;
    Ok(shared)
}

async fn is_shared(options: &PgConnectOptions, first: &mut PgConnection, own: i32) -> sqlx::Result<bool> {
    let mut second = options.connect().await?;
    for _ in 0..ROUNDS {
        // In a pool of statements, a transaction cannot begin.
        if second.execute("begin").await.is_err() {
            return Ok(true);
        }
        if session(&mut second).await? == own || session(first).await? != own {
            return Ok(true);
        }
        second.execute("commit").await?;
        if session(first).await? != own {
            return Ok(true);
        }
    }
    second.close().await?;
    Ok(false)
}

/// Returns the process id of the session. The simple protocol needs no prepared statement, which poolers may lose.
async fn session(connection: &mut PgConnection) -> sqlx::Result<i32> {
    // SQL: a constant.
    connection
        .fetch_one(sqlx::raw_sql("select pg_catalog.pg_backend_pid()"))
        .await?
        .try_get(0)
}
