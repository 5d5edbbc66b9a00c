//! PostgreSQL processes that an earlier Decant left running when it was killed.
//!
//! The caller holds the folder's lock, so a process that still runs there belongs to no Decant any more. Every PostgreSQL
//! process has its cluster as working folder. A process that merely got the id of a dead one has not.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::error::{EmbeddedError, IoContext};

/// The signals that they get, in this order, with the time to wait after each.
const STEPS: [(Signal, Duration); 3] = [
    (Signal::SIGINT, Duration::from_secs(20)),
    (Signal::SIGQUIT, Duration::from_secs(10)),
    (Signal::SIGKILL, Duration::from_secs(2)),
];
const POLL_INTERVAL: Duration = Duration::from_millis(10);

/// Ends the PostgreSQL processes that work in the cluster `data`. Removes a `postmaster.pid` that would prevent a start because
/// its process id belongs to another process by now.
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
    // If no process has the id, PostgreSQL itself recognises that the file is stale.
    if postmaster.is_some_and(|process_id| kill(process_id, None).is_ok()) && status_file.exists() {
        fs::remove_file(&status_file).context(|| format!("remove the stale {}", status_file.display()))?;
    }
    Ok(())
}

/// Sends the signal and returns whether all processes ended in time. The postmaster ends the others; without it each process
/// gets the signal.
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
        // A process other than the postmaster takes SIGINT as "cancel the query" and SIGTERM as "end".
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
        sleep(POLL_INTERVAL);
    }
    false
}

/// Returns the PostgreSQL processes whose working folder is `data`. Without `/proc` it returns none, and PostgreSQL's own check
/// of `postmaster.pid` remains.
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
