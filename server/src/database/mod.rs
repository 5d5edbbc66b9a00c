//! Operations on the whole database: dump, restore, clean-up of the hub's log, status.
//!
//! | module | content |
//! |---|---|
//! | [`tools`] | PostgreSQL's client programs that fit the server's version |
//! | [`lock`] | the lock that allows one operation at a time, on any number of servers |
//! | [`dump`] | streams `pg_dump` |
//! | [`restore`] | restores a dump, completely or not at all |
//! | [`cleanup`] | deletes old rows of the hub's log, and restores them from archives |
//! | [`scratch`] | temporary files |
//! | [`archive`] | reads a dump to its end |
//! | `table` | queries on the catalogue for one table |
//! | `triggers` | triggers and rules, disabled while old rows come back |
//! | [`operation_record`] | records of the last dump, restore and clean-up |
//! | [`status`] | size, tables and version of the database, and the running operation |

pub mod archive;
pub mod cleanup;
pub mod dump;
pub mod lock;
pub mod operation_record;
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

use tokio_util::task::TaskTracker;

use crate::dsn::Dsn;
use crate::storage::Storage;
use cleanup::archive::Archives;
use cleanup::{Batches, CleanupStatus};
use dump::{Compression, DumpStatus};
use lock::BackupLock;
use operation_record::LastOperation;
pub use options::Options;
use restore::disk_space::DiskSpaceCheck;
use restore::{OnDisconnect, RestoreStatus, SafetyDumps};
use scratch::Scratch;

/// The operations on one database.
pub struct Database {
    dsn: Dsn,
    lock: BackupLock,
    compression: Compression,
    last_dump: Arc<LastOperation<DumpStatus>>,
    /// Uploads and lists.
    pub scratch: Scratch,
    safety_dumps: SafetyDumps,
    /// The folder of the site's own SQL files, which run on a restored database.
    migrations: Option<PathBuf>,
    on_disconnect: OnDisconnect,
    disk_space: DiskSpaceCheck,
    last_restore: Arc<LastOperation<RestoreStatus>>,
    /// Counts the restores of this process.
    generation: AtomicU64,
    /// Rows that were deleted.
    pub archives: Archives,
    batches: Batches,
    last_cleanup: Arc<LastOperation<CleanupStatus>>,
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
            lock: BackupLock::new(dsn.clone(), options.redis.clone(), options.lock_ttl),
            compression: options.dump_compression.clone(),
            last_dump: LastOperation::new(&dsn, data_dir, "last-dump.json"),
            archives: Archives::new(storage, scratch.clone()),
            scratch,
            safety_dumps: SafetyDumps::new(data_dir, options.dump_compression.clone()),
            migrations: options.post_restore_migrations.clone(),
            on_disconnect: options.on_disconnect,
            disk_space: options.disk_space,
            last_restore: LastOperation::new(&dsn, data_dir, "last-restore.json"),
            generation: AtomicU64::new(0),
            batches: options.cleanup_batches,
            last_cleanup: LastOperation::new(&dsn, data_dir, "last-cleanup.json"),
            tasks,
            dsn,
        }
    }

    /// Returns a number that changes with each restore. Cached rows of an older generation are invalid.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.generation.load(Ordering::Relaxed)
    }

    /// Waits until all tasks have ended.
    pub async fn settled(&self) {
        self.tasks.close();
        self.tasks.wait().await;
    }
}
