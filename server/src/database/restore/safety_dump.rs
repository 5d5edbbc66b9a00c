//! The dump of the live database that each restore makes first.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::checked_dump::read_archive;
use super::error::RestoreError;
use crate::database::dump::Compression;
use crate::database::temporary_files::TemporaryFolder;
use crate::database::tools::Tools;
use crate::dsn::Dsn;

/// How many safety dumps are kept.
const KEPT: usize = 3;

/// The folder of the safety dumps.
#[derive(Debug)]
pub(in crate::database) struct SafetyDumps {
    folder: PathBuf,
    compression: Compression,
}

impl SafetyDumps {
    /// The safety dumps in this data folder.
    pub fn new(data_dir: &Path, compression: Compression) -> Self {
        Self {
            folder: data_dir.join("safety"),
            compression,
        }
    }

    /// Dumps the live database, reads the dump back, removes the oldest dumps, and returns the new dump's path.
    ///
    /// # Errors
    /// [`RestoreError::SafetyDump`]: `pg_dump` failed, or its file is damaged. [`RestoreError::Io`].
    pub async fn make(
        &self,
        tools: &Tools,
        live: &Dsn,
        temporary_files: &TemporaryFolder,
    ) -> Result<PathBuf, RestoreError> {
        let failed = |error: &dyn std::fmt::Display| RestoreError::SafetyDump(error.to_string());
        fs::create_dir_all(&self.folder)?;
        let at = Timestamp::now().strftime("%Y-%m-%dT%H-%M-%S");
        let path = self.folder.join(format!("before-restore_{at}.dump"));
        let (part, _) = temporary_files.create("dump")?;
        let compression = self.compression.argument(tools).await?;
        let output = tools
            .command("pg_dump", live)
            .args(["--format=custom", "--no-password"])
            .arg(format!("--compress={compression}"))
            .arg("--file")
            .arg(part.path())
            .output()
            .await
            .map_err(|error| failed(&error))?;
        if !output.status.success() {
            return Err(failed(&String::from_utf8_lossy(&output.stderr).trim()));
        }
        let read = read_archive(part.path().to_owned()).await;
        read.map_err(|error| failed(&error))?;
        // The restore that follows replaces the only other copy of these rows.
        File::open(part.path())?.sync_all()?;
        part.keep(&path)?;
        self.remove_old()?;
        Ok(path)
    }

    fn remove_old(&self) -> io::Result<()> {
        let mut dumps: Vec<PathBuf> = fs::read_dir(&self.folder)?
            .map(|entry| Ok(entry?.path()))
            .collect::<io::Result<_>>()?;
        dumps.retain(|path| path.extension().is_some_and(|ending| ending == "dump"));
        // The names contain the time, so they sort by it.
        dumps.sort();
        for old in dumps.iter().rev().skip(KEPT) {
            fs::remove_file(old)?;
        }
        Ok(())
    }
}
