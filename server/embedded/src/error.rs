//! Why the private PostgreSQL did not start or stop, with advice.

use std::io;
use std::path::PathBuf;

/// Why the private PostgreSQL did not start or stop.
#[derive(Debug, thiserror::Error)]
pub enum EmbeddedError {
    #[error(
        "no PostgreSQL server was found in {looked_in}; install it (Debian, Ubuntu: `apt-get install postgresql`; \
         Fedora: `dnf install postgresql-server`; macOS: `brew install postgresql`), name the folder of its programs \
         in PG_BIN_DIR, or set DSN to a database that already runs"
    )]
    NoBinaries {
        /// A list of folders.
        looked_in: String,
    },
    #[error(
        "{folder} was written by PostgreSQL {written_by}, but this machine has {found}; install PostgreSQL {written_by}, \
         or move the folder away to start with new data"
    )]
    OtherVersion {
        folder: PathBuf,
        /// The major version of the data.
        written_by: String,
        /// A list of versions.
        found: String,
    },
    #[error(
        "{0} holds files, but not those of a PostgreSQL cluster; move it away, or choose another DECANT_DATA_DIR"
    )]
    NotACluster(PathBuf),
    #[error("{folder} is in use by {holder}; stop it first, or choose another DECANT_DATA_DIR")]
    InUse {
        folder: PathBuf,
        /// The process, in words.
        holder: String,
    },
    #[error(
        "an earlier PostgreSQL still runs in {folder} (process {process_ids}) and could not be ended; end it first"
    )]
    LeftRunning {
        folder: PathBuf,
        /// A list of process ids.
        process_ids: String,
    },
    #[error(
        "PostgreSQL may not run as root, and this machine has neither a user `postgres` nor `nobody`; create one"
    )]
    NoAccount,
    #[error(
        "PostgreSQL runs as the user `{account}`, who may not enter {blocked_by}, so it cannot reach {wanted}; \
         choose a DECANT_DATA_DIR outside it (for root: /var/lib/decant), or `chmod o+x {blocked_by}`"
    )]
    Unreachable {
        account: String,
        /// The folder that the account may not enter.
        blocked_by: PathBuf,
        /// The file or folder behind it.
        wanted: PathBuf,
    },
    /// The output of `initdb`.
    #[error("initdb could not make the PostgreSQL cluster: {0}")]
    InitFailed(String),
    #[error("PostgreSQL did not start ({ended}); the end of {log}:\n{tail}")]
    DidNotStart {
        /// The exit status, or that it was not ready in time.
        ended: String,
        log: PathBuf,
        /// The last lines of the log.
        tail: String,
    },
    /// The process id of the postmaster.
    #[error(
        "PostgreSQL (process {0}) did not stop in time; its data is safe, but end it before the next start"
    )]
    DidNotStop(u32),
    #[error("could not {doing}: {source}")]
    Io {
        /// The attempted action, with its path: "write …".
        doing: String,
        source: io::Error,
    },
    #[error("the private PostgreSQL refused a connection: {0}")]
    Connect(#[from] sqlx::Error),
}

/// Adds the attempted action to an error of input or output.
pub(crate) trait IoContext<T> {
    fn context(self, action: impl FnOnce() -> String) -> Result<T, EmbeddedError>;
}

impl<T> IoContext<T> for io::Result<T> {
    fn context(self, action: impl FnOnce() -> String) -> Result<T, EmbeddedError> {
        self.map_err(|source| EmbeddedError::Io {
            doing: action(),
            source,
        })
    }
}
