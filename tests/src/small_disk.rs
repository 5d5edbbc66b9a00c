//! A disk that is soon full.

use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use crate::cluster::folder;

/// A small file system of its own; dropping it takes it away. Whoever may not mount uses sudo for it.
#[derive(Debug)]
pub struct SmallDisk {
    folder: TempDir,
}

impl SmallDisk {
    /// A disk of so many bytes.
    ///
    /// # Panics
    /// If this machine does not let us have one.
    #[must_use]
    pub fn of_bytes(bytes: u64) -> Self {
        let disk = Self { folder: folder() };
        let options = format!("size={bytes},mode=0777");
        disk.system("mount", &["-t", "tmpfs", "-o", &options, "decant-tests"]);
        disk
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    fn system(&self, program: &str, arguments: &[&str]) {
        let mut command = match nix::unistd::geteuid().is_root() {
            true => Command::new(program),
            false => {
                let mut sudo = Command::new("sudo");
                sudo.args(["-n", program]);
                sudo
            }
        };
        let ended = command.args(arguments).arg(self.path()).status();
        assert!(ended.is_ok_and(|status| status.success()), "{program} failed");
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // A program that was just killed may still hold it: it goes when that is gone.
        self.system("umount", &["--lazy"]);
    }
}
