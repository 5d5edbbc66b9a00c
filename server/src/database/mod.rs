//! The database as a whole: dumped, looked at; its bytes pass through untouched.
//!
//! | module | what |
//! |---|---|
//! | [`tools`] | PostgreSQL's programs that fit its version |
//! | [`lock`] | one dump or restore at a time, on however many servers |
//! | [`dump`] | `pg_dump`, streamed |
//! | [`status`] | size, tables, version; who is at it |

pub mod dump;
pub mod lock;
pub mod status;
pub mod tools;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::Serialize;

use crate::dsn::Dsn;
use dump::{Compression, LastDump};
use lock::BackupLock;

/// The database as a whole.
pub struct Database {
    dsn: Dsn,
    lock: BackupLock,
    compression: Compression,
    last_dump: Arc<Mutex<Option<LastDump>>>,
}

/// How something with the database ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "lowercase")]
pub enum Ending {
    /// As it should.
    Complete,
    /// It did not.
    Failed {
        /// Why.
        reason: String,
    },
    /// Whoever asked for it left.
    Cancelled,
}

impl Database {
    /// The database of this address. `lock_ttl` is how long Redis keeps the lock of a server that has crashed.
    #[must_use]
    pub fn of(dsn: Dsn, redis: Option<redis::Client>, lock_ttl: Duration, compression: Compression) -> Self {
        Self {
            lock: BackupLock::of(dsn.clone(), redis, lock_ttl),
            dsn,
            compression,
            last_dump: Arc::default(),
        }
    }

    fn last_dump(&self) -> Option<LastDump> {
        self.last_dump
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}
