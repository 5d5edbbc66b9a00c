use std::path::PathBuf;
use std::time::Duration;

use super::cleanup::Pace;
use super::dump::Compression;
use super::restore::Unfollowed;
use super::restore::room::Room;

/// The database's part of the settings.
#[derive(Clone, Debug)]
pub struct Options {
    pub data_dir: PathBuf,
    /// Holds the backup lock, too.
    pub redis: Option<redis::Client>,
    /// How long Redis keeps the lock of a server that has crashed.
    pub lock_ttl: Duration,
    pub dump_compression: Compression,
    /// SQL files that run on a restored database.
    pub post_restore_migrations: Option<PathBuf>,
    pub unfollowed: Unfollowed,
    pub room: Room,
    pub cleanup_pace: Pace,
}
