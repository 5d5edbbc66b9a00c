//! The programs of PostgreSQL 17, which the set-up installs beside the machine's own.

use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::cluster::folder;

/// Returns the folder of the programs, for `PG_BIN_DIR` of a Decant that needs no server.
pub fn programs() -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let link = std::env::split_paths(&path).map(|folder| folder.join("postgres-17"));
    let program = link.filter_map(|link| link.canonicalize().ok()).next();
    let program = program.expect("`scripts/set-up.sh test` installs PostgreSQL 17");
    program.parent().expect("a program is in …/bin").to_owned()
}

/// A copy that PostgreSQL's own account may run. Dropping it removes it.
#[derive(Debug)]
pub struct NewerPostgres {
    folder: TempDir,
}

impl NewerPostgres {
    /// Copies them from the set-up's folder, because other accounts may not enter a home folder.
    pub fn copied() -> Self {
        let programs = programs();
        let installation = programs.parent().expect("a program is in …/bin");
        let folder = folder();
        let copied = Command::new("cp")
            .arg("--archive")
            .arg(installation)
            .arg(folder.path().join("postgresql"))
            .status();
        assert!(copied.is_ok_and(|status| status.success()), "{installation:?}");
        Self { folder }
    }

    /// Returns the folder for `PG_BIN_DIR`.
    pub fn programs(&self) -> PathBuf {
        Path::new(self.folder.path()).join("postgresql/bin")
    }
}
