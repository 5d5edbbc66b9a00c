//! The thread that starts PostgreSQL and waits for its end.
//!
//! PostgreSQL is told to stop when the thread that started it ends, so that thread must live as long as PostgreSQL
//! does: threads of an async runtime come and go. Because it waits, no zombie is left that would hold up a restart.

use std::io;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::sync::{oneshot, watch};
use tokio::time::{Instant, sleep};

const STATUS_INTERVAL: Duration = Duration::from_millis(4);

/// A PostgreSQL that we started. Dropping it tells it to stop.
#[derive(Debug)]
pub(crate) struct Postmaster {
    process_id: Pid,
    /// How it ended, once it has.
    end: watch::Receiver<Option<String>>,
}

impl Postmaster {
    /// Starts the program and the thread that keeps it.
    pub(crate) async fn spawn(command: Command) -> io::Result<Self> {
        let (started_sender, started) = oneshot::channel();
        let (ended_sender, ended) = watch::channel(None);
        thread::Builder::new()
            .name("postgres-keeper".to_owned())
            .spawn(move || keep(command, started_sender, ended_sender))?;
        let process_id = started.await.map_err(io::Error::other)??;
        Ok(Self {
            process_id,
            end: ended,
        })
    }

    pub(crate) fn process_id(&self) -> u32 {
        self.process_id.as_raw().unsigned_abs()
    }

    /// Waits until PostgreSQL accepts connections; the error says how it ended instead.
    pub(crate) async fn become_ready(&self, status_file: &Path, patience: Duration) -> Result<(), String> {
        let give_up = Instant::now() + patience;
        while !self.is_ready(status_file) {
            if Instant::now() > give_up {
                return Err(format!("not ready after {} s", patience.as_secs()));
            }
            tokio::select! {
                ended = self.ended() => return Err(ended),
                () = sleep(STATUS_INTERVAL) => {}
            }
        }
        Ok(())
    }

    /// `postmaster.pid` has the process id in its first line and the status in its eighth. A file that an earlier,
    /// killed PostgreSQL left is still there in the first moments.
    fn is_ready(&self, status_file: &Path) -> bool {
        let status = std::fs::read_to_string(status_file).unwrap_or_default();
        let mut lines = status.lines();
        lines.next().and_then(|line| line.trim().parse().ok()) == Some(self.process_id.as_raw())
            && lines.nth(6).is_some_and(|line| line.trim() == "ready")
    }

    pub(crate) fn signal(&self, signal: Signal) {
        // Not after its end: the number may belong to another process by then.
        if self.end.borrow().is_none() {
            let _ = kill(self.process_id, signal);
        }
    }

    /// Waits for its end and says how it ended.
    pub(crate) async fn ended(&self) -> String {
        let mut end = self.end.clone();
        let ended = end.wait_for(Option::is_some).await;
        ended
            .ok()
            .and_then(|end| end.clone())
            .unwrap_or_else(|| "its keeper ended".to_owned())
    }
}

impl Drop for Postmaster {
    fn drop(&mut self) {
        self.signal(Signal::SIGINT);
    }
}

fn keep(
    mut command: Command,
    started: oneshot::Sender<io::Result<Pid>>,
    ended: watch::Sender<Option<String>>,
) {
    let mut child = match command.spawn() {
        Ok(child) => child,
        Err(error) => {
            let _ = started.send(Err(error));
            return;
        }
    };
    let process_id = Pid::from_raw(child.id().cast_signed());
    if started.send(Ok(process_id)).is_err() {
        // Whoever wanted it has gone in the meantime.
        let _ = kill(process_id, Signal::SIGINT);
    }
    let end = child
        .wait()
        .map_or_else(|error| error.to_string(), |status| status.to_string());
    ended.send_replace(Some(end));
}
