//! The thread that starts PostgreSQL and waits for its end.
//!
//! The kernel signals PostgreSQL to stop when the thread that started it ends. So that thread must live as long as PostgreSQL
//! does, which a thread of an async runtime may not. Because it waits, no zombie process is left that would delay a restart.

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

/// A running postmaster. Dropping it asks it to stop.
#[derive(Debug)]
pub(crate) struct Postmaster {
    process_id: Pid,
    /// The exit status as text, once it has ended.
    end: watch::Receiver<Option<String>>,
}

impl Postmaster {
    /// Starts the program in a thread that waits for its end.
    pub(crate) async fn spawn(command: Command) -> io::Result<Self> {
        let (started_sender, started) = oneshot::channel();
        let (ended_sender, ended) = watch::channel(None);
        thread::Builder::new()
            .name("postgres".to_owned())
            .spawn(move || run(command, started_sender, ended_sender))?;
        let process_id = started.await.map_err(io::Error::other)??;
        Ok(Self {
            process_id,
            end: ended,
        })
    }

    pub(crate) fn process_id(&self) -> u32 {
        self.process_id.as_raw().unsigned_abs()
    }

    /// Waits until PostgreSQL accepts connections. The error is its exit status, or that it was not ready in time.
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

    /// Reads `postmaster.pid`: its first line is the process id and its eighth the status. At first the file may still be that
    /// of an earlier PostgreSQL that was killed.
    fn is_ready(&self, status_file: &Path) -> bool {
        let status = std::fs::read_to_string(status_file).unwrap_or_default();
        let mut lines = status.lines();
        lines.next().and_then(|line| line.trim().parse().ok()) == Some(self.process_id.as_raw())
            && lines.nth(6).is_some_and(|line| line.trim() == "ready")
    }

    pub(crate) fn signal(&self, signal: Signal) {
        // After its end the process id may belong to another process.
        if self.end.borrow().is_none() {
            let _ = kill(self.process_id, signal);
        }
    }

    /// Waits until it has ended and returns its exit status as text.
    pub(crate) async fn ended(&self) -> String {
        let mut end = self.end.clone();
        let ended = end.wait_for(Option::is_some).await;
        ended
            .ok()
            .and_then(|end| end.clone())
            .unwrap_or_else(|| "the thread that started it ended".to_owned())
    }
}

impl Drop for Postmaster {
    fn drop(&mut self) {
        self.signal(Signal::SIGINT);
    }
}

fn run(
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
        // The caller was dropped in the meantime.
        let _ = kill(process_id, Signal::SIGINT);
    }
    let end = child
        .wait()
        .map_or_else(|error| error.to_string(), |status| status.to_string());
    ended.send_replace(Some(end));
}
