//! A small file system, for tests with a full disk.

use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use crate::cluster::folder;

/// A tmpfs of its own. Dropping the value unmounts it. Without root rights it calls `sudo mount`.
#[derive(Debug)]
pub struct SmallDisk {
    folder: TempDir,
}

impl SmallDisk {
    pub fn of_bytes(bytes: u64) -> Self {
        let disk = Self { folder: folder() };
        let options = format!("size={bytes},mode=0777");
        disk.system("mount", &["-t", "tmpfs", "-o", &options, "decant-tests"]);
        disk
    }

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
        // Lazily, because a program that was just killed may still use it.
        self.system("umount", &["--lazy"]);
    }
}
