//! Operations on the whole database: dump, restore, clean-up of the hub's log, status.
//!
//! | module | content |
//! |---|---|
//! | [`tools`] | PostgreSQL's client programs that fit the server's version |
//! | [`lock`] | the lock that allows one operation at a time, on any number of servers |
//! | [`dump`] | streams `pg_dump` |
//! | `dump_messages` | what `pg_dump` says while it runs |
//! | [`spool`] | dumps in temporary files, whose download can go on where it ended |
//! | [`restore`] | restores a dump, completely or not at all |
//! | [`cleanup`] | deletes old rows of the hub's log, and restores them from archives |
//! | [`identity`] | which database this is, for shared folders and buckets |
//! | `session` | sessions of operations, without the time limits of their role |
//! | `maintenance` | the database in which the lock is held |
//! | [`archive`] | reads a dump to its end |
//! | [`temporary_files`] | uploads, lists and unfinished files |
//! | `table` | queries on the catalogue for one table |
//! | `missing_rows` | inserts the rows of a dump or an archive that tables lack |
//! | [`operation_record`] | records of the last dump, restore and clean-up |
//! | [`status`] | size, tables and version of the database, and the running operation |

pub mod archive;
pub mod cleanup;
pub mod dump;
mod dump_messages;
pub mod identity;
pub mod lock;
mod maintenance;
pub mod missing_rows;
pub mod operation_record;
mod options;
pub mod restore;
mod session;
pub mod spool;
pub mod status;
mod table;
pub mod temporary_files;
pub mod tools;

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use prometheus::IntGauge;
use tokio_util::task::TaskTracker;

use crate::dsn::Dsn;
use crate::storage::Storage;
use cleanup::LogCleaner;
use cleanup::archive::Archives;
use dump::Dumper;
use lock::BackupLock;
use operation_record::LastOperation;
pub use options::Options;
use restore::{Restorer, SafetyDumps};
use spool::Spool;
use status::StatusReader;
use temporary_files::TemporaryFolder;

/// The operations on one database. They share its lock.
pub struct Database {
    pub dumper: Arc<Dumper>,
    pub spool: Arc<Spool>,
    pub restorer: Arc<Restorer>,
    pub log_cleaner: Arc<LogCleaner>,
    pub status: StatusReader,
    /// Whether this process holds the lock.
    pub lock_metric: IntGauge,
}

impl Database {
    /// `storage` keeps the archives of clean-ups. Restores and clean-ups run in `tasks`, which may have other tasks, too.
    #[must_use]
    pub fn new(dsn: &Dsn, options: &Options, storage: Storage, tasks: &TaskTracker) -> Self {
        let data_dir = &options.data_dir;
        let temporary_files = TemporaryFolder::in_data_dir(data_dir, options.disk_reserve);
        let lock = BackupLock::new(dsn.clone(), options.redis.clone(), options.lock_ttl);
        let lock_metric = lock.metric();
        let dumper = Dumper {
            dsn: dsn.clone(),
            lock: lock.clone(),
            compression: options.dump_compression.clone(),
            hub_schema: options.hub_tables.schema.clone(),
            last: LastOperation::new(dsn, data_dir, "last-dump.json"),
        };
        let restorer = Restorer {
            dsn: dsn.clone(),
            lock: lock.clone(),
            temporary_files: temporary_files.clone(),
            safety_dumps: SafetyDumps::new(
                dsn,
                data_dir,
                options.dump_compression.clone(),
                options.safety_dumps,
            ),
            hub_schema: options.hub_tables.schema.clone(),
            migrations: options.post_restore_migrations.clone(),
            on_disconnect: options.on_disconnect,
            disk_space: options.disk_space,
            last: LastOperation::new(dsn, data_dir, "last-restore.json"),
            generation: AtomicU64::new(0),
            tasks: tasks.clone(),
        };
        let log_cleaner = LogCleaner {
            dsn: dsn.clone(),
            lock: lock.clone(),
            archives: Archives::new(storage, temporary_files.clone()),
            batches: options.cleanup_batches,
            hub_tables: options.hub_tables.clone(),
            last: LastOperation::new(dsn, data_dir, "last-cleanup.json"),
            tasks: tasks.clone(),
        };
        let status = StatusReader {
            dsn: dsn.clone(),
            lock,
            last_dump: Arc::clone(&dumper.last),
            last_restore: Arc::clone(&restorer.last),
            last_cleanup: Arc::clone(&log_cleaner.last),
        };
        Self {
            dumper: Arc::new(dumper),
            spool: Arc::new(Spool::new(temporary_files)),
            restorer: Arc::new(restorer),
            log_cleaner: Arc::new(log_cleaner),
            status,
            lock_metric,
        }
    }
}
