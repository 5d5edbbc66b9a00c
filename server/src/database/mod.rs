//! The database as a whole: dumped, looked at; its bytes pass through untouched.
//!
//! | module | what |
//! |---|---|
//! | [`tools`] | PostgreSQL's programs that fit its version |
//! | [`lock`] | one dump or restore at a time, on however many servers |
//! | [`dump`] | `pg_dump`, streamed |
//! | [`archive`] | a dump in a file, read and found whole |
//! | [`status`] | size, tables, version; who is at it |

pub mod archive;
pub mod dump;
pub mod lock;
pub mod status;
pub mod tools;

use std::sync::{Arc, Mutex, PoisonError};

use serde::Serialize;

use crate::config::Settings;
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
    /// The database of this address, dealt with as the settings say.
    #[must_use]
    pub fn of(dsn: Dsn, settings: &Settings) -> Self {
        Self {
            lock: BackupLock::of(dsn.clone(), settings.redis.clone(), settings.lock_ttl),
            dsn,
            compression: settings.dump_compression.clone(),
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
