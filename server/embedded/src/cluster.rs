//! The cluster, PostgreSQL's word for a folder with its data: whole as soon as it is there.

use std::fs::{self, DirBuilder, File};
use std::hash::{BuildHasher, RandomState};
use std::io::{self, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;
use std::process::{Output, Stdio};

use super::account::Account;
use super::binaries::Binaries;
use super::{DATABASE, Doing, EmbeddedError, USER};

/// What the name of a cluster begins with while it is being made.
const HALF_MADE: &str = "data.new";

/// The major version of the cluster in `data`; `None` if there is none.
pub(crate) fn version(data: &Path) -> Result<Option<String>, EmbeddedError> {
    match fs::read_to_string(data.join("PG_VERSION")) {
        Ok(version) => Ok(Some(version.trim().to_owned())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            // An empty folder stands in nobody's way.
            if data.exists() && fs::remove_dir(data).is_err() {
                return Err(EmbeddedError::NotACluster(data.to_owned()));
            }
            Ok(None)
        }
        Err(error) => Err(error).doing(|| format!("read {}", data.join("PG_VERSION").display())),
    }
}

/// Makes the cluster `<folder>/data` with the database [`DATABASE`]. `durable`: whether it is forced to disk before it
/// gets that name.
pub(crate) fn create(
    folder: &Path,
    account: &Account,
    binaries: &Binaries,
    durable: bool,
) -> Result<(), EmbeddedError> {
    remove_half_made(folder);
    // A name of its own each time: the `initdb` of a Decant killed a moment ago may still be at work on the last one.
    let random = RandomState::new().hash_one(std::process::id());
    let (half_made, data) = (
        folder.join(format!("{HALF_MADE}-{random:016x}")),
        folder.join("data"),
    );
    tracing::info!(folder = %data.display(), version = binaries.version, "making the private PostgreSQL's data");
    let making = || format!("make the folder {}", half_made.display());
    DirBuilder::new().mode(0o700).create(&half_made).doing(making)?;
    account.own(&half_made).doing(making)?;
    let made = run_initdb(&half_made, account, binaries)
        .and_then(|()| create_database(&half_made, account, binaries));
    if let Err(error) = made {
        remove_half_made(folder);
        return Err(error);
    }
    if durable {
        force_to_disk(folder).doing(|| format!("write {}", half_made.display()))?;
    }
    fs::rename(&half_made, &data)
        .and_then(|()| File::open(folder)?.sync_all())
        .doing(|| format!("rename {} to {}", half_made.display(), data.display()))
}

fn run_initdb(half_made: &Path, account: &Account, binaries: &Binaries) -> Result<(), EmbeddedError> {
    let mut initdb = account.command(&binaries.program("initdb"));
    initdb
        .arg("-D")
        .arg(half_made)
        .args(["-U", USER, "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8"]);
    initdb.args(["--data-checksums", "--no-instructions", "--no-sync"]);
    let output = initdb
        .stdin(Stdio::null())
        .output()
        .doing(|| "run initdb".to_owned())?;
    said_if_failed(&output)
}

/// By PostgreSQL's single-user mode, which takes its commands from the standard input: no socket, no start, no stop.
fn create_database(half_made: &Path, account: &Account, binaries: &Binaries) -> Result<(), EmbeddedError> {
    let running = || "run postgres --single".to_owned();
    let mut single = account.command(&binaries.program("postgres"));
    single
        .args(["--single", "-F", "-D"])
        .arg(half_made)
        .arg("postgres");
    single
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    let mut single = single.spawn().doing(running)?;
    if let Some(mut commands) = single.stdin.take() {
        writeln!(commands, "create database {DATABASE}").doing(running)?;
    }
    said_if_failed(&single.wait_with_output().doing(running)?)
}

fn said_if_failed(output: &Output) -> Result<(), EmbeddedError> {
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

/// In one go: a thousand files one by one take seconds on a busy disk.
fn force_to_disk(folder: &Path) -> io::Result<()> {
    #[cfg(target_os = "linux")]
    nix::unistd::syncfs(File::open(folder)?)?;
    #[cfg(not(target_os = "linux"))]
    nix::unistd::sync();
    Ok(())
}

/// Removes what interrupted starts left. What cannot be removed now, since something still writes there, is next time.
fn remove_half_made(folder: &Path) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        if entry.file_name().to_string_lossy().starts_with(HALF_MADE) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}
