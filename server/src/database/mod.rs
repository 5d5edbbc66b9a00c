//! The database as a whole: dumped, restored, looked at.
//!
//! | module | what |
//! |---|---|
//! | [`tools`] | PostgreSQL's programs that fit its version |
//! | [`lock`] | one dump or restore at a time, on however many servers |
//! | [`dump`] | `pg_dump`, streamed |
//! | [`restore`] | a dump put back, so that it cannot half happen |
//! | [`cleanup`] | old rows of the hub's log deleted, and brought back |
//! | [`scratch`] | files that are needed for a while |
//! | [`archive`] | a dump in a file, read and found whole |
//! | `table` | what the catalogue says of one |
//! | [`status`] | size, tables, version; who is at it |

pub mod archive;
pub mod cleanup;
pub mod dump;
pub mod lock;
pub mod restore;
pub mod scratch;
pub mod status;
mod table;
pub mod tools;

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use serde::Serialize;
use sqlx::{PgConnection, query_scalar};

use crate::config::Settings;
use crate::dsn::Dsn;
use cleanup::archive::Archives;
use cleanup::{LastCleanup, Pace};
use dump::{Compression, LastDump};
use lock::BackupLock;
use restore::room::Room;
use restore::{LastRestore, Unfollowed};
use scratch::Scratch;

/// The database as a whole.
pub struct Database {
    dsn: Dsn,
    lock: BackupLock,
    compression: Compression,
    last_dump: Arc<Mutex<Option<LastDump>>>,
    /// Uploads and lists.
    pub scratch: Scratch,
    /// The folder of the dumps that are made before a restore.
    safety: PathBuf,
    /// The folder of the site's own migrations, run after a restore.
    migrations: Option<PathBuf>,
    unfollowed: Unfollowed,
    room: Room,
    last_restore: Mutex<Option<LastRestore>>,
    /// How often another database has taken the place of the live one.
    generation: AtomicU64,
    /// Rows that were deleted.
    pub archives: Archives,
    cleanup_pace: Pace,
    last_cleanup: Arc<Mutex<Option<LastCleanup>>>,
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
        let scratch = Scratch::in_data_dir(&settings.data_dir);
        Self {
            lock: BackupLock::of(dsn.clone(), settings.redis.clone(), settings.lock_ttl),
            dsn,
            compression: settings.dump_compression.clone(),
            last_dump: Arc::default(),
            archives: Archives::of(settings, scratch.clone()),
            scratch,
            safety: settings.data_dir.join("safety"),
            migrations: settings.post_restore_migrations.clone(),
            unfollowed: settings.restore_unfollowed,
            room: settings.restore_room,
            last_restore: Mutex::default(),
            generation: AtomicU64::new(0),
            cleanup_pace: settings.cleanup_pace,
            last_cleanup: Arc::default(),
        }
    }

    /// A number that changes whenever a restore has changed the database: what was read before is of no use then.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.generation.load(Ordering::Relaxed)
    }

    fn last_dump(&self) -> Option<LastDump> {
        self.last_dump
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

/// 15 of PostgreSQL 15.18.
async fn major_version(connection: &mut PgConnection) -> sqlx::Result<u32> {
    let number: i32 = query_scalar("select current_setting('server_version_num')::int")
        .fetch_one(connection)
        .await?;
    Ok(number.unsigned_abs() / 10_000)
}
