//! The private PostgreSQL that Decant runs where no `DSN` names another database.
//!
//! It runs the PostgreSQL programs of this machine, listens on a Unix socket only, and never runs as root. It ends when this
//! program ends, also when this program is killed. All of its files are in `<data_dir>/postgres`:
//!
//! | name           | contents                                                                                  |
//! |----------------|-------------------------------------------------------------------------------------------|
//! | `data`         | the cluster; it is made as `data.new-…` and gets this name when it is complete             |
//! | `socket`       | the socket's folder, 0700; a link into `/tmp` where the path cannot hold a socket          |
//! | `postgres.log` | the output of PostgreSQL                                                                  |
//! | `lock`         | the id of the process that uses the folder, which holds a lock on this file                |

mod account;
mod address;
mod binaries;
mod cluster;
mod environment;
mod error;
mod folder;
mod log;
mod orphans;
mod parent;
mod postmaster;
mod roles;
mod socket;

use std::path::{Path, PathBuf};
use std::time::Duration;

use nix::sys::signal::Signal;
use sqlx::postgres::PgConnectOptions;
use tokio::time::{Instant, sleep};

pub use address::{DATABASE, LOAD_ROLE, STATE_DATABASE, connect_options_of_another};
pub use binaries::{Binaries, binaries, program_folders};
pub use environment::program_environment;
pub use error::EmbeddedError;
use error::IoContext;
use folder::Folder;
pub use parent::end_with_parent;
use postmaster::Postmaster;

/// The longest start, crash recovery included.
const READY_MAX: Duration = Duration::from_secs(120);
/// The time for another process to make the cluster and its socket.
const JOIN_MAX: Duration = Duration::from_secs(30);
const JOIN_INTERVAL: Duration = Duration::from_millis(100);
/// The time for open transactions to be rolled back and buffers to be written.
const FAST_STOP_MAX: Duration = Duration::from_secs(30);
/// The time for PostgreSQL to end without writing anything.
const IMMEDIATE_STOP_MAX: Duration = Duration::from_secs(10);

/// A running private PostgreSQL. Dropping it asks PostgreSQL to stop; [`stop`](Self::stop) also waits for that.
#[derive(Debug)]
pub struct EmbeddedPostgres {
    postmaster: Postmaster,
    folder: Folder,
}

impl EmbeddedPostgres {
    /// Starts the PostgreSQL of `<data_dir>/postgres` and returns when the database [`DATABASE`] answers. The first start
    /// makes the cluster.
    ///
    /// # Errors
    /// Any [`EmbeddedError`] but `DidNotStop`. No process is left running.
    pub async fn start(data_dir: &Path) -> Result<Self, EmbeddedError> {
        Self::start_with(data_dir, &[]).await
    }

    /// Starts it as [`start`](Self::start) does, with more settings of PostgreSQL, such as `("fsync", "off")` in a test.
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
            .context(|| "start PostgreSQL".to_owned())?;
        // From here on PostgreSQL ends when `running` is dropped, also when this future is dropped before its end.
        let running = Self { postmaster, folder };
        running.become_ready().await?;
        let superuser = address::connect_options(running.folder.socket(), address::SUPERUSER);
        roles::create_missing(&superuser).await?;
        Ok(running)
    }

    /// Starts it as [`start`](Self::start) does, unless another process runs it. Returns the options to connect to it, and
    /// the value that stops it if this process started it.
    ///
    /// # Errors
    /// As [`start`](Self::start), without `InUse`.
    pub async fn start_or_join(data_dir: &Path) -> Result<(PgConnectOptions, Option<Self>), EmbeddedError> {
        let give_up = Instant::now() + JOIN_MAX;
        loop {
            match Self::start(data_dir).await {
                Ok(started) => return Ok((started.connect_options(), Some(started))),
                Err(EmbeddedError::InUse { .. }) => {}
                Err(error) => return Err(error),
            }
            match connect_options_of_another(data_dir) {
                Ok(joined) => return Ok((joined, None)),
                // The other process has only begun to make the cluster.
                Err(_) if Instant::now() < give_up => sleep(JOIN_INTERVAL).await,
                Err(error) => {
                    return Err(error).context(|| {
                        format!("find the private PostgreSQL's socket in {}", data_dir.display())
                    });
                }
            }
        }
    }

    /// Returns the options to connect to the database [`DATABASE`] as its owner, who is no superuser.
    #[must_use]
    pub fn connect_options(&self) -> PgConnectOptions {
        address::connect_options(self.folder.socket(), address::OWNER)
    }

    /// Returns the address of the database [`DATABASE`] for an administrator of the cluster, who is a superuser.
    #[must_use]
    pub fn url(&self) -> String {
        address::url(self.folder.socket())
    }

    /// Returns the process id of the postmaster, PostgreSQL's first process.
    #[must_use]
    pub fn process_id(&self) -> u32 {
        self.postmaster.process_id()
    }

    /// Returns the PostgreSQL programs in use.
    #[must_use]
    pub fn binaries(&self) -> &Binaries {
        self.folder.binaries()
    }

    /// Waits until PostgreSQL has ended and returns its exit status as text. PostgreSQL does not end by itself, so a caller
    /// that cannot work without its database can wait here.
    pub async fn ended(&self) -> String {
        self.postmaster.ended().await
    }

    /// Stops PostgreSQL: it rolls open transactions back and writes everything committed to disk. If that takes longer than
    /// 30 s, it is stopped immediately and recovers at its next start.
    ///
    /// # Errors
    /// [`EmbeddedError::DidNotStop`] if it still runs 10 s after that.
    pub async fn stop(self) -> Result<(), EmbeddedError> {
        for (signal, patience) in [
            (Signal::SIGINT, FAST_STOP_MAX),
            (Signal::SIGQUIT, IMMEDIATE_STOP_MAX),
        ] {
            self.postmaster.signal(signal);
            if tokio::time::timeout(patience, self.ended()).await.is_ok() {
                return Ok(());
            }
            tracing::warn!(process_id = self.process_id(), %signal, "the private PostgreSQL does not stop in time");
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

/// Returns the default data folder: `$XDG_DATA_HOME/decant`, or `~/.local/share/decant`. For root it is `/var/lib/decant`,
/// because the user that PostgreSQL runs as cannot enter root's home.
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
