//! Checks that the disk of the database has space for a restore. A full disk would stop the live database, too.

use std::path::PathBuf;

use clap::ValueEnum;
use nix::sys::statvfs::statvfs;
use sqlx::{Connection, PgConnection, query_scalar};

use super::error::{RestoreError, megabytes};
use crate::dsn::Dsn;

/// Whether a restore checks the free disk space before it begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum DiskSpaceCheck {
    /// The restore is refused when there is too little space.
    #[default]
    Check,
    /// The check is skipped, for databases that take less space than their text (compressed file systems).
    Ignore,
}

/// The size of an empty database and of the first write-ahead log.
const BASE_BYTES: u64 = 64 * 1024 * 1024;

/// Checks that rows with this many bytes of text fit on the disk of the database, and returns a sentence for the progress.
///
/// The estimate: tables take about as many bytes as the text, and indexes half of that again. The check is skipped when the
/// disk belongs to another machine, or when the role may not read `data_directory`.
///
/// # Errors
/// [`RestoreError::NoDiskSpace`].
pub(super) async fn check(live: &Dsn, text_bytes: u64) -> Result<String, RestoreError> {
    let needed = text_bytes + text_bytes / 2 + BASE_BYTES;
    let Some(folder) = data_folder(live).await else {
        return Ok(
            "The free space on the database's disk cannot be read from here; make sure that there is enough"
                .to_owned(),
        );
    };
    let Ok(disk) = statvfs(&folder) else {
        return Ok(format!("The free space of {} cannot be read", folder.display()));
    };
    let free = disk.blocks_available() * disk.fragment_size();
    if free < needed {
        return Err(RestoreError::NoDiskSpace { folder, needed, free });
    }
    Ok(format!(
        "The restored database takes about {} MB; the database's disk has {} MB free",
        megabytes(needed),
        megabytes(free)
    ))
}

/// Returns the database's folder if it is on this machine and its role may know it.
async fn data_folder(live: &Dsn) -> Option<PathBuf> {
    let host = live.host();
    let is_here = host.starts_with('/') || ["localhost", "127.0.0.1", "::1"].contains(&host.as_str());
    if !is_here {
        return None;
    }
    let mut connection = PgConnection::connect_with(live.options()).await.ok()?;
    // Only superusers and members of pg_read_all_settings may read this setting.
    let folder: Result<String, _> = query_scalar("select pg_catalog.current_setting('data_directory')")
        .fetch_one(&mut connection)
        .await;
    let _ = connection.close().await;
    folder.ok().map(PathBuf::from)
}
