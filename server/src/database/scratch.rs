//! Files that are needed for a while only: uploads, lists. They have a folder of their own and names that nobody can
//! guess, and each is removed with its value. What a crash leaves behind goes with a sweep.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use uuid::Uuid;

use crate::audit::Action;

/// The folder.
#[derive(Clone, Debug)]
pub struct Scratch {
    folder: PathBuf,
}

/// A file in it; dropping it removes it.
#[derive(Debug)]
pub struct ScratchFile {
    path: PathBuf,
}

impl Scratch {
    /// The folder in this data folder.
    #[must_use]
    pub fn in_data_dir(data_dir: &Path) -> Self {
        Self::in_folder(data_dir.join("scratch"))
    }

    /// This folder, which nobody else uses.
    #[must_use]
    pub fn in_folder(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// A new, empty file that only this user may read, open for writing.
    ///
    /// # Errors
    /// If the folder cannot be written.
    pub fn file(&self, ending: &str) -> io::Result<(ScratchFile, File)> {
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&self.folder)?;
        let path = self.folder.join(format!("{}.{ending}", Uuid::new_v4()));
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&path)?;
        Ok((ScratchFile { path }, file))
    }

    /// Removes the files that nobody has written to for so long, and says how many.
    ///
    /// # Errors
    /// If the folder cannot be read; one that is not there yet has nothing to sweep.
    pub fn sweep(&self, age: Duration) -> io::Result<usize> {
        let entries = match fs::read_dir(&self.folder) {
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

impl ScratchFile {
    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Gives it a name for good, in the same file system. If that fails it is removed.
    ///
    /// # Errors
    /// If it cannot be renamed.
    pub fn keep(self, path: &Path) -> io::Result<()> {
        fs::rename(&self.path, path)?;
        std::mem::forget(self);
        Ok(())
    }
}

impl AsRef<Path> for ScratchFile {
    fn as_ref(&self) -> &Path {
        &self.path
    }
}

impl Drop for ScratchFile {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_file(&self.path) {
            tracing::warn!(action = Action::TempFileCleanupError.name(), %error);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_goes_with_its_value_and_a_forgotten_one_with_the_sweep() {
        let data = tempfile::tempdir().unwrap();
        let scratch = Scratch::in_data_dir(data.path());
        assert_eq!(scratch.sweep(Duration::ZERO).unwrap(), 0);
        let (file, _) = scratch.file("dump").unwrap();
        let path = file.path().to_owned();
        drop(file);
        assert!(!path.exists());

        let (forgotten, _) = scratch.file("dump").unwrap();
        let path = forgotten.path().to_owned();
        std::mem::forget(forgotten);
        assert_eq!(scratch.sweep(Duration::from_secs(60)).unwrap(), 0);
        assert!(path.exists());
        std::thread::sleep(Duration::from_millis(20));
        assert_eq!(scratch.sweep(Duration::ZERO).unwrap(), 1);
        assert!(!path.exists());
    }
}
