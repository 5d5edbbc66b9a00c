//! Folders for this user only, with files that a crash may leave behind.

use std::fs::{self, DirBuilder, File, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::Path;
use std::time::{Duration, SystemTime};

use nix::unistd::geteuid;

/// Only this user may list, read and write.
pub const PRIVATE: u32 = 0o700;

/// Others may also enter folders below it whose name they know.
pub const ENTERED_BY_OTHERS: u32 = 0o711;

/// The rights of everyone, and the bit of a folder in which everyone may create files.
const RIGHTS: u32 = 0o777;
const STICKY: u32 = 0o1000;

/// Creates a folder for this user only, and those above it that are missing. An existing folder stays as it is.
///
/// # Errors
/// The folder cannot be created.
pub fn create(folder: &Path) -> io::Result<()> {
    if let Some(above) = folder.parent() {
        fs::create_dir_all(above)?;
    }
    DirBuilder::new().recursive(true).mode(PRIVATE).create(folder)
}

/// Withdraws the rights of others to an existing folder that go beyond `mode`, as older versions of Decant granted them.
/// Returns a warning if there were any.
///
/// # Errors
/// The folder cannot be read or changed. A missing folder is no error.
pub fn narrow(folder: &Path, mode: u32) -> io::Result<Option<String>> {
    let found = match fs::metadata(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        found => found?,
    };
    let rights = found.mode() & RIGHTS;
    if rights & !mode == 0 {
        return Ok(None);
    }
    let name = folder.display();
    if found.mode() & STICKY != 0 || found.uid() != geteuid().as_raw() {
        return Ok(Some(format!(
            "other users of this machine have rights to the folder {name} ({rights:o}), and it is shared or belongs to another \
             user; choose a folder of Decant's own"
        )));
    }
    fs::set_permissions(folder, Permissions::from_mode(rights & mode))?;
    Ok(Some(format!(
        "other users of this machine had rights to the folder {name} ({rights:o}); they were withdrawn"
    )))
}

/// Grants others the right to enter a folder, but not to list it.
///
/// # Errors
/// The folder cannot be read or changed.
pub fn let_others_enter(folder: &Path) -> io::Result<()> {
    let rights = fs::metadata(folder)?.mode() & RIGHTS;
    match rights & ENTERED_BY_OTHERS {
        ENTERED_BY_OTHERS => Ok(()),
        _ => fs::set_permissions(folder, Permissions::from_mode(rights | ENTERED_BY_OTHERS)),
    }
}

/// Removes the files of a folder that `is_swept` selects by their name, that were last written to longer ago than `age`, and
/// that no process has locked. Returns their number.
///
/// # Errors
/// The first error of the file system. A missing folder is empty.
pub fn sweep(folder: &Path, age: Duration, is_swept: impl Fn(&str) -> bool) -> io::Result<usize> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
        entries => entries?,
    };
    let Some(before) = SystemTime::now().checked_sub(age) else {
        return Ok(0);
    };
    let mut swept = 0;
    for entry in entries {
        let entry = entry?;
        if !is_swept(&entry.file_name().to_string_lossy()) {
            continue;
        }
        // Its process may end and remove it at any time.
        let metadata = match entry.metadata() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            metadata => metadata?,
        };
        if metadata.is_file() && metadata.modified()? < before && !is_in_use(&entry.path()) {
            match fs::remove_file(entry.path()) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => swept += 1,
            }
        }
    }
    Ok(swept)
}

/// Returns whether a process holds the lock of this file. The kernel releases it when the process ends.
fn is_in_use(path: &Path) -> bool {
    File::open(path).is_ok_and(|file| matches!(file.try_lock(), Err(fs::TryLockError::WouldBlock)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(folder: &Path) -> u32 {
        fs::metadata(folder).unwrap().mode() & RIGHTS
    }

    #[test]
    fn a_folder_is_created_for_this_user_and_an_older_one_is_narrowed() {
        let parent = tempfile::tempdir().unwrap();
        let folder = parent.path().join("data/backups");
        assert_eq!(narrow(&folder, PRIVATE).unwrap(), None);
        create(&folder).unwrap();
        assert_eq!(mode(&folder), 0o700);
        assert_eq!(narrow(&folder, PRIVATE).unwrap(), None);
        fs::set_permissions(&folder, Permissions::from_mode(0o755)).unwrap();
        assert!(narrow(&folder, ENTERED_BY_OTHERS).unwrap().is_some());
        assert_eq!(mode(&folder), 0o711);
        assert!(narrow(&folder, PRIVATE).unwrap().is_some());
        assert_eq!(mode(&folder), 0o700);
        let_others_enter(&folder).unwrap();
        assert_eq!(mode(&folder), 0o711);
    }

    #[test]
    fn a_folder_that_is_shared_on_purpose_is_not_changed() {
        let parent = tempfile::tempdir().unwrap();
        fs::set_permissions(parent.path(), Permissions::from_mode(0o1777)).unwrap();
        let warning = narrow(parent.path(), PRIVATE).unwrap().unwrap();
        assert!(warning.contains("of Decant's own"), "{warning}");
        assert_eq!(mode(parent.path()), 0o777);
    }
}
