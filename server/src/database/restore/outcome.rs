//! The outcome of a transaction whose session has ended before PostgreSQL's answer arrived.

use std::time::Duration;

use sqlx::{Connection, query_scalar};
use tokio::time::{sleep, timeout};

use crate::database::maintenance::is_closed;
use crate::database::session;
use crate::dsn::Dsn;

const POLL_INTERVAL: Duration = Duration::from_millis(50);

pub(super) enum Outcome {
    Committed,
    RolledBack,
    Unknown,
}

impl Outcome {
    /// Asks PostgreSQL until it answers, and until the transaction has ended, at most for this time. The first of the databases
    /// that the role may connect to is asked; each knows the transactions of the whole server.
    pub async fn of(databases: &[Dsn], id: i64, wait: Duration) -> Self {
        let asking = async {
            loop {
                match status(databases, id).await {
                    Ok(Some(status)) if status == "committed" => return Self::Committed,
                    Ok(Some(status)) if status == "aborted" => return Self::RolledBack,
                    // It still runs, or the server does not answer.
                    Ok(_) | Err(_) => sleep(POLL_INTERVAL).await,
                }
            }
        };
        timeout(wait, asking).await.unwrap_or(Self::Unknown)
    }
}

/// Returns `None` if the role may connect to none of the databases.
async fn status(databases: &[Dsn], id: i64) -> sqlx::Result<Option<String>> {
    for database in databases {
        let mut connection = match session::open(database, "decant restore").await {
            Err(error) if is_closed(&error) => continue,
            connection => connection?,
        };
        let status = query_scalar("select pg_catalog.txid_status($1)")
            .bind(id)
            .fetch_one(&mut connection)
            .await;
        let _ = connection.close().await;
        return status;
    }
    Ok(None)
}
