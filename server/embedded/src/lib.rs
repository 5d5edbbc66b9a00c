//! The private PostgreSQL that Decant runs where no `DSN` names another.
//!
//! It is made from the PostgreSQL programs of this machine, listens on a Unix socket only, never runs as root, and ends
//! with this program, however this program ends. Everything it has lies in `<data_dir>/postgres`:
//!
//! | name           | what                                                                            |
//! |----------------|---------------------------------------------------------------------------------|
//! | `data`         | the cluster; whole as soon as it has this name, since it is made as `data.new-…` |
//! | `socket`       | the socket's folder, 0700; a link into `/tmp` where the path suits no socket     |
//! | `postgres.log` | what PostgreSQL says                                                            |
//! | `lock`         | held, and naming the process, while a Decant uses the folder                    |

mod account;
mod binaries;
mod cluster;
mod error;
mod folder;
mod keeper;
mod leftovers;
mod log;
mod socket;

use std::path::{Path, PathBuf};
use std::time::Duration;

use nix::sys::signal::Signal;
use sqlx::Connection;
use sqlx::postgres::{PgConnectOptions, PgConnection, PgSslMode};

pub use binaries::{Binaries, binaries, folders as program_folders};
use error::Doing;
pub use error::EmbeddedError;
use folder::Folder;
use keeper::Postmaster;

/// The name of the database that Decant keeps its tables in.
pub const DATABASE: &str = "decant";
/// PostgreSQL's superuser there: the name that dumps and tools expect.
const USER: &str = "postgres";
/// A part of the socket's name; nothing listens on TCP.
const PORT: u16 = 5432;

/// How long a start may take, crash recovery included.
const READY_MAX: Duration = Duration::from_secs(120);
/// How long open transactions are given to be rolled back and buffers to be written.
const FAST_STOP_MAX: Duration = Duration::from_secs(30);
/// How long PostgreSQL is given to end without writing anything.
const IMMEDIATE_STOP_MAX: Duration = Duration::from_secs(10);

/// A running private PostgreSQL. Dropping it tells PostgreSQL to stop; [`stop`](Self::stop) also waits.
#[derive(Debug)]
pub struct EmbeddedPostgres {
    postmaster: Postmaster,
    folder: Folder,
}

impl EmbeddedPostgres {
    /// Starts the PostgreSQL of `<data_dir>/postgres`, making it on the first start, and returns when the database
    /// [`DATABASE`] answers.
    ///
    /// # Errors
    /// See [`EmbeddedError`]; nothing is left running.
    pub async fn start(data_dir: &Path) -> Result<Self, EmbeddedError> {
        Self::start_with(data_dir, &[]).await
    }

    /// As [`start`](Self::start), with PostgreSQL settings of the caller's own, such as `("fsync", "off")` in a test.
    ///
    /// # Errors
    /// As [`start`](Self::start).
    pub async fn start_with(data_dir: &Path, settings: &[(&str, &str)]) -> Result<Self, EmbeddedError> {
        let data_dir = data_dir.to_owned();
        let durable = !settings.contains(&("fsync", "off"));
        let folder = tokio::task::spawn_blocking(move || Folder::prepare(&data_dir, durable))
            .await
            .expect("the preparation neither panics nor is cancelled")?;
        let command = folder.server_command(settings)?;
        let postmaster = Postmaster::spawn(command)
            .await
            .doing(|| "start PostgreSQL".to_owned())?;
        // From here on dropping `running` ends PostgreSQL, also when this future is dropped half-way.
        let running = Self { postmaster, folder };
        running.become_ready().await?;
        PgConnection::connect_with(&running.connect_options())
            .await?
            .close()
            .await?;
        Ok(running)
    }

    /// How to connect to the database [`DATABASE`].
    #[must_use]
    pub fn connect_options(&self) -> PgConnectOptions {
        options(self.folder.socket())
    }

    /// The same as an address for `psql`, `pg_dump` and other programs.
    #[must_use]
    pub fn url(&self) -> String {
        // Its path needs no escapes: see `socket::suits`.
        let socket = self.folder.socket().display();
        format!("postgres:///{DATABASE}?host={socket}&port={PORT}&user={USER}&sslmode=disable")
    }

    /// The process id of PostgreSQL's first process.
    #[must_use]
    pub fn process_id(&self) -> u32 {
        self.postmaster.process_id()
    }

    /// The PostgreSQL programs in use.
    #[must_use]
    pub fn binaries(&self) -> &Binaries {
        self.folder.binaries()
    }

    /// Returns when PostgreSQL has ended, with how it ended. It does not end by itself; a caller that does not
    /// want to outlive its database can wait here.
    pub async fn ended(&self) -> String {
        self.postmaster.ended().await
    }

    /// Stops PostgreSQL: open transactions are rolled back, and everything committed is on disk when this returns.
    /// After 30 s it is stopped at once instead, and recovers at its next start.
    ///
    /// # Errors
    /// [`EmbeddedError::DidNotStop`] if it still runs 10 s later.
    pub async fn stop(self) -> Result<(), EmbeddedError> {
        for (signal, patience) in [
            (Signal::SIGINT, FAST_STOP_MAX),
            (Signal::SIGQUIT, IMMEDIATE_STOP_MAX),
        ] {
            self.postmaster.signal(signal);
            if tokio::time::timeout(patience, self.ended()).await.is_ok() {
                return Ok(());
            }
            tracing::warn!(process_id = self.process_id(), %signal, "the private PostgreSQL takes long to stop");
        }
        Err(EmbeddedError::DidNotStop(self.process_id()))
    }

    async fn become_ready(&self) -> Result<(), EmbeddedError> {
        let status = self.folder.status_file();
        self.postmaster
            .become_ready(&status, READY_MAX)
            .await
            .map_err(|ended| EmbeddedError::DidNotStart {
                ended,
                tail: log::tail(self.folder.log()),
                log: self.folder.log().to_owned(),
            })
    }
}

/// How to connect to the private PostgreSQL of this data folder while another Decant runs it.
///
/// # Errors
/// When there is no socket: nobody runs it.
pub fn connect_options_of_another(data_dir: &Path) -> std::io::Result<PgConnectOptions> {
    // The path behind the link: the link's own may be too long for a socket.
    let socket = data_dir.join("postgres").join("socket").canonicalize()?;
    Ok(options(&socket))
}

fn options(socket: &Path) -> PgConnectOptions {
    PgConnectOptions::new_without_pgpass()
        .socket(socket)
        .port(PORT)
        .username(USER)
        .database(DATABASE)
        .ssl_mode(PgSslMode::Disable)
}

/// Where Decant keeps its data if nobody says otherwise.
///
/// For root `/var/lib/decant`, because root's home is closed to the user that PostgreSQL runs as.
#[must_use]
pub fn default_data_dir() -> PathBuf {
    if nix::unistd::geteuid().is_root() {
        return PathBuf::from("/var/lib/decant");
    }
    let absolute = |name| {
        std::env::var_os(name)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
    };
    absolute("XDG_DATA_HOME")
        .or_else(|| absolute("HOME").map(|home| home.join(".local/share")))
        .map_or_else(|| PathBuf::from("data"), |shared| shared.join("decant"))
}

#[cfg(test)]
mod tests;
