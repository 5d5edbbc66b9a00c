use std::path::PathBuf;
use std::time::Duration;

use super::cleanup::Batches;
use super::dump::Compression;
use super::restore::OnDisconnect;
use super::restore::disk_space::DiskSpaceCheck;
use crate::hub_tables::HubTables;

/// The settings of operations on the database.
#[derive(Clone, Debug)]
pub struct Options {
    pub data_dir: PathBuf,
    /// The hub's Redis, which holds the hub's own lock.
    pub redis: Option<redis::Client>,
    /// How long Redis keeps the lock of a server that has crashed.
    pub lock_ttl: Duration,
    pub dump_compression: Compression,
    /// How many safety dumps of a database are kept.
    pub safety_dumps: usize,
    /// The folder of SQL files that run on a restored database.
    pub post_restore_migrations: Option<PathBuf>,
    pub on_disconnect: OnDisconnect,
    pub disk_space: DiskSpaceCheck,
    /// Where the hub's log is.
    pub hub_tables: HubTables,
    /// Bytes of the data folder's disk that uploads and fetched files leave free.
    pub disk_reserve: u64,
    pub cleanup_batches: Batches,
}
