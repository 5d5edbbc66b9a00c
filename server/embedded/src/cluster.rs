//! The cluster, which is PostgreSQL's word for a folder with its data. It gets its name when it is complete.

use std::fs::{self, DirBuilder, File};
use std::hash::{BuildHasher, RandomState};
use std::io::{self, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;
use std::process::{Output, Stdio};

use super::account::Account;
use super::address::{DATABASE, OWNER, SUPERUSER};
use super::binaries::Binaries;
use super::error::{EmbeddedError, IoContext};
use super::roles;

/// The beginning of the name of a cluster that is being made.
const INCOMPLETE: &str = "data.new";

/// Returns the major version of the cluster in `data`, or `None` if there is no cluster.
pub(crate) fn version(data: &Path) -> Result<Option<String>, EmbeddedError> {
    match fs::read_to_string(data.join("PG_VERSION")) {
        Ok(version) => Ok(Some(version.trim().to_owned())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            // An empty folder may be replaced.
            if data.exists() && fs::remove_dir(data).is_err() {
                return Err(EmbeddedError::NotACluster(data.to_owned()));
            }
            Ok(None)
        }
        Err(error) => Err(error).context(|| format!("read {}", data.join("PG_VERSION").display())),
    }
}

/// Makes the cluster `<folder>/data` with the database [`DATABASE`]. With `durable`, it is flushed to disk before it gets that
/// name.
pub(crate) fn create(
    folder: &Path,
    account: &Account,
    binaries: &Binaries,
    durable: bool,
) -> Result<(), EmbeddedError> {
    remove_incomplete(folder);
    // The name differs each time, because the `initdb` of a Decant that was just killed may still write to the last one.
    let random = RandomState::new().hash_one(std::process::id());
    let (incomplete, data) = (
        folder.join(format!("{INCOMPLETE}-{random:016x}")),
        folder.join("data"),
    );
    tracing::info!(folder = %data.display(), version = binaries.version, "making the private PostgreSQL's data");
    let making = || format!("make the folder {}", incomplete.display());
    DirBuilder::new()
        .mode(0o700)
        .create(&incomplete)
        .context(making)?;
    account.own(&incomplete).context(making)?;
    let made = run_initdb(&incomplete, account, binaries)
        .and_then(|()| create_database(&incomplete, account, binaries));
    if let Err(error) = made {
        remove_incomplete(folder);
        return Err(error);
    }
    if durable {
        flush_to_disk(folder).context(|| format!("write {}", incomplete.display()))?;
    }
    fs::rename(&incomplete, &data)
        .and_then(|()| File::open(folder)?.sync_all())
        .context(|| format!("rename {} to {}", incomplete.display(), data.display()))
}

fn run_initdb(incomplete: &Path, account: &Account, binaries: &Binaries) -> Result<(), EmbeddedError> {
    let mut initdb = account.command(&binaries.program("initdb"));
    initdb
        .arg("-D")
        .arg(incomplete)
        .args(["-U", SUPERUSER, "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8"]);
    initdb.args(["--data-checksums", "--no-instructions", "--no-sync"]);
    let output = initdb
        .stdin(Stdio::null())
        .output()
        .context(|| "run initdb".to_owned())?;
    check_status(&output)
}

/// Uses PostgreSQL's single-user mode, which reads commands from standard input and needs no socket, start or stop.
fn create_database(incomplete: &Path, account: &Account, binaries: &Binaries) -> Result<(), EmbeddedError> {
    let running = || "run postgres --single".to_owned();
    let mut single = account.command(&binaries.program("postgres"));
    single
        .args(["--single", "-F", "-D"])
        .arg(incomplete)
        .arg("postgres");
    single
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    let mut single = single.spawn().context(running)?;
    if let Some(mut commands) = single.stdin.take() {
        // A command ends with its line here.
        for command in roles::CREATE {
            writeln!(commands, "{command}").context(running)?;
        }
        writeln!(commands, "create database {DATABASE} owner {OWNER}").context(running)?;
    }
    check_status(&single.wait_with_output().context(running)?)
}

fn check_status(output: &Output) -> Result<(), EmbeddedError> {
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    Err(EmbeddedError::InitFailed(if said.is_empty() {
        output.status.to_string()
    } else {
        said
    }))
}

/// Flushes the whole file system, because a thousand files one by one take seconds on a busy disk.
fn flush_to_disk(folder: &Path) -> io::Result<()> {
    #[cfg(target_os = "linux")]
    nix::unistd::syncfs(File::open(folder)?)?;
    #[cfg(not(target_os = "linux"))]
    nix::unistd::sync();
    Ok(())
}

/// Removes the clusters that interrupted starts left. One that is still written to may stay until the next start.
fn remove_incomplete(folder: &Path) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        if entry.file_name().to_string_lossy().starts_with(INCOMPLETE) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}
