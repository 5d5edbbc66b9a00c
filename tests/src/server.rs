//! A running `decant serve`.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read};
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tempfile::TempDir;
use tokio::process::{Child, Command};

use crate::cluster::folder;
use crate::contract;
use crate::patience::wait_for;
use crate::program::{self, Settings};

/// `ADMIN_TOKEN` of every server that the tests start.
pub const ADMIN_TOKEN: &str = "the-administrator-of-these-tests";

/// `JWT_SECRET` (HS256) of every server that the tests start.
pub const JWT_SECRET: &str = "a-secret-only-these-tests-know-0123456789";

/// `DECANT_SESSION_SECRET` of every server that the tests start, so that a session survives a restart.
pub const SESSION_SECRET: &str = "another-secret-only-these-tests-know-987";

/// Bound for a start or a stop.
const PATIENCE: Duration = Duration::from_secs(40);

/// Dropping the value kills the process.
#[derive(Debug)]
pub struct Server {
    process: Child,
    /// Host and port, for example `127.0.0.1:4711`.
    pub address: String,
    log: Arc<Mutex<String>>,
    data: TempDir,
}

impl Server {
    /// Starts the program on a free port and waits until it is ready. Panics with the log if it fails.
    pub async fn start(settings: Settings<'_>) -> Self {
        Self::start_program(program::command, settings).await
    }

    /// Starts the program with a limit of open files.
    pub async fn start_with_files(limit: u32, settings: Settings<'_>) -> Self {
        let limited = |arguments: &[&str], settings: Settings<'_>| {
            program::command_with_files(limit, arguments, settings)
        };
        Self::start_program(limited, settings).await
    }

    async fn start_program(
        command: impl FnOnce(&[&str], Settings<'_>) -> Command,
        settings: Settings<'_>,
    ) -> Self {
        let data = folder();
        let ours = [
            ("ADMIN_TOKEN", ADMIN_TOKEN),
            ("JWT_SECRET", JWT_SECRET),
            ("DECANT_SESSION_SECRET", SESSION_SECRET),
            data_dir(&data),
            ("DECANT_LISTEN", "127.0.0.1:0"),
            ("DECANT_LOG", "json"),
            // A private PostgreSQL for each server would take seconds. A test that needs a state database names one.
            ("STATE_DSN", "none"),
        ];
        let mut command = command(&["serve"], &[&ours, settings].concat());
        // Threads read the pipes, so the log is complete even while a test blocks its own thread.
        let log = Arc::new(Mutex::new(String::new()));
        let mut process = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        collect(
            &log,
            process
                .stdout
                .take()
                .and_then(|pipe| pipe.into_owned_fd().ok())
                .expect("stdout is piped"),
        );
        collect(
            &log,
            process
                .stderr
                .take()
                .and_then(|pipe| pipe.into_owned_fd().ok())
                .expect("stderr is piped"),
        );
        let mut server = Self {
            process,
            address: String::new(),
            log,
            data,
        };
        server.address = server.wait_until_ready().await;
        // Before a test puts a broken network in between.
        contract::of(&server.address).await;
        server
    }

    async fn wait_until_ready(&mut self) -> String {
        let ready = wait_for("`Decant is ready at …`", PATIENCE, async || {
            let log = self.log();
            let ended = self.process.try_wait().expect("the process is ours");
            assert!(ended.is_none(), "decant ended with {ended:?}:\n{log}");
            let (_, rest) = log.split_once("Decant is ready at http://")?;
            rest.split_once('\n')
                .map(|(address, _)| address.trim_end_matches('/').trim().to_owned())
        });
        ready.await
    }

    /// Returns the server's stdout and stderr so far.
    pub fn log(&self) -> String {
        self.log.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Waits until the log contains this text. A line may arrive after the answer of the request that caused it.
    pub async fn wait_for_log(&self, text: &str, patience: Duration) {
        let logged = async || self.log().contains(text).then_some(());
        wait_for(text, patience, logged).await;
    }

    /// Returns its `DECANT_DATA_DIR`.
    pub fn data_dir(&self) -> &std::path::Path {
        self.data.path()
    }

    pub fn pid(&self) -> u32 {
        self.process.id().expect("the server runs")
    }

    /// Returns the command lines of its child processes by their process ids.
    pub fn children(&self) -> BTreeMap<i32, String> {
        // `/proc` lists children by the thread that started them.
        let tasks = std::fs::read_dir(format!("/proc/{}/task", self.pid())).expect("the server runs");
        let children = tasks.flatten().map(|task| {
            let children = std::fs::read_to_string(task.path().join("children"));
            children.unwrap_or_default()
        });
        let children: String = children.collect();
        let arguments = children.split_whitespace().map(|child| {
            let line = std::fs::read(format!("/proc/{child}/cmdline")).unwrap_or_default();
            let line = String::from_utf8_lossy(&line).replace('\0', " ");
            (child.parse().expect("a process id is a number"), line)
        });
        arguments.collect()
    }

    /// Returns the resident memory in bytes.
    pub fn memory_bytes(&self) -> u64 {
        let status =
            std::fs::read_to_string(format!("/proc/{}/status", self.pid())).expect("the server runs");
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix("VmRSS:"))
            .expect("a process has memory");
        let kibibytes: u64 = line
            .trim()
            .trim_end_matches(" kB")
            .parse()
            .expect("VmRSS is a number");
        kibibytes * 1024
    }

    /// Sends SIGTERM, as an orchestrator does, and does not wait.
    pub fn ask_to_stop(&self) {
        self.signal(Signal::SIGTERM);
    }

    /// Sends SIGHUP, at which a server reads its definitions again.
    pub fn hang_up(&self) {
        self.signal(Signal::SIGHUP);
    }

    /// Sends SIGKILL and waits until the process has ended.
    pub async fn crash(&mut self) {
        self.signal(Signal::SIGKILL);
        self.ended().await;
    }

    fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.pid().cast_signed()), signal).expect("the server runs");
    }

    /// Waits until the process has ended, and returns its exit code.
    pub async fn ended(&mut self) -> Option<i32> {
        let ended = tokio::time::timeout(PATIENCE, self.process.wait()).await;
        ended
            .expect("the server ends")
            .expect("the process is ours")
            .code()
    }
}

/// Returns the setting that makes this folder Decant's data folder.
pub fn data_dir(folder: &TempDir) -> (&'static str, &str) {
    (
        "DECANT_DATA_DIR",
        folder.path().to_str().expect("the folder's name is plain"),
    )
}

fn collect(log: &Arc<Mutex<String>>, pipe: impl Into<std::fs::File>) {
    let (log, mut lines) = (log.clone(), BufReader::<std::fs::File>::new(pipe.into()));
    std::thread::spawn(move || {
        let mut line = Vec::new();
        while lines
            .by_ref()
            .read_until(b'\n', &mut line)
            .is_ok_and(|length| length > 0)
        {
            log.lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push_str(&String::from_utf8_lossy(&line));
            line.clear();
        }
    });
}
