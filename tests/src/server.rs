//! A running `decant serve`.

use std::io::{BufRead, BufReader, Read};
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tempfile::TempDir;
use tokio::process::Child;

use crate::cluster::folder;
use crate::patience::wait_for;
use crate::program::{self, Settings};

/// What signs in the administrator of every server that is started here.
pub const ADMIN_TOKEN: &str = "the-administrator-of-these-tests";

/// The secret of HS256 tokens of every server that is started here.
pub const JWT_SECRET: &str = "a-secret-only-these-tests-know-0123456789";

/// The secret of session cookies of every server that is started here: a session outlives a restart.
pub const SESSION_SECRET: &str = "another-secret-only-these-tests-know-987";

/// The longest that a start or a stop may take.
const PATIENCE: Duration = Duration::from_secs(40);

/// A running `decant serve`; dropping it kills it.
#[derive(Debug)]
pub struct Server {
    process: Child,
    /// Where it listens: `127.0.0.1:4711`.
    pub address: String,
    log: Arc<Mutex<String>>,
    data: TempDir,
}

impl Server {
    /// Starts the program on a free port and waits until it says that it is ready.
    ///
    /// # Panics
    /// With its log, if it does not.
    pub async fn start(settings: Settings<'_>) -> Self {
        let data = folder();
        let ours = [
            ("ADMIN_TOKEN", ADMIN_TOKEN),
            ("JWT_SECRET", JWT_SECRET),
            ("DECANT_SESSION_SECRET", SESSION_SECRET),
            data_dir(&data),
            ("DECANT_LISTEN", "127.0.0.1:0"),
            ("DECANT_LOG", "json"),
        ];
        let mut command = program::command(&["serve"], &[&ours, settings].concat());
        // Pipes of the standard library, read by threads: the log is complete even while a test blocks its own thread.
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

    /// All that the server has said so far, on stdout and stderr.
    #[must_use]
    pub fn log(&self) -> String {
        self.log.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Waits until the log contains this text. A line may arrive after the answer of the request that caused it.
    ///
    /// # Panics
    /// If the text does not appear within `patience`.
    pub async fn wait_for_log(&self, text: &str, patience: Duration) {
        let logged = async || self.log().contains(text).then_some(());
        wait_for(text, patience, logged).await;
    }

    /// The folder of what it keeps.
    #[must_use]
    pub fn data_dir(&self) -> &std::path::Path {
        self.data.path()
    }

    /// The number of its process.
    ///
    /// # Panics
    /// If it has ended.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.process.id().expect("the server runs")
    }

    /// Its resident memory in bytes.
    ///
    /// # Panics
    /// If it has ended.
    #[must_use]
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

    /// Asks it to stop, as Ctrl-C or an orchestrator does, and does not wait.
    ///
    /// # Panics
    /// If it has ended.
    pub fn ask_to_stop(&self) {
        self.signal(Signal::SIGTERM);
    }

    /// Kills it at once, as a crash does.
    ///
    /// # Panics
    /// If it has ended.
    pub async fn crash(&mut self) {
        self.signal(Signal::SIGKILL);
        self.ended().await;
    }

    fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.pid().cast_signed()), signal).expect("the server runs");
    }

    /// Waits until it has ended, and gives its exit code.
    ///
    /// # Panics
    /// If it goes on.
    pub async fn ended(&mut self) -> Option<i32> {
        let ended = tokio::time::timeout(PATIENCE, self.process.wait()).await;
        ended
            .expect("the server ends")
            .expect("the process is ours")
            .code()
    }
}

/// The setting that names this folder as the one of what Decant keeps.
///
/// # Panics
/// Never: the folder's name is ours.
#[must_use]
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
