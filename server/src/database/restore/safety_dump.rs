//! The dump of the live database that each restore makes first.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::time::Duration;

use api::restore::RestoreMode;
use jiff::Timestamp;
use sha2::{Digest, Sha256};
use tokio::process::Command;
use tokio::time::sleep;
use uuid::Uuid;

use super::error::RestoreError;
use crate::database::archive;
use crate::database::dump::Compression;
use crate::database::identity::file_name_part;
use crate::database::temporary_files::TemporaryFolder;
use crate::database::tools::Tools;
use crate::dsn::Dsn;
use crate::free_space::NoSpace;
use crate::hex::to_hex;
use crate::private_folder;

/// How often the free space is checked while `pg_dump` writes.
const CHECK_INTERVAL: Duration = Duration::from_millis(500);

/// The safety dumps of one database.
#[derive(Debug)]
pub(in crate::database) struct SafetyDumps {
    folder: PathBuf,
    /// The database's part of their names: commands may use one data folder for several databases.
    database: String,
    compression: Compression,
    /// The setting DECANT_SAFETY_DUMPS.
    kept: usize,
}

impl SafetyDumps {
    /// The safety dumps of this database in this data folder.
    pub fn new(dsn: &Dsn, data_dir: &Path, compression: Compression, kept: usize) -> Self {
        let address = format!("{}:{}/{}", dsn.host(), dsn.port(), dsn.database());
        let digest = Sha256::digest(address);
        let digits = to_hex(&digest[..4]);
        Self {
            folder: data_dir.join("safety"),
            database: format!("{}-{digits}", file_name_part(dsn.database())),
            compression,
            kept,
        }
    }

    /// Dumps the live database, reads the dump back, and returns its path.
    ///
    /// # Errors
    /// [`RestoreError::SafetyDump`]: `pg_dump` failed, or its file is damaged. [`RestoreError::Io`].
    pub async fn make(
        &self,
        tools: &Tools,
        live: &Dsn,
        mode: RestoreMode,
        temporary_files: &TemporaryFolder,
    ) -> Result<PathBuf, RestoreError> {
        let failed = |error: &dyn std::fmt::Display| RestoreError::SafetyDump(error.to_string());
        private_folder::create(&self.folder)?;
        // Milliseconds, because the newest dumps are kept and two restores may begin in one second.
        let at = Timestamp::now().strftime("%Y-%m-%dT%H-%M-%S-%3f");
        let unique = Uuid::new_v4().as_fields().0;
        let name = format!("{}{}_{at}_{unique:08x}.dump", beginning(mode), self.database);
        let path = self.folder.join(name);
        let (part, _) = temporary_files.create("dump")?;
        let compression = self.compression.argument(tools).await?;
        let mut command = tools.command("pg_dump", live);
        command
            .args(["--format=custom", "--no-password"])
            .arg(format!("--compress={compression}"))
            .arg("--file")
            .arg(part.path());
        let output = run_in_space(&mut command, temporary_files)
            .await
            .map_err(|error| failed(&error))?
            .map_err(|error| failed(&error))?;
        if !output.status.success() {
            return Err(failed(&String::from_utf8_lossy(&output.stderr).trim()));
        }
        let read = archive::read_file(part.path().to_owned()).await;
        read.map_err(|error| failed(&error))?;
        // The restore that follows replaces the only other copy of these rows.
        File::open(part.path())?.sync_all()?;
        part.keep(&path)?;
        Ok(path)
    }

    /// Returns the dumps that are not kept any more, the oldest first. The newest dump before a merge is always kept, because a
    /// merge leaves no previous database.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub fn expired(&self) -> io::Result<Vec<PathBuf>> {
        let mut dumps = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            let path = entry?.path();
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
            let parsed = name.and_then(|name| self.parse(&name));
            dumps.extend(parsed.map(|(at, mode)| (at, mode, path)));
        }
        dumps.sort_by(|(one, ..), (other, ..)| one.cmp(other));
        let first_kept = dumps.len().saturating_sub(self.kept);
        let newest_merge = dumps.iter().rposition(|(_, mode, _)| *mode == RestoreMode::Merge);
        let expired = dumps.into_iter().enumerate().take(first_kept);
        let expired = expired.filter(|(index, _)| Some(*index) != newest_merge);
        Ok(expired.map(|(_, (.., path))| path).collect())
    }

    /// Returns the time in the name of a dump of this database, and the mode of the restore that it was made for.
    fn parse(&self, name: &str) -> Option<(String, RestoreMode)> {
        [RestoreMode::Clean, RestoreMode::Merge]
            .into_iter()
            .find_map(|mode| {
                let rest = name.strip_prefix(beginning(mode))?;
                let at = rest.strip_prefix(&self.database)?.strip_prefix('_')?;
                Some((at.strip_suffix(".dump")?.to_owned(), mode))
            })
    }
}

fn beginning(mode: RestoreMode) -> &'static str {
    match mode {
        RestoreMode::Clean => "before-restore_",
        RestoreMode::Merge => "before-merge_",
    }
}

/// Runs a program that writes a temporary file, and kills it when the reserve of the disk is reached.
///
/// # Errors
/// [`NoSpace`]; the program cannot be run.
async fn run_in_space(
    command: &mut Command,
    temporary_files: &TemporaryFolder,
) -> Result<io::Result<Output>, NoSpace> {
    let mut running = std::pin::pin!(command.output());
    loop {
        temporary_files.check_space(0)?;
        tokio::select! {
            output = &mut running => return Ok(output),
            () = sleep(CHECK_INTERVAL) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_dumps_and_the_newest_one_before_a_merge_are_kept() {
        let folder = tempfile::tempdir().unwrap();
        let dumps = SafetyDumps {
            folder: folder.path().to_owned(),
            database: "hub-0a1b2c3d".to_owned(),
            compression: Compression::Auto,
            kept: 2,
        };
        let names = [
            "before-merge_hub-0a1b2c3d_2026-01-01T00-00-00_1.dump",
            "before-merge_hub-0a1b2c3d_2026-01-02T00-00-00_1.dump",
            "before-restore_hub-0a1b2c3d_2026-01-03T00-00-00_1.dump",
            "before-restore_hub-0a1b2c3d_2026-01-05T00-00-00-003_2.dump",
            "before-restore_hub-0a1b2c3d_2026-01-05T00-00-00-012_1.dump",
            "before-restore_other-0a1b2c3d_2026-01-01T00-00-00_1.dump",
            "before-restore_hub-0a1b2c3d_notes.txt",
        ];
        for name in names {
            fs::write(folder.path().join(name), "").unwrap();
        }
        let expired = dumps.expired().unwrap();
        assert_eq!(expired, [names[0], names[2]].map(|name| folder.path().join(name)));
    }
}
