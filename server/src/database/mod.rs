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
//! | `triggers` | triggers and rules, disabled while old rows come back |
//! | [`last`] | the last dump, restore and clean-up |
//! | [`status`] | size, tables, version; who is at it |

pub mod archive;
pub mod cleanup;
pub mod dump;
pub mod last;
pub mod lock;
mod options;
pub mod restore;
pub mod scratch;
pub mod status;
mod table;
pub mod tools;
mod triggers;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use sqlx::{PgConnection, query_scalar};
use tokio_util::task::TaskTracker;

use crate::dsn::Dsn;
use crate::storage::Storage;
use cleanup::archive::Archives;
use cleanup::{CleanedUp, Pace};
use dump::{Compression, Dumped};
use last::Last;
use lock::BackupLock;
pub use options::Options;
use restore::room::Room;
use restore::{PutBack, Unfollowed};
use scratch::Scratch;

/// The database as a whole.
pub struct Database {
    dsn: Dsn,
    lock: BackupLock,
    compression: Compression,
    last_dump: Arc<Last<Dumped>>,
    /// Uploads and lists.
    pub scratch: Scratch,
    /// The folder of the dumps that are made before a restore.
    safety: PathBuf,
    /// The folder of the site's own migrations, run after a restore.
    migrations: Option<PathBuf>,
    unfollowed: Unfollowed,
    room: Room,
    last_restore: Arc<Last<PutBack>>,
    /// How often another database has taken the place of the live one.
    generation: AtomicU64,
    /// Rows that were deleted.
    pub archives: Archives,
    cleanup_pace: Pace,
    last_cleanup: Arc<Last<CleanedUp>>,
    /// Runs what continues without the request that started it: restores, clean-ups.
    tasks: TaskTracker,
}

impl Database {
    /// `storage` keeps the archives of clean-ups. `tasks` may have other tasks, too.
    #[must_use]
    pub fn new(dsn: Dsn, options: &Options, storage: Storage, tasks: TaskTracker) -> Self {
        let data_dir = &options.data_dir;
        let scratch = Scratch::in_data_dir(data_dir);
        Self {
            lock: BackupLock::of(dsn.clone(), options.redis.clone(), options.lock_ttl),
            compression: options.dump_compression.clone(),
            last_dump: Last::noted(&dsn, data_dir, "last-dump.json"),
            archives: Archives::new(storage, scratch.clone()),
            scratch,
            safety: data_dir.join("safety"),
            migrations: options.post_restore_migrations.clone(),
            unfollowed: options.unfollowed,
            room: options.room,
            last_restore: Last::noted(&dsn, data_dir, "last-restore.json"),
            generation: AtomicU64::new(0),
            cleanup_pace: options.cleanup_pace,
            last_cleanup: Last::noted(&dsn, data_dir, "last-cleanup.json"),
            tasks,
            dsn,
        }
    }

    /// A number that changes whenever a restore has changed the database: what was read before is of no use then.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.generation.load(Ordering::Relaxed)
    }

    /// Waits until nothing goes on any more that had been begun.
    pub async fn settled(&self) {
        self.tasks.close();
        self.tasks.wait().await;
    }
}

/// 15 of PostgreSQL 15.18.
async fn major_version(connection: &mut PgConnection) -> sqlx::Result<u32> {
    let number: i32 = query_scalar("select pg_catalog.current_setting('server_version_num')::int")
        .fetch_one(connection)
        .await?;
    Ok(number.unsigned_abs() / 10_000)
}
