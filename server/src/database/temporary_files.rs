//! Temporary files (uploads, lists, unfinished dumps and archives) in a folder below the data folder.
//!
//! The crate `tempfile` creates each file with a random name and access for this user only, and removes it when its value
//! is dropped. This module adds the folder, the space that must stay free on its disk, the log record when a removal fails,
//! and the sweep for files of crashed processes.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tempfile::{Builder, TempPath};

use crate::audit::Action;
use crate::free_space::{self, NoSpace};
use crate::private_folder;

/// A folder for temporary files. No other program uses it.
#[derive(Clone, Debug)]
pub struct TemporaryFolder {
    path: PathBuf,
    /// Bytes of its disk that stay free.
    reserve: u64,
}

/// A temporary file. Dropping it removes the file.
#[derive(Debug)]
pub struct TemporaryFile {
    /// `None` only while it is dropped.
    path: Option<TempPath>,
    /// Locked while the file is in use, so that no sweep of any process removes it.
    _lock: File,
}

impl TemporaryFolder {
    /// The folder for temporary files in this data folder. `reserve` bytes of its disk stay free.
    #[must_use]
    pub fn in_data_dir(data_dir: &Path, reserve: u64) -> Self {
        Self {
            path: data_dir.join("scratch"),
            reserve,
        }
    }

    /// Creates an empty file with this extension, open for writing. Creates the folder if it is missing.
    ///
    /// # Errors
    /// The folder cannot be created or written.
    pub fn create(&self, extension: &str) -> io::Result<(TemporaryFile, File)> {
        private_folder::create(&self.path)?;
        let file = Builder::new()
            .suffix(&format!(".{extension}"))
            .tempfile_in(&self.path)?;
        let (file, path) = file.into_parts();
        // A file system without locks leaves the age as the only protection from a sweep.
        let _ = file.try_lock();
        let temporary = TemporaryFile {
            path: Some(path),
            _lock: file.try_clone()?,
        };
        Ok((temporary, file))
    }

    /// Checks that this many more bytes leave the reserve free. Writers of large files call it before they begin and, where
    /// they do not know the size, as they go on.
    ///
    /// # Errors
    /// [`NoSpace`]. Where the free space cannot be read, there is no error.
    pub fn check_space(&self, bytes: u64) -> Result<(), NoSpace> {
        // The space of a missing folder cannot be read. If it cannot be created, the writer meets the same error.
        let _ = private_folder::create(&self.path);
        free_space::check(&self.path, bytes, self.reserve)
    }

    /// Removes files that no process uses and that were last written to longer ago than `age`. Returns their number.
    ///
    /// # Errors
    /// The folder cannot be read. A missing folder is no error.
    pub fn sweep(&self, age: Duration) -> io::Result<usize> {
        private_folder::sweep(&self.path, age, |_| true)
    }

    /// Removes files with this extension that no process uses. Returns their number.
    ///
    /// # Errors
    /// The folder cannot be read. A missing folder is no error.
    pub fn sweep_extension(&self, extension: &str) -> io::Result<usize> {
        let has_extension = |name: &str| {
            Path::new(name)
                .extension()
                .is_some_and(|found| found == extension)
        };
        private_folder::sweep(&self.path, Duration::ZERO, has_extension)
    }
}

impl TemporaryFile {
    #[must_use]
    pub fn path(&self) -> &Path {
        self.path.as_deref().unwrap_or(Path::new(""))
    }

    /// Renames the file to a permanent path in the same file system. If that fails, the file is removed.
    ///
    /// # Errors
    /// The file cannot be renamed.
    pub fn keep(mut self, path: &Path) -> io::Result<()> {
        match self.path.take() {
            Some(temporary) => temporary.persist(path).map_err(|error| error.error),
            None => Ok(()),
        }
    }
}

impl AsRef<Path> for TemporaryFile {
    fn as_ref(&self) -> &Path {
        self.path()
    }
}

impl Drop for TemporaryFile {
    fn drop(&mut self) {
        if let Some(Err(error)) = self.path.take().map(TempPath::close) {
            tracing::warn!(action = Action::TempFileCleanupError.name(), %error);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn folder(data: &Path) -> TemporaryFolder {
        TemporaryFolder::in_data_dir(data, 0)
    }

    #[test]
    fn only_this_user_may_read_a_file_or_list_the_folder() {
        let data = tempfile::tempdir().unwrap();
        let (file, _) = folder(data.path()).create("dump").unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(file.path()), 0o600);
        assert_eq!(mode(file.path().parent().unwrap()), 0o700);
        assert!(
            file.path()
                .extension()
                .is_some_and(|extension| extension == "dump")
        );
    }

    #[test]
    fn a_file_is_removed_with_its_value_and_a_forgotten_one_by_the_sweep() {
        let data = tempfile::tempdir().unwrap();
        let folder = folder(data.path());
        assert_eq!(folder.sweep(Duration::ZERO).unwrap(), 0);
        let (file, _) = folder.create("dump").unwrap();
        let path = file.path().to_owned();
        drop(file);
        assert!(!path.exists());

        let (used, file) = folder.create("dump").unwrap();
        drop(file);
        let path = used.path().with_extension("forgotten");
        fs::write(&path, "").unwrap();
        assert_eq!(folder.sweep(Duration::from_secs(60)).unwrap(), 0);
        assert!(path.exists());
        std::thread::sleep(Duration::from_millis(20));
        assert_eq!(folder.sweep(Duration::ZERO).unwrap(), 1);
        assert!(!path.exists() && used.path().exists());
    }

    #[test]
    fn a_kept_file_stays() {
        let data = tempfile::tempdir().unwrap();
        let (file, _) = folder(data.path()).create("dump").unwrap();
        let kept = data.path().join("kept.dump");
        file.keep(&kept).unwrap();
        assert!(kept.exists());
    }
}
