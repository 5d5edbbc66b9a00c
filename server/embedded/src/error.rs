//! Why the private PostgreSQL could not be had, and what to do about it.

use std::io;
use std::path::PathBuf;

/// The private PostgreSQL could not be started or stopped.
#[derive(Debug, thiserror::Error)]
pub enum EmbeddedError {
    /// PostgreSQL is not installed where we look.
    #[error(
        "no PostgreSQL server was found in {looked_in}; install it (Debian, Ubuntu: `apt-get install postgresql`; \
         Fedora: `dnf install postgresql-server`; macOS: `brew install postgresql`), name the folder of its programs \
         in PG_BIN_DIR, or set DSN to a database that already runs"
    )]
    NoBinaries {
        /// The folders, for people.
        looked_in: String,
    },
    /// The data was written by another major version than the machine has.
    #[error(
        "{folder} was written by PostgreSQL {written_by}, but this machine has {found}; install PostgreSQL {written_by}, \
         or move the folder away to begin anew"
    )]
    OtherVersion {
        /// The cluster's folder.
        folder: PathBuf,
        /// Its major version.
        written_by: String,
        /// The versions that were found, for people.
        found: String,
    },
    /// The folder named `data` is not a cluster of ours.
    #[error(
        "{0} holds files, but not those of a PostgreSQL cluster; move it away, or choose another DECANT_DATA_DIR"
    )]
    NotACluster(PathBuf),
    /// Another Decant runs on the same folder.
    #[error("{folder} is in use by {holder}; stop it first, or choose another DECANT_DATA_DIR")]
    InUse {
        /// The folder both want.
        folder: PathBuf,
        /// Who has it, for people.
        holder: String,
    },
    /// A PostgreSQL that an earlier Decant left behind could not be ended.
    #[error(
        "an earlier PostgreSQL still runs in {folder} (process {process_ids}) and could not be ended; end it first"
    )]
    LeftRunning {
        /// The cluster's folder.
        folder: PathBuf,
        /// The processes, for people.
        process_ids: String,
    },
    /// We are root, and there is nobody to run PostgreSQL as.
    #[error(
        "PostgreSQL may not run as root, and this machine has neither a user `postgres` nor `nobody`; create one"
    )]
    NoAccount,
    /// The user that PostgreSQL is to run as may not reach the data or the programs.
    #[error(
        "PostgreSQL runs as the user `{account}`, who may not enter {blocked_by}, so it cannot reach {wanted}; \
         choose a DECANT_DATA_DIR outside it (for root: /var/lib/decant), or `chmod o+x {blocked_by}`"
    )]
    Unreachable {
        /// The user's name.
        account: String,
        /// The folder that shuts the user out.
        blocked_by: PathBuf,
        /// What lies behind it.
        wanted: PathBuf,
    },
    /// `initdb` failed.
    #[error("initdb could not make the PostgreSQL cluster: {0}")]
    InitFailed(String),
    /// PostgreSQL ended while it started.
    #[error("PostgreSQL did not start ({ended}); the end of {log}:\n{tail}")]
    DidNotStart {
        /// How it ended.
        ended: String,
        /// Its log.
        log: PathBuf,
        /// The last lines of it.
        tail: String,
    },
    /// PostgreSQL runs on although it was told to stop.
    #[error(
        "PostgreSQL (process {0}) did not stop in time; its data is safe, but end it before the next start"
    )]
    DidNotStop(u32),
    /// The operating system refused something.
    #[error("could not {doing}: {source}")]
    Io {
        /// What was being done, with the path.
        doing: String,
        /// Why not.
        source: io::Error,
    },
    /// It runs, but refuses us.
    #[error("the private PostgreSQL refused a connection: {0}")]
    Connect(#[from] sqlx::Error),
}

/// Names what was being done when an input or output failed.
pub(crate) trait Doing<T> {
    fn doing(self, what: impl FnOnce() -> String) -> Result<T, EmbeddedError>;
}

impl<T> Doing<T> for io::Result<T> {
    fn doing(self, what: impl FnOnce() -> String) -> Result<T, EmbeddedError> {
        self.map_err(|source| EmbeddedError::Io {
            doing: what(),
            source,
        })
    }
}
