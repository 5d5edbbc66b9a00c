//! What the database is, and what is being done to it.

use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::{Connection, PgConnection, Row, query};

use super::Database;
use super::cleanup::CleanedUp;
use super::dump::Dumped;
use super::last::{Last, Undertaking};
use super::lock::Holder;
use super::restore::PutBack;
use crate::audit::Action;
use crate::source::public_message;

/// The state of the database; the names are the seeds'.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Status {
    /// Whether it answers.
    pub is_available: bool,
    /// Its host, or the folder of its socket.
    pub container_name: String,
    /// Its name.
    pub database_name: String,
    /// Its size for people: `133 MB`.
    pub database_size: String,
    /// Its size in bytes.
    pub database_bytes: u64,
    /// How many tables it has.
    pub table_count: u64,
    /// What its server calls itself.
    pub postgres_version: String,
    /// Why it does not answer.
    pub error: Option<String>,
    /// Who dumps, restores or cleans up now.
    pub lock: Option<Holder>,
    /// The last dump on this machine.
    pub last_dump: Option<Undertaking<Dumped>>,
    /// The last restore on this machine.
    pub last_restore: Option<Undertaking<PutBack>>,
    /// The last clean-up of logs on this machine.
    pub last_cleanup: Option<Undertaking<CleanedUp>>,
}

impl Database {
    /// The state of the database now.
    pub async fn status(&self) -> Status {
        let status = Status {
            container_name: self.dsn.host(),
            database_name: self.dsn.database().to_owned(),
            ..Status::default()
        };
        let status = self.ask(status).await.unwrap_or_else(|(status, error)| {
            tracing::warn!(action = Action::DatabaseStatusUnavailable.name(), %error);
            Status {
                error: Some(public_message(&error)),
                ..status
            }
        });
        // After the lock was looked at: where it is free, what it was held for has ended.
        let is_idle = status.is_available && status.lock.is_none();
        Status {
            last_dump: last(&self.last_dump, is_idle),
            last_restore: last(&self.last_restore, is_idle),
            last_cleanup: last(&self.last_cleanup, is_idle),
            ..status
        }
    }

    async fn ask(&self, mut status: Status) -> Result<Status, (Status, sqlx::Error)> {
        let answer = async {
            let mut connection = PgConnection::connect_with(self.dsn.options()).await?;
            let row = query(
                "select bytes, pg_catalog.pg_size_pretty(bytes) as size, pg_catalog.version() as version, \
                 (select pg_catalog.count(*) from pg_catalog.pg_class c join pg_catalog.pg_namespace n \
                  on n.oid operator(pg_catalog.=) c.relnamespace \
                  where c.relkind operator(pg_catalog.=) any ('{r,p}') \
                  and n.nspname operator(pg_catalog.!~) '^pg_' \
                  and n.nspname operator(pg_catalog.<>) 'information_schema') as tables \
                 from pg_catalog.pg_database_size(pg_catalog.current_database()) as bytes",
            )
            .fetch_one(&mut connection)
            .await?;
            let _ = connection.close().await;
            Ok((row, self.lock.holder().await?))
        };
        let (row, lock) = match answer.await {
            Ok(answer) => answer,
            Err(error) => return Err((status, error)),
        };
        status.is_available = true;
        status.database_bytes = row.get::<i64, _>("bytes").unsigned_abs();
        status.database_size = row.get("size");
        status.table_count = row.get::<i64, _>("tables").unsigned_abs();
        status.postgres_version = row.get("version");
        status.lock = lock;
        Ok(status)
    }
}

fn last<T: Clone + Serialize + DeserializeOwned>(last: &Last<T>, is_idle: bool) -> Option<Undertaking<T>> {
    let last = last.get();
    if is_idle {
        last.map(Undertaking::over)
    } else {
        last
    }
}
