//! The program `decant`, as a command.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;

/// The longest that a command may take.
const PATIENCE: Duration = Duration::from_secs(120);

/// Settings of the environment: name and value.
pub type Settings<'a> = &'a [(&'a str, &'a str)];

/// What a command left behind.
#[derive(Debug)]
pub struct Outcome {
    /// Its exit code; `None` if a signal ended it.
    pub code: Option<i32>,
    /// What it wrote to stdout.
    pub stdout: Vec<u8>,
    /// What it wrote to stderr.
    pub stderr: String,
}

impl Outcome {
    /// Stdout as text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    /// The outcome of a command that should have succeeded.
    ///
    /// # Panics
    /// If it did not.
    pub fn good(self) -> Self {
        assert_eq!(
            self.code,
            Some(0),
            "stdout: {}\nstderr: {}",
            self.text(),
            self.stderr
        );
        self
    }

    /// What a command that should have failed said on stderr.
    ///
    /// # Panics
    /// If it succeeded, or was ended by a signal.
    #[must_use]
    pub fn refusal(self) -> String {
        assert!(
            self.code.is_some_and(|code| code != 0),
            "it ended with {:?}: {}",
            self.code,
            self.stderr
        );
        self.stderr
    }
}

/// Where the program is: `DECANT_BIN`, or beside the tests.
///
/// # Panics
/// If it has not been built.
#[must_use]
pub fn path() -> PathBuf {
    let beside = || {
        let this = std::env::current_exe().expect("a running test has a path");
        this.ancestors()
            .nth(2)
            .expect("a test lies in target/<profile>/deps")
            .join("decant")
    };
    let path = std::env::var_os("DECANT_BIN").map_or_else(beside, PathBuf::from);
    assert!(
        path.is_file(),
        "there is no {}; build it with `cargo build -p decant`",
        path.display()
    );
    path
}

/// The program with these arguments and settings, and nothing else of this process's environment.
#[must_use]
pub fn command(arguments: &[&str], settings: Settings<'_>) -> Command {
    let mut command = Command::new(path());
    command
        .args(arguments)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default());
    command
        .envs(settings.iter().copied())
        .stdin(Stdio::null())
        .kill_on_drop(true);
    command
}

/// Runs the program to its end.
///
/// # Panics
/// If it takes longer than two minutes.
pub async fn run(arguments: &[&str], settings: Settings<'_>) -> Outcome {
    let running = command(arguments, settings).output();
    let output = tokio::time::timeout(PATIENCE, running).await;
    let output = output.unwrap_or_else(|_| panic!("decant {arguments:?} still runs after {PATIENCE:?}"));
    let output = output.expect("the program starts");
    Outcome {
        code: output.status.code(),
        stdout: output.stdout,
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}
