//! The program `decant`, as a command.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;

const PATIENCE: Duration = Duration::from_secs(120);

/// Environment variables as pairs of name and value.
pub type Settings<'a> = &'a [(&'a str, &'a str)];

/// The result of a command.
#[derive(Debug)]
pub struct Outcome {
    /// Exit code; `None` if a signal ended the command.
    pub code: Option<i32>,
    pub stdout: Vec<u8>,
    pub stderr: String,
}

impl Outcome {
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    /// Asserts that the command succeeded.
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

    /// Asserts that the command failed, and returns its stderr.
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

/// Returns the path of the program: `DECANT_BIN`, or beside the test program.
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

/// Returns a command with these arguments and settings. Of this process's environment it gets only `PATH`.
pub fn command(arguments: &[&str], settings: Settings<'_>) -> Command {
    prepared(Command::new(path()), arguments, settings)
}

/// The program with a limit of open files.
pub fn command_with_files(limit: u32, arguments: &[&str], settings: Settings<'_>) -> Command {
    let mut command = Command::new("sh");
    command
        .arg("-c")
        .arg(format!("ulimit -n {limit}; exec \"$0\" \"$@\""))
        .arg(path());
    prepared(command, arguments, settings)
}

fn prepared(mut command: Command, arguments: &[&str], settings: Settings<'_>) -> Command {
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
