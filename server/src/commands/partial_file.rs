//! A file that gets its name when it is complete.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// How often the file is made again because another command removed it.
const TRIES: usize = 5;

/// A file with the name `<path>.part`. It is removed when this is dropped before [`complete`](Self::complete).
///
/// A lock (flock) marks it as in use, so no other command removes it or writes it. The lock of a killed command is gone.
pub struct PartialFile {
    file: File,
    part: PathBuf,
    path: PathBuf,
    is_complete: bool,
}

impl PartialFile {
    /// Makes a new file. One that a killed command has left is removed, because others may have it open.
    ///
    /// # Errors
    /// [`io::ErrorKind::ResourceBusy`] while another command writes the file; any error of the system.
    pub fn create(path: &Path, options: &mut OpenOptions) -> io::Result<Self> {
        let mut part = path.as_os_str().to_owned();
        part.push(".part");
        let part = PathBuf::from(part);
        options.write(true).create_new(true);
        for _ in 0..TRIES {
            let file = match options.open(&part) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                    remove_left(&part)?;
                    continue;
                }
                opened => opened?,
            };
            lock(&file, &part)?;
            // Before the lock, another command may have taken the new file for one that was left.
            if is_at(&file, &part) {
                let path = path.to_owned();
                return Ok(Self {
                    file,
                    part,
                    path,
                    is_complete: false,
                });
            }
        }
        Err(in_use(&part))
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)
    }

    /// Renames the file after fsync: without it, a power cut could leave a truncated file under the final name.
    ///
    /// # Errors
    /// [`io::ErrorKind::ResourceBusy`] when another file has taken the name; any error of the system.
    pub fn complete(&mut self) -> io::Result<()> {
        self.file.sync_all()?;
        // Not every file system has locks.
        if !is_at(&self.file, &self.part) {
            return Err(in_use(&self.part));
        }
        fs::rename(&self.part, &self.path)?;
        self.is_complete = true;
        Ok(())
    }
}

impl Drop for PartialFile {
    fn drop(&mut self) {
        if !self.is_complete && is_at(&self.file, &self.part) {
            let _ = fs::remove_file(&self.part);
        }
    }
}

/// Removes a file that no command writes.
fn remove_left(part: &Path) -> io::Result<()> {
    let left = match File::open(part) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        left => left?,
    };
    lock(&left, part)?;
    match is_at(&left, part) {
        true => fs::remove_file(part),
        false => Ok(()),
    }
}

fn lock(file: &File, part: &Path) -> io::Result<()> {
    match file.try_lock() {
        Err(TryLockError::WouldBlock) => Err(in_use(part)),
        // A file system without locks.
        Err(TryLockError::Error(_)) | Ok(()) => Ok(()),
    }
}

/// Returns whether the path still leads to this file.
fn is_at(file: &File, path: &Path) -> bool {
    let (Ok(file), Ok(found)) = (file.metadata(), fs::symlink_metadata(path)) else {
        return false;
    };
    (file.dev(), file.ino()) == (found.dev(), found.ino())
}

fn in_use(part: &Path) -> io::Error {
    let problem = format!(
        "another command is writing {}; wait for it, or choose another name",
        part.display()
    );
    io::Error::new(io::ErrorKind::ResourceBusy, problem)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_files_of_one_name_are_never_written_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.csv");
        let create = || PartialFile::create(&path, &mut OpenOptions::new());
        let mut first = create().unwrap();
        first.write(b"first").unwrap();
        let refused = create().err().unwrap();
        assert_eq!(refused.kind(), io::ErrorKind::ResourceBusy);
        first.complete().unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"first");
        // Now the name is free.
        create().unwrap().complete().unwrap();
    }

    #[test]
    fn a_file_that_a_killed_command_left_is_replaced_and_a_foreign_one_is_not_renamed() {
        let folder = tempfile::tempdir().unwrap();
        let (path, part) = (folder.path().join("x.csv"), folder.path().join("x.csv.part"));
        fs::write(&part, "left").unwrap();
        let mut file = PartialFile::create(&path, &mut OpenOptions::new()).unwrap();
        file.write(b"whole").unwrap();
        fs::remove_file(&part).unwrap();
        fs::write(&part, "of another program").unwrap();
        assert!(file.complete().is_err());
        drop(file);
        assert!(!path.exists() && part.exists());
    }
}
