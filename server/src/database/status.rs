//! The state of the database, and the operations on it.

use std::sync::Arc;

use api::cleanup::CleanupStatus;
use api::database::{DatabaseStatus, DumpStatus, OperationRecord};
use api::restore::RestoreStatus;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::{Connection, Row, query};

use super::lock::BackupLock;
use super::operation_record::{LastOperation, mark_interrupted};
use super::session;
use crate::audit::Action;
use crate::dsn::Dsn;
use crate::source::public_message;

/// Reads the state of one database.
pub struct StatusReader {
    pub(super) dsn: Dsn,
    pub(super) lock: BackupLock,
    pub(super) last_dump: Arc<LastOperation<DumpStatus>>,
    pub(super) last_restore: Arc<LastOperation<RestoreStatus>>,
    pub(super) last_cleanup: Arc<LastOperation<CleanupStatus>>,
}

impl StatusReader {
    /// Returns the state of the database. A database that does not answer is part of the answer, not an error.
    pub async fn read(&self) -> DatabaseStatus {
        let status = DatabaseStatus {
            container_name: self.dsn.host(),
            database_name: self.dsn.database().to_owned(),
            ..DatabaseStatus::default()
        };
        let status = self.query_status(status).await.unwrap_or_else(|(status, error)| {
            tracing::warn!(action = Action::DatabaseStatusUnavailable.name(), %error);
            DatabaseStatus {
                error: Some(public_message(&error)),
                ..status
            }
        });
        // The records are read after the lock: where the lock is free, every recorded operation has ended.
        let is_idle = status.is_available && status.lock.is_none();
        DatabaseStatus {
            last_dump: last(&self.last_dump, is_idle),
            last_restore: last(&self.last_restore, is_idle),
            last_cleanup: last(&self.last_cleanup, is_idle),
            ..status
        }
    }

    async fn query_status(
        &self,
        mut status: DatabaseStatus,
    ) -> Result<DatabaseStatus, (DatabaseStatus, sqlx::Error)> {
        let answer = async {
            let mut connection = session::open(&self.dsn, "decant status").await?;
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

fn last<T: Clone + Serialize + DeserializeOwned>(
    last: &LastOperation<T>,
    is_idle: bool,
) -> Option<OperationRecord<T>> {
    let last = last.get();
    if is_idle { last.map(mark_interrupted) } else { last }
}
