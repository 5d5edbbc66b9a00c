//! The dump of the live database that each restore makes first.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::time::Duration;

use jiff::Timestamp;
use sha2::{Digest, Sha256};
use tokio::process::Command;
use tokio::time::sleep;
use uuid::Uuid;

use super::checked_dump::read_archive;
use super::error::RestoreError;
use crate::database::dump::Compression;
use crate::database::identity::file_name_part;
use crate::database::temporary_files::TemporaryFolder;
use crate::database::tools::Tools;
use crate::dsn::Dsn;
use crate::free_space::NoSpace;
use crate::private_folder;

/// How many safety dumps of a database are kept.
const KEPT: usize = 3;

/// How often the free space is checked while `pg_dump` writes.
const CHECK_INTERVAL: Duration = Duration::from_millis(500);

/// The safety dumps of one database.
#[derive(Debug)]
pub(in crate::database) struct SafetyDumps {
    folder: PathBuf,
    /// The beginning of their names: commands may use one data folder for several databases.
    prefix: String,
    compression: Compression,
}

impl SafetyDumps {
    /// The safety dumps of this database in this data folder.
    pub fn new(dsn: &Dsn, data_dir: &Path, compression: Compression) -> Self {
        let address = format!("{}:{}/{}", dsn.host(), dsn.port(), dsn.database());
        let digest = Sha256::digest(address);
        let digits: String = digest[..4].iter().map(|byte| format!("{byte:02x}")).collect();
        Self {
            folder: data_dir.join("safety"),
            prefix: format!("before-restore_{}-{digits}_", file_name_part(dsn.database())),
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
        private_folder::create(&self.folder)?;
        let at = Timestamp::now().strftime("%Y-%m-%dT%H-%M-%S");
        // Two restores may begin in one second.
        let unique = Uuid::new_v4().as_fields().0;
        let name = format!("{}{at}_{unique:08x}.dump", self.prefix);
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
        let is_own = |name: &str| name.starts_with(&self.prefix) && name.ends_with(".dump");
        dumps.retain(|path| {
            path.file_name()
                .is_some_and(|name| is_own(&name.to_string_lossy()))
        });
        // The time follows the common beginning of the names, so they sort by it.
        dumps.sort();
        for old in dumps.iter().rev().skip(KEPT) {
            fs::remove_file(old)?;
        }
        Ok(())
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
