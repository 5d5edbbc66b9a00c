//! Whether the disk of the database has room for a restore: a full one would stop the live database, too.

use std::path::PathBuf;
use std::str::FromStr;

use nix::sys::statvfs::statvfs;
use sqlx::{Connection, PgConnection, query_scalar};

use super::RestoreError;
use crate::dsn::Dsn;

/// Whether a restore looks for room before it begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Room {
    /// It does, and does not begin where there is too little.
    #[default]
    Check,
    /// Somebody knows better: the rows will take less room than they seem to.
    Ignore,
}

impl FromStr for Room {
    type Err = &'static str;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        match word {
            "check" => Ok(Self::Check),
            "ignore" => Ok(Self::Ignore),
            _ => Err("it is neither check nor ignore"),
        }
    }
}

/// An empty database and the first of what PostgreSQL writes ahead of its changes.
const ANYWAY_BYTES: u64 = 64 * 1024 * 1024;

/// Looks whether rows of so many bytes of text have room where the database keeps its files, and says what was seen.
///
/// As text they take about as much as in tables; their indexes take about half of that again. Nothing can be seen of a disk that
/// is not this machine's, or whose place the database's role may not know.
///
/// # Errors
/// [`RestoreError::NoRoom`].
pub(super) async fn check(live: &Dsn, text: u64) -> Result<String, RestoreError> {
    let needed = text + text / 2 + ANYWAY_BYTES;
    let Some(folder) = data_folder(live).await else {
        return Ok(
            "The room on the database's disk cannot be seen from here; make sure that there is some"
                .to_owned(),
        );
    };
    let Ok(disk) = statvfs(&folder) else {
        return Ok(format!("The room in {} cannot be seen", folder.display()));
    };
    let free = disk.blocks_available() * disk.fragment_size();
    if free < needed {
        return Err(RestoreError::NoRoom { folder, needed, free });
    }
    Ok(format!(
        "The restored database takes about {} MB; the database's disk has {} MB free",
        megabytes(needed),
        megabytes(free)
    ))
}

/// Megabytes of a million bytes, rounded up.
pub(super) fn megabytes(bytes: u64) -> u64 {
    bytes.div_ceil(1_000_000)
}

/// Where the database keeps its files, if that is on this machine.
async fn data_folder(live: &Dsn) -> Option<PathBuf> {
    let host = live.host();
    let is_here = host.starts_with('/') || ["localhost", "127.0.0.1", "::1"].contains(&host.as_str());
    if !is_here {
        return None;
    }
    let mut connection = PgConnection::connect_with(live.options()).await.ok()?;
    // Only superusers and pg_read_all_settings may know it.
    let folder: Result<String, _> = query_scalar("select pg_catalog.current_setting('data_directory')")
        .fetch_one(&mut connection)
        .await;
    let _ = connection.close().await;
    folder.ok().map(PathBuf::from)
}
