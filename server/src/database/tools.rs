//! PostgreSQL's client programs on this machine, of a version that fits the database.

use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use decant_embedded::program_folders;
use secrecy::ExposeSecret;
use tokio::io::AsyncReadExt;
use tokio::process::{Child, ChildStderr, ChildStdout, Command};

use crate::dsn::Dsn;

/// As much of what a program says is kept.
const SAID_BYTES_MAX: usize = 4 * 1024;

/// The folder of client programs that can dump and restore a server's databases.
#[derive(Clone, Debug)]
pub struct Tools {
    folder: PathBuf,
    /// Their own version.
    version: u32,
    server: u32,
}

/// There are no programs that fit.
#[derive(Debug, thiserror::Error)]
#[error(
    "no pg_dump for PostgreSQL {wanted} is on this machine (found: {found}); install the client programs of \
     PostgreSQL {wanted} or newer, e.g. the package postgresql-client-{wanted}, or name their folder in PG_BIN_DIR"
)]
pub struct NoTools {
    wanted: u32,
    found: String,
}

impl Tools {
    /// The oldest programs that are not older than the server: `pg_dump` refuses newer servers, and what a newer one
    /// writes an older `pg_restore` may not read. `server` is 15 for PostgreSQL 15.18.
    ///
    /// # Errors
    /// [`NoTools`], with what there is.
    pub async fn for_server(server: u32) -> Result<Self, NoTools> {
        let mut installed = Vec::new();
        for folder in client_folders() {
            if let Some(version) = version_of(&folder.join("pg_dump")).await {
                installed.push((version, folder));
            }
        }
        // Of two of the same version the better place comes first, and stays so.
        installed.sort_by_key(|(version, _)| *version);
        let fitting = installed.iter().find(|(version, _)| *version >= server);
        match fitting {
            Some((version, folder)) => Ok(Self {
                folder: folder.clone(),
                version: *version,
                server,
            }),
            None => {
                let found = installed.iter().map(|(version, _)| version.to_string());
                let found = found.collect::<Vec<_>>().join(", ");
                Err(NoTools {
                    wanted: server,
                    found: if found.is_empty() {
                        "none".to_owned()
                    } else {
                        found
                    },
                })
            }
        }
    }

    /// Their version: 15 for PostgreSQL 15.18.
    #[must_use]
    pub fn version(&self) -> u32 {
        self.version
    }

    /// The newest archive that this `pg_restore` reads, the second number of its version (`pg_backup_archiver.h` of each
    /// release). What releases to come will write is not known.
    #[must_use]
    pub fn newest_archive(&self) -> u8 {
        match self.version {
            ..=15 => 14,
            16 => 15,
            17 | 18 => 16,
            _ => u8::MAX,
        }
    }

    /// Where they are.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Whether `pg_dump` compresses by this method: that depends on its version, and on how it was built.
    ///
    /// # Errors
    /// It cannot be run.
    pub async fn compress_by(&self, method: &str) -> io::Result<bool> {
        // It looks at its options before it looks for a database.
        let output = Command::new(self.folder.join("pg_dump"))
            .args(["--format=custom", "--host=/nowhere"])
            .arg(format!("--compress={method}"))
            .env("LC_ALL", "C")
            .stdin(Stdio::null())
            .output()
            .await?;
        let said = String::from_utf8_lossy(&output.stderr);
        Ok(said.contains("connection to server"))
    }

    /// One of the programs as a command on this database. Its messages are English, whatever the machine speaks: we
    /// read them, too. Dropping the running command kills it.
    #[must_use]
    pub fn command(&self, program: &str, dsn: &Dsn) -> Command {
        let mut command = Command::new(self.folder.join(program));
        command.kill_on_drop(true).stdin(Stdio::null());
        for (name, value) in dsn.environment() {
            command.env(name, value.expose_secret());
        }
        command
            .env("LC_ALL", "C")
            .env("PGAPPNAME", format!("decant {program}"));
        if self.server >= 14 {
            // When the program is killed, its query ends within a second, also while it has nothing to send.
            let options = dsn.options().get_options().unwrap_or_default();
            let options = format!("{options} -c client_connection_check_interval=1000");
            command.env("PGOPTIONS", options.trim_start());
        }
        command
    }
}

/// Where client programs may be: with the server's, or by themselves where `PATH` leads.
fn client_folders() -> Vec<PathBuf> {
    let mut folders = program_folders();
    if std::env::var_os("PG_BIN_DIR").is_none_or(|named| named.is_empty()) {
        let path = std::env::var_os("PATH").unwrap_or_default();
        folders.extend(std::env::split_paths(&path).filter(|folder| folder.join("pg_dump").is_file()));
    }
    folders
}

/// 15 of `pg_dump (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)`.
async fn version_of(program: &Path) -> Option<u32> {
    let output = Command::new(program).arg("--version").output().await.ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let version = text.split_whitespace().nth(2)?;
    version.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

/// Starts a program whose output is read, and what it says.
///
/// # Errors
/// It cannot be run.
pub fn start_piped(command: &mut Command) -> io::Result<(Child, ChildStdout, ChildStderr)> {
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    match (child.stdout.take(), child.stderr.take()) {
        (Some(stdout), Some(stderr)) => Ok((child, stdout, stderr)),
        _ => Err(io::Error::other("the program has no output")),
    }
}

/// The end of what a program says, where the cause of its failure stands.
pub async fn last_words(mut stderr: ChildStderr) -> String {
    let mut said = Vec::new();
    let mut buffer = [0; 1024];
    while let Ok(read @ 1..) = stderr.read(&mut buffer).await {
        said.extend_from_slice(&buffer[..read]);
        let too_many = said.len().saturating_sub(SAID_BYTES_MAX);
        said.drain(..too_many);
    }
    String::from_utf8_lossy(&said).trim().to_owned()
}
