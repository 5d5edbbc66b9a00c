//! Files written to a folder: readable by this user only, complete or absent, and never in place of another file.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use tempfile::{Builder, NamedTempFile, PersistError};

use crate::free_space::{self, CHECK_EVERY};
use crate::private_folder;

/// Whether a small file may exist already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PutIf {
    /// A file with this name is an error.
    Absent,
    /// A file with this name is replaced.
    Any,
}

/// Beginning and end of the name of a file that is being written.
const UNFINISHED: (&str, &str) = (".upload-", ".part");

/// A file that is being written under another name. It is locked, so that no sweep removes it. Dropping it removes it.
pub struct FolderUpload {
    file: NamedTempFile,
    path: PathBuf,
    /// Bytes of the disk that stay free.
    reserve: u64,
    /// Bytes that were written since the free space was checked.
    unchecked: u64,
}

impl FolderUpload {
    /// Starts to write the file with this path. Creates its folder if it is missing. `reserve` bytes of the disk stay free.
    ///
    /// # Errors
    /// The file exists, or the folder cannot be written.
    pub(super) fn create(path: &Path, reserve: u64) -> io::Result<Self> {
        let folder = path.parent().unwrap_or(Path::new("/"));
        private_folder::create(folder)?;
        let file = Builder::new()
            .prefix(UNFINISHED.0)
            .suffix(UNFINISHED.1)
            .tempfile_in(folder)?;
        // A file system without locks leaves the age as the only protection from a sweep.
        let _ = file.as_file().try_lock();
        Ok(Self {
            file,
            path: path.to_owned(),
            reserve,
            // The space is checked before the first byte.
            unchecked: CHECK_EVERY,
        })
    }

    pub(super) fn write_at_once(mut self, content: &[u8], condition: PutIf) -> io::Result<()> {
        self.write_all(content)?;
        self.finish(condition)
    }

    /// Gives the file its name.
    ///
    /// # Errors
    /// [`io::ErrorKind::AlreadyExists`] with [`PutIf::Absent`]; an error of the file system. Then the file is removed.
    pub(super) fn finish(self, condition: PutIf) -> io::Result<()> {
        // Without fsync, a power cut could leave an empty file under its final name.
        self.file.as_file().sync_all()?;
        let persisted = match condition {
            PutIf::Absent => self.file.persist_noclobber(&self.path).or_else(|error| {
                // FUSE and CIFS may have neither a rename that replaces nothing nor hard links.
                match cannot_keep_name_free(&error.error) {
                    true => persist_after_reserving(error.file, &self.path),
                    false => Err(error),
                }
            }),
            PutIf::Any => self.file.persist(&self.path),
        };
        persisted.map_err(|error| error.error)?;
        match self.path.parent() {
            Some(folder) => File::open(folder)?.sync_all(),
            None => Ok(()),
        }
    }
}

/// Returns whether the file system lacks what a rename needs that replaces nothing (rename(2), link(2)).
fn cannot_keep_name_free(error: &io::Error) -> bool {
    [
        nix::libc::EINVAL,
        nix::libc::ENOSYS,
        nix::libc::EOPNOTSUPP,
        nix::libc::EPERM,
    ]
    .iter()
    .any(|code| error.raw_os_error() == Some(*code))
}

/// Takes the name with an empty file, and replaces that. A crash in between leaves the empty file.
fn persist_after_reserving(file: NamedTempFile, path: &Path) -> Result<File, PersistError> {
    match File::create_new(path) {
        Err(error) => Err(PersistError { error, file }),
        Ok(_) => file.persist(path).inspect_err(|_| {
            let _ = fs::remove_file(path);
        }),
    }
}

impl Write for FolderUpload {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.unchecked >= CHECK_EVERY {
            let checked = free_space::check(self.file.path(), 0, self.reserve);
            checked.map_err(|error| io::Error::new(io::ErrorKind::StorageFull, error))?;
            self.unchecked = 0;
        }
        let written = self.file.write(bytes)?;
        self.unchecked += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// Removes the unfinished files in a folder, and in those below it, that no process writes, and whose last write is older than
/// `age`. Returns their number.
///
/// # Errors
/// The first error of the file system. A missing folder is empty.
pub(super) fn sweep(folder: &Path, age: Duration) -> io::Result<usize> {
    let mut swept = private_folder::sweep(folder, age, is_unfinished)?;
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(swept),
        entries => entries?,
    };
    for entry in entries {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            swept += sweep(&entry.path(), age)?;
        }
    }
    Ok(swept)
}

/// Returns whether a file with this name is being written, or was.
pub(super) fn is_unfinished(name: &str) -> bool {
    (name.starts_with(UNFINISHED.0) && name.ends_with(UNFINISHED.1)) || is_unfinished_of_old(name)
}

/// Older versions of Decant wrote to `NAME#NUMBER`.
fn is_unfinished_of_old(name: &str) -> bool {
    name.rsplit_once('#')
        .is_some_and(|(_, number)| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_system_without_exclusive_renames_gets_whole_files_and_none_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        let written = |content: &[u8]| {
            let mut file = NamedTempFile::new_in(folder.path()).unwrap();
            file.write_all(content).unwrap();
            file
        };
        persist_after_reserving(written(b"first"), &path).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"first");
        let refused = persist_after_reserving(written(b"second"), &path).unwrap_err();
        assert_eq!(refused.error.kind(), io::ErrorKind::AlreadyExists);
        drop(refused);
        assert_eq!(fs::read(&path).unwrap(), b"first");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        for code in [nix::libc::EPERM, nix::libc::EINVAL] {
            assert!(cannot_keep_name_free(&io::Error::from_raw_os_error(code)));
        }
        assert!(!cannot_keep_name_free(&io::Error::from_raw_os_error(
            nix::libc::EEXIST
        )));
    }
}
