//! PostgreSQL's client programs (`pg_dump`, `pg_restore`) on this machine, of a version that fits the database.

use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use decant_embedded::{end_with_parent, program_environment, program_folders};
use nix::sys::signal::Signal;
use secrecy::ExposeSecret;
use sqlx::{Connection, PgConnection, query_scalar};
use tokio::io::AsyncReadExt;
use tokio::process::{Child, ChildStderr, ChildStdout, Command};

use crate::dsn::Dsn;
use crate::source::database_message;

/// Only the end of a program's error output is kept, because the cause of a failure stands there.
const STDERR_BYTES_MAX: usize = 4 * 1024;

/// Settings for the sessions of PostgreSQL's programs. The first ends a query within a second after its program was killed,
/// even while no row is sent. Poolers and servers before PostgreSQL 14 refuse them; then there are none.
const PROGRAM_SETTINGS: [(&str, &str); 2] = [
    ("client_connection_check_interval", "1000"),
    ("idle_session_timeout", "0"),
];

/// The folder of client programs that can dump and restore a server's databases.
#[derive(Clone, Debug)]
pub struct Tools {
    folder: PathBuf,
    /// The major version of the programs.
    version: u32,
    /// The major version of the server.
    server: u32,
    /// Settings of the programs' sessions, for `PGOPTIONS`.
    options: String,
}

/// Why no client programs can be chosen.
#[derive(Debug, thiserror::Error)]
pub enum ToolsError {
    #[error("the database does not answer: {}", database_message(.0))]
    Database(#[from] sqlx::Error),
    #[error(
        "no pg_dump for PostgreSQL {wanted} is on this machine (found: {found}); install the client programs of \
         PostgreSQL {wanted} or newer, e.g. the package postgresql-client-{wanted}, or name their folder in PG_BIN_DIR"
    )]
    NotFound { wanted: u32, found: String },
}

impl Tools {
    /// Returns the programs for the server of this database, which is asked for its version.
    ///
    /// # Errors
    /// [`ToolsError`]: the database does not answer, or no installed programs fit its server.
    pub async fn for_database(dsn: &Dsn) -> Result<Self, ToolsError> {
        let own = dsn.options();
        let with_settings = own.clone().options(PROGRAM_SETTINGS);
        let (mut connection, options) = match PgConnection::connect_with(&with_settings).await {
            Ok(connection) => (connection, &with_settings),
            Err(sqlx::Error::Database(_)) => (PgConnection::connect_with(own).await?, own),
            Err(error) => return Err(error.into()),
        };
        let server = major_version(&mut connection).await?;
        let _ = connection.close().await;
        let options = options.get_options().unwrap_or_default().to_owned();
        Self::for_server(server, options).await
    }

    /// Returns the oldest programs that are not older than the server (`15` for PostgreSQL 15.18). `pg_dump` refuses
    /// newer servers, and an older `pg_restore` may not read what a newer `pg_dump` writes.
    async fn for_server(server: u32, options: String) -> Result<Self, ToolsError> {
        let mut installed = Vec::new();
        for folder in client_folders() {
            if let Some(version) = version_of(&folder.join("pg_dump")).await {
                installed.push((version, folder));
            }
        }
        // The sort is stable: of two folders with the same version, the one that is searched first wins.
        installed.sort_by_key(|(version, _)| *version);
        let fitting = installed.iter().find(|(version, _)| *version >= server);
        match fitting {
            Some((version, folder)) => Ok(Self {
                folder: folder.clone(),
                version: *version,
                server,
                options,
            }),
            None => {
                let found = installed.iter().map(|(version, _)| version.to_string());
                let found = found.collect::<Vec<_>>().join(", ");
                Err(ToolsError::NotFound {
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

    /// Returns the major version of the programs: 15 for PostgreSQL 15.18.
    #[must_use]
    pub fn version(&self) -> u32 {
        self.version
    }

    /// Returns the minor version of the newest archive format that this `pg_restore` reads (`pg_backup_archiver.h` of
    /// each release). The formats of future releases are not known, so they are not refused here.
    #[must_use]
    pub fn newest_archive(&self) -> u8 {
        match self.version {
            ..=15 => 14,
            16 => 15,
            17 | 18 => 16,
            _ => u8::MAX,
        }
    }

    /// Returns the folder of the programs.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Returns whether `pg_dump` supports this compression method, which depends on its version and its build options.
    ///
    /// # Errors
    /// `pg_dump` cannot be started.
    pub async fn supports_compression(&self, method: &str) -> io::Result<bool> {
        // `pg_dump` checks its options before it connects. A failing connection means that the method is supported.
        let mut command = Command::new(self.folder.join("pg_dump"));
        clear_environment(&mut command);
        let output = command
            .args(["--format=custom", "--host=/nowhere"])
            .arg(format!("--compress={method}"))
            .env("LC_ALL", "C")
            .stdin(Stdio::null())
            .output()
            .await?;
        let stderr = String::from_utf8_lossy(&output.stderr);
        Ok(stderr.contains("connection to server"))
    }

    /// Returns a command that runs one of the programs on this database. Its messages are English, because Decant parses
    /// some of them. Dropping the running child kills it, and so does the end of this process, also when it is killed.
    #[must_use]
    pub fn command(&self, program: &str, dsn: &Dsn) -> Command {
        let mut command = Command::new(self.folder.join(program));
        command.kill_on_drop(true).stdin(Stdio::null());
        end_with_parent(command.as_std_mut(), Signal::SIGKILL);
        clear_environment(&mut command);
        for name in Dsn::foreign_variables() {
            command.env_remove(name);
        }
        for (name, value) in dsn.environment() {
            command.env(name, value.expose_secret());
        }
        command
            .env("LC_ALL", "C")
            .env("PGAPPNAME", format!("decant {program}"));
        if !self.options.is_empty() {
            command.env("PGOPTIONS", &self.options);
        }
        command
    }

    /// Returns whether the server lacks a setting that the scripts of this `pg_restore` set.
    #[must_use]
    pub fn sets_unknown_timeout(&self) -> bool {
        self.version >= 17 && self.server < 17
    }
}

/// Leaves only the variables that PostgreSQL's client programs read: none of Decant's secrets.
fn clear_environment(command: &mut Command) {
    let of_libpq = std::env::vars_os().filter(|(name, _)| name.as_encoded_bytes().starts_with(b"PG"));
    command.env_clear().envs(program_environment()).envs(of_libpq);
}

/// Returns the folders to search: those of the server's programs, then those of `PATH`. `PG_BIN_DIR` replaces them all.
fn client_folders() -> Vec<PathBuf> {
    let mut folders = program_folders();
    if std::env::var_os("PG_BIN_DIR").is_none_or(|named| named.is_empty()) {
        let path = std::env::var_os("PATH").unwrap_or_default();
        folders.extend(std::env::split_paths(&path).filter(|folder| folder.join("pg_dump").is_file()));
    }
    folders
}

/// Returns 15 of `pg_dump (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)`.
async fn version_of(program: &Path) -> Option<u32> {
    let mut command = Command::new(program);
    clear_environment(&mut command);
    let output = command.arg("--version").output().await.ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let version = text.split_whitespace().nth(2)?;
    version.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

/// Returns the server's major version, 15 for PostgreSQL 15.18.
async fn major_version(connection: &mut PgConnection) -> sqlx::Result<u32> {
    let number: i32 = query_scalar("select pg_catalog.current_setting('server_version_num')::int")
        .fetch_one(connection)
        .await?;
    Ok(number.unsigned_abs() / 10_000)
}

/// Starts a program, and returns it with its piped output and error output.
///
/// # Errors
/// The program cannot be started.
pub fn spawn_piped(command: &mut Command) -> io::Result<(Child, ChildStdout, ChildStderr)> {
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    match (child.stdout.take(), child.stderr.take()) {
        (Some(stdout), Some(stderr)) => Ok((child, stdout, stderr)),
        _ => Err(io::Error::other("the program has no output")),
    }
}

/// Reads a program's error output to its end, and returns the last 4 KiB of it.
pub async fn read_stderr(mut stderr: ChildStderr) -> String {
    let mut kept = Vec::new();
    let mut buffer = [0; 1024];
    while let Ok(read @ 1..) = stderr.read(&mut buffer).await {
        kept.extend_from_slice(&buffer[..read]);
        let too_many = kept.len().saturating_sub(STDERR_BYTES_MAX);
        kept.drain(..too_many);
    }
    String::from_utf8_lossy(&kept).trim().to_owned()
}
