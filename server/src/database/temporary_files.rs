//! Temporary files (uploads, lists, unfinished dumps and archives) in a folder below the data folder.
//!
//! The crate `tempfile` creates each file with a random name and access for this user only, and removes it when its value
//! is dropped. This module adds the folder, the log record when a removal fails, and the sweep for files of crashed
//! processes.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use tempfile::{Builder, TempPath};

use crate::audit::Action;

/// A folder for temporary files. No other program uses it.
#[derive(Clone, Debug)]
pub struct TemporaryFolder {
    path: PathBuf,
}

/// A temporary file. Dropping it removes the file.
#[derive(Debug)]
pub struct TemporaryFile {
    /// `None` only while it is dropped.
    path: Option<TempPath>,
}

impl TemporaryFolder {
    /// The folder for temporary files in this data folder.
    #[must_use]
    pub fn in_data_dir(data_dir: &Path) -> Self {
        Self::new(data_dir.join("scratch"))
    }

    #[must_use]
    pub fn new(path: PathBuf) -> Self {
        Self { path }
    }

    /// Creates an empty file with this extension, open for writing. Creates the folder if it is missing.
    ///
    /// # Errors
    /// The folder cannot be created or written.
    pub fn create(&self, extension: &str) -> io::Result<(TemporaryFile, File)> {
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&self.path)?;
        let file = Builder::new()
            .suffix(&format!(".{extension}"))
            .tempfile_in(&self.path)?;
        let (file, path) = file.into_parts();
        Ok((TemporaryFile { path: Some(path) }, file))
    }

    /// Removes files that were last written to longer ago than `age`, and returns their number.
    ///
    /// # Errors
    /// The folder cannot be read. A missing folder is no error.
    pub fn sweep(&self, age: Duration) -> io::Result<usize> {
        let entries = match fs::read_dir(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
            entries => entries?,
        };
        let Some(before) = SystemTime::now().checked_sub(age) else {
            return Ok(0);
        };
        let mut swept = 0;
        for entry in entries {
            let entry = entry?;
            let metadata = entry.metadata()?;
            if metadata.is_file() && metadata.modified()? < before {
                fs::remove_file(entry.path())?;
                swept += 1;
            }
        }
        Ok(swept)
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
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn only_this_user_may_read_a_file_or_list_the_folder() {
        let data = tempfile::tempdir().unwrap();
        let (file, _) = TemporaryFolder::in_data_dir(data.path()).create("dump").unwrap();
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
        let folder = TemporaryFolder::in_data_dir(data.path());
        assert_eq!(folder.sweep(Duration::ZERO).unwrap(), 0);
        let (file, _) = folder.create("dump").unwrap();
        let path = file.path().to_owned();
        drop(file);
        assert!(!path.exists());

        let (forgotten, _) = folder.create("dump").unwrap();
        let path = forgotten.path().to_owned();
        std::mem::forget(forgotten);
        assert_eq!(folder.sweep(Duration::from_secs(60)).unwrap(), 0);
        assert!(path.exists());
        std::thread::sleep(Duration::from_millis(20));
        assert_eq!(folder.sweep(Duration::ZERO).unwrap(), 1);
        assert!(!path.exists());
    }

    #[test]
    fn a_kept_file_stays() {
        let data = tempfile::tempdir().unwrap();
        let (file, _) = TemporaryFolder::in_data_dir(data.path()).create("dump").unwrap();
        let kept = data.path().join("kept.dump");
        file.keep(&kept).unwrap();
        assert!(kept.exists());
    }
}
