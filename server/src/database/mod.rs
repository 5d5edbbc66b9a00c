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

use crate::config::Settings;
use crate::dsn::Dsn;
use crate::storage::Storage;
use cleanup::archive::Archives;
use cleanup::{CleanedUp, Pace};
use dump::{Compression, Dumped};
use last::Last;
use lock::BackupLock;
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
    /// What goes on without whoever asked for it: restores, clean-ups, backups and their proofs.
    pub tasks: TaskTracker,
}

impl Database {
    /// The database of this address, dealt with as the settings say.
    #[must_use]
    pub fn of(dsn: Dsn, settings: &Settings) -> Self {
        let scratch = Scratch::in_data_dir(&settings.data_dir);
        Self {
            lock: BackupLock::of(dsn.clone(), settings.redis.clone(), settings.lock_ttl),
            compression: settings.dump_compression.clone(),
            last_dump: Last::noted(&dsn, &settings.data_dir, "last-dump.json"),
            archives: Archives::new(Storage::new(settings.storage.clone()), scratch.clone()),
            scratch,
            safety: settings.data_dir.join("safety"),
            migrations: settings.post_restore_migrations.clone(),
            unfollowed: settings.restore_unfollowed,
            room: settings.restore_room,
            last_restore: Last::noted(&dsn, &settings.data_dir, "last-restore.json"),
            generation: AtomicU64::new(0),
            cleanup_pace: settings.cleanup_pace,
            last_cleanup: Last::noted(&dsn, &settings.data_dir, "last-cleanup.json"),
            tasks: TaskTracker::new(),
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
