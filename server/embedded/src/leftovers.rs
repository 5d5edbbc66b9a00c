//! PostgreSQL processes that an earlier, killed Decant left behind.
//!
//! Called under the folder's lock: whatever still runs there has no master any more. Every PostgreSQL process works
//! in its cluster's folder, which tells it from a process that merely got a dead one's number.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::{Doing, EmbeddedError};

/// What they are told, and how long they may take over it, in that order.
const STEPS: [(Signal, Duration); 3] = [
    (Signal::SIGINT, Duration::from_secs(20)),
    (Signal::SIGQUIT, Duration::from_secs(10)),
    (Signal::SIGKILL, Duration::from_secs(2)),
];
const LOOK_INTERVAL: Duration = Duration::from_millis(10);

/// Ends the PostgreSQL processes that work in the cluster `data`, and removes a `postmaster.pid` that would hold up a
/// start because its number belongs to another process by now.
pub(crate) fn end(data: &Path) -> Result<(), EmbeddedError> {
    let status_file = data.join("postmaster.pid");
    let Ok(status) = fs::read_to_string(&status_file) else {
        return Ok(());
    };
    let postmaster = status
        .lines()
        .next()
        .and_then(|line| line.trim().parse().ok())
        .map(Pid::from_raw);
    for (signal, patience) in STEPS {
        if wait_for_end(data, postmaster, signal, patience) {
            break;
        }
    }
    let left = processes_in(data);
    if !left.is_empty() {
        let process_ids = left.iter().map(Pid::to_string).collect::<Vec<_>>().join(", ");
        return Err(EmbeddedError::LeftRunning {
            folder: data.to_owned(),
            process_ids,
        });
    }
    // Otherwise PostgreSQL itself sees that the file is stale.
    if postmaster.is_some_and(|process_id| kill(process_id, None).is_ok()) && status_file.exists() {
        fs::remove_file(&status_file).doing(|| format!("remove the stale {}", status_file.display()))?;
    }
    Ok(())
}

/// Whether all ended in time. The first process ends the others; without it each is told by itself.
fn wait_for_end(data: &Path, postmaster: Option<Pid>, signal: Signal, patience: Duration) -> bool {
    let left = processes_in(data);
    if left.is_empty() {
        return true;
    }
    tracing::warn!(processes = ?left, %signal, "ending the PostgreSQL that an earlier Decant left behind");
    match postmaster.filter(|first| signal == Signal::SIGINT && left.contains(first)) {
        Some(first) => {
            let _ = kill(first, signal);
        }
        // A single process takes SIGINT for "cancel the query"; SIGTERM ends it.
        None => left.iter().for_each(|process_id| {
            let _ = kill(
                *process_id,
                if signal == Signal::SIGINT {
                    Signal::SIGTERM
                } else {
                    signal
                },
            );
        }),
    }
    let give_up = Instant::now() + patience;
    while Instant::now() < give_up {
        if processes_in(data).is_empty() {
            return true;
        }
        sleep(LOOK_INTERVAL);
    }
    false
}

/// The PostgreSQL processes whose working folder is `data`. Where there is no `/proc`, none; PostgreSQL's own check of
/// its `postmaster.pid` remains.
fn processes_in(data: &Path) -> Vec<Pid> {
    let (Ok(data), Ok(processes)) = (fs::metadata(data), fs::read_dir("/proc")) else {
        return Vec::new();
    };
    let works_there = |process: &Path| {
        fs::metadata(process.join("cwd")).is_ok_and(|cwd| (cwd.dev(), cwd.ino()) == (data.dev(), data.ino()))
            && fs::read_to_string(process.join("comm")).is_ok_and(|name| name.trim_end() == "postgres")
    };
    processes
        .flatten()
        .filter_map(|process| Some((process.file_name().to_str()?.parse().ok()?, process.path())))
        .filter(|(_, process)| works_there(process))
        .map(|(process_id, _)| Pid::from_raw(process_id))
        .collect()
}
