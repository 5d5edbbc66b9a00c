//! The folder of the private PostgreSQL: its lock, its permissions and the cluster in it.

use std::fs::{self, File, OpenOptions, Permissions, TryLockError};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::account::Account;
use super::address::PORT;
use super::binaries::{self, Binaries};
use super::error::{EmbeddedError, IoContext};
use super::socket::SocketFolder;
use super::{cluster, log, orphans};

/// A folder with a complete cluster, and a lock on it.
#[derive(Debug)]
pub(crate) struct Folder {
    data: PathBuf,
    log: PathBuf,
    socket: SocketFolder,
    account: Account,
    binaries: Binaries,
    _lock: FolderLock,
}

/// The lock on the folder. The kernel releases it if this process dies. PostgreSQL does not inherit it.
#[derive(Debug)]
struct FolderLock(File);

impl Drop for FolderLock {
    /// Releases the lock at once. Closing the file alone would not, while a process that another thread has forked holds it, too.
    fn drop(&mut self) {
        // An error leaves the lock to the closing of the file.
        let _ = self.0.unlock();
    }
}

impl Folder {
    /// Locks `<data_dir>/postgres`, ends processes that an earlier Decant left running in it, and makes the cluster if there
    /// is none. With `durable`, a new cluster is flushed to disk before it is used.
    pub(crate) fn prepare(data_dir: &Path, durable: bool) -> Result<Self, EmbeddedError> {
        let folder = make(data_dir)?;
        let lock = lock(&folder)?;
        let data = folder.join("data");
        let account = Account::choose(&data)?;
        let binaries = match cluster::version(&data)? {
            Some(written_by) => binaries::binaries_for(&written_by, &data)?,
            None => binaries::binaries()?,
        };
        account.check_access(&binaries.program("postgres"), &folder)?;
        orphans::end(&data)?;
        if !data.exists() {
            cluster::create(&folder, &account, &binaries, durable)?;
        }
        let socket = SocketFolder::make(&folder, &account)?;
        Ok(Self {
            log: folder.join("postgres.log"),
            data,
            socket,
            account,
            binaries,
            _lock: lock,
        })
    }

    /// Returns the command that runs PostgreSQL on this folder. `settings` override the defaults.
    pub(crate) fn server_command(&self, settings: &[(&str, &str)]) -> Result<Command, EmbeddedError> {
        let log = log::open(&self.log).context(|| format!("write {}", self.log.display()))?;
        let errors = log
            .try_clone()
            .context(|| format!("write {}", self.log.display()))?;
        let mut command = self.account.command(&self.binaries.program("postgres"));
        command.stdin(Stdio::null()).stdout(log).stderr(errors);
        command.arg("-D").arg(&self.data);
        command.arg("-k").arg(self.socket.path());
        let port = PORT.to_string();
        let ours = [
            ("listen_addresses", ""),
            ("port", &port),
            ("unix_socket_permissions", "0700"),
            ("cluster_name", "decant"),
            ("timezone", "UTC"),
            ("log_timezone", "UTC"),
            ("lc_messages", "C"),
            ("logging_collector", "off"),
            ("log_destination", "stderr"),
            // No server replicates from here. With `minimal`, a table that is filled in the transaction that truncates it
            // needs no write-ahead log.
            ("wal_level", "minimal"),
            ("max_wal_senders", "0"),
            ("max_wal_size", "4GB"),
            // Compiling a query would delay the first rows of an export.
            ("jit", "off"),
        ];
        for (name, value) in ours.iter().chain(settings) {
            command.arg("-c").arg(format!("{name}={value}"));
        }
        Ok(command)
    }

    pub(crate) fn socket(&self) -> &Path {
        self.socket.path()
    }

    pub(crate) fn log(&self) -> &Path {
        &self.log
    }

    pub(crate) fn binaries(&self) -> &Binaries {
        &self.binaries
    }

    /// Returns the file in which PostgreSQL reports whether it is ready.
    pub(crate) fn status_file(&self) -> PathBuf {
        self.data.join("postmaster.pid")
    }
}

/// Makes `<data_dir>/postgres`. The user of this process stays its owner, and PostgreSQL's account owns folders in it only.
/// So the account cannot put links where this process, perhaps as root, writes.
fn make(data_dir: &Path) -> Result<PathBuf, EmbeddedError> {
    let folder = data_dir.join("postgres");
    let made = || format!("make the folder {}", folder.display());
    fs::create_dir_all(&folder).context(made)?;
    let mode = if nix::unistd::geteuid().is_root() {
        0o711
    } else {
        0o700
    };
    fs::set_permissions(&folder, Permissions::from_mode(mode)).context(made)?;
    folder.canonicalize().context(made)
}

fn lock(folder: &Path) -> Result<FolderLock, EmbeddedError> {
    let path = folder.join("lock");
    let locking = || format!("lock {}", path.display());
    let mut options = OpenOptions::new();
    options
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o644);
    let mut file = options.open(&path).context(locking)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let holder = io::read_to_string(&file).unwrap_or_default();
            let holder = match holder.trim() {
                "" => "another Decant".to_owned(),
                process_id => format!("another Decant (process {process_id})"),
            };
            return Err(EmbeddedError::InUse {
                folder: folder.to_owned(),
                holder,
            });
        }
        Err(TryLockError::Error(source)) => return Err(source).context(locking),
    }
    file.set_len(0).context(locking)?;
    writeln!(file, "{}", std::process::id()).context(locking)?;
    Ok(FolderLock(file))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_released_lock_is_free_while_a_forked_process_has_its_file() {
        let folder = tempfile::tempdir().unwrap();
        let held = lock(folder.path()).unwrap();
        assert!(matches!(lock(folder.path()), Err(EmbeddedError::InUse { .. })));
        // A process has it so between fork and exec.
        let inherited = held.0.try_clone().unwrap();
        drop(held);
        lock(folder.path()).unwrap();
        drop(inherited);
    }
}
