//! A running `decant work`.

use std::process::Stdio;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::timeout;

use crate::cluster::folder;
use crate::exports::Exports;
use crate::program::{self, Settings};
use crate::server::{ADMIN_TOKEN, data_dir};

/// Bound for a start or a stop.
const PATIENCE: Duration = Duration::from_secs(40);

/// Dropping the value kills the process.
#[derive(Debug)]
pub struct Worker {
    process: Child,
    /// The line that it printed when it was ready.
    pub ready: String,
    _stdout: BufReader<ChildStdout>,
    _data: TempDir,
}

impl Worker {
    /// Starts workers for the exports of a server, and waits until they are ready.
    pub async fn start(exports: &Exports, settings: Settings<'_>) -> Self {
        let (data, storage) = (folder(), exports.storage());
        let ours = [
            ("DSN", exports.app.database.dsn.as_str()),
            ("STATE_DSN", exports.state.dsn.as_str()),
            ("STORAGE_URL", storage.as_str()),
            ("ADMIN_TOKEN", ADMIN_TOKEN),
            ("DECANT_EXPORT_POLL_SECONDS", "1"),
            ("DECANT_LOG", "json"),
            data_dir(&data),
        ];
        let mut command: Command = program::command(&["work"], &[&ours, settings].concat());
        let spawned = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
        let mut process = spawned.expect("the program starts");
        let mut stdout = BufReader::new(process.stdout.take().expect("stdout is piped"));
        let mut ready = String::new();
        let read = timeout(PATIENCE, stdout.read_line(&mut ready)).await;
        read.expect("it gets ready").expect("it has an output");
        Self {
            process,
            ready,
            _stdout: stdout,
            _data: data,
        }
    }

    /// Returns host and port of its health and metrics; `None` without a port.
    pub fn address(&self) -> Option<&str> {
        self.ready
            .trim()
            .split_once("http://")
            .map(|(_, address)| address)
    }

    pub fn pid(&self) -> u32 {
        self.process.id().expect("the worker runs")
    }

    /// Sends SIGHUP, at which it reads its definitions again.
    pub fn hang_up(&self) {
        self.signal(Signal::SIGHUP);
    }

    /// Sends SIGTERM, and returns whether it ended well.
    pub async fn stop(mut self) -> bool {
        self.signal(Signal::SIGTERM);
        let ended = timeout(PATIENCE, self.process.wait()).await;
        ended.expect("it ends").expect("the process is ours").success()
    }

    /// Sends SIGKILL and waits until the process has ended.
    pub async fn crash(&mut self) {
        self.process.kill().await.expect("the process is ours");
    }

    /// Stops it by SIGSTOP, so that it renews no lease until [`go_on`](Self::go_on).
    pub fn pause(&self) {
        self.signal(Signal::SIGSTOP);
    }

    /// Lets it run on after [`pause`](Self::pause).
    pub fn go_on(&self) {
        self.signal(Signal::SIGCONT);
    }

    fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.pid().cast_signed()), signal).expect("the worker runs");
    }
}
