//! The space that Decant leaves free on a disk: a full disk stops other programs, too, perhaps PostgreSQL itself.

use std::path::{Path, PathBuf};

use nix::sys::statvfs::statvfs;

/// A writer that does not know the size of its file checks the space again after this many bytes.
pub const CHECK_EVERY: u64 = 8 * 1024 * 1024;

/// There is too little space for a file.
#[derive(Debug, thiserror::Error)]
#[error(
    "no space: the disk of {} has {} MB free, {} MB are needed, and {} MB stay free (DECANT_DISK_RESERVE_MB); free some space \
     there",
    folder.display(),
    megabytes(*free),
    megabytes(*needed),
    megabytes(*reserve)
)]
pub struct NoSpace {
    folder: PathBuf,
    free: u64,
    needed: u64,
    reserve: u64,
}

/// Returns the size in megabytes of 1024 x 1024 bytes, rounded up.
fn megabytes(bytes: u64) -> u64 {
    bytes.div_ceil(1024 * 1024)
}

/// Checks that this many more bytes leave `reserve` bytes free on the disk of a folder.
///
/// # Errors
/// [`NoSpace`]. Where the free space cannot be read, as in a missing folder, there is no error.
pub fn check(folder: &Path, needed: u64, reserve: u64) -> Result<(), NoSpace> {
    let Ok(disk) = statvfs(folder) else {
        return Ok(());
    };
    let free = disk.blocks_available() * disk.fragment_size();
    if free >= needed.saturating_add(reserve) {
        return Ok(());
    }
    Err(NoSpace {
        folder: folder.to_owned(),
        free,
        needed,
        reserve,
    })
}

/// Returns how much of the disk of a folder is used, in percents, as `df` rounds it: up, without what only the superuser may use.
/// `None` where it cannot be read, as for a missing folder.
#[must_use]
pub fn used_percent(folder: &Path) -> Option<u64> {
    let disk = statvfs(folder).ok()?;
    let used = disk.blocks() - disk.blocks_free();
    let all = used + disk.blocks_available();
    (all > 0).then(|| (used * 100).div_ceil(all))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_would_take_the_reserve_is_refused_with_the_name_of_the_setting() {
        let folder = tempfile::tempdir().unwrap();
        check(folder.path(), 0, 0).unwrap();
        let refusal = check(folder.path(), 1, u64::MAX).unwrap_err().to_string();
        assert!(refusal.contains("DECANT_DISK_RESERVE_MB"), "{refusal}");
        check(&folder.path().join("missing"), 1, u64::MAX).unwrap();
    }
}
