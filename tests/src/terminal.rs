//! The program at a terminal, made by `script` of util-linux, for tests of questions and Ctrl-C.

use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, ChildStdin, Command};

use crate::patience::wait_up_to;
use crate::program::{self, Settings};

const PATIENCE: Duration = Duration::from_secs(60);

/// The shell prints this before the exit code.
const ENDED: &str = "ended with ";

pub const CTRL_C: &str = "\u{3}";

/// Dropping the value ends the program.
#[derive(Debug)]
pub struct Terminal {
    _script: Child,
    keyboard: ChildStdin,
    screen: Arc<Mutex<String>>,
}

impl Terminal {
    /// Starts the program with these arguments and settings.
    pub fn start(arguments: &[&str], settings: Settings<'_>) -> Self {
        let words = std::iter::once(program::path().to_str().expect("the path is UTF-8").to_owned())
            .chain(arguments.iter().map(|&argument| argument.to_owned()));
        let quoted: Vec<_> = words
            .map(|word| format!("'{}'", word.replace('\'', r"'\''")))
            .collect();
        // `script` sets no size, so `stty` does. The shell prints the exit code, because Ctrl-C does not end the
        // shell.
        let command = format!(
            "trap : INT; stty rows 24 cols 100; {}; echo \"{ENDED}$?.\"",
            quoted.join(" ")
        );
        // A shell lets background jobs ignore SIGINT, and their children inherit that. `env` resets it.
        let mut script = Command::new("env")
            .args(["--default-signal=INT", "script"])
            .args(["--quiet", "--command", &command, "/dev/null"])
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("SHELL", "/bin/sh")
            .env("TERM", "xterm")
            .envs(settings.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("`script` of util-linux starts");
        let keyboard = script.stdin.take().expect("it is piped");
        let mut output = script.stdout.take().expect("it is piped");
        let screen = Arc::<Mutex<String>>::default();
        let shown = Arc::clone(&screen);
        tokio::spawn(async move {
            let mut bytes = [0; 4096];
            while let Ok(count @ 1..) = output.read(&mut bytes).await {
                let text = String::from_utf8_lossy(&bytes[..count]);
                shown
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .push_str(&text);
            }
        });
        Self {
            _script: script,
            keyboard,
            screen,
        }
    }

    /// Returns all output so far.
    pub fn screen(&self) -> String {
        self.screen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub async fn shows(&self, text: &str) {
        let look = async || self.screen().contains(text).then_some(());
        let shown = wait_up_to(PATIENCE, look).await;
        assert!(shown.is_some(), "`{text}` is not shown:\n{}", self.screen());
    }

    pub async fn press(&mut self, keys: &str) {
        let pressed = self.keyboard.write_all(keys.as_bytes()).await;
        pressed.expect("the terminal takes keys");
        self.keyboard.flush().await.expect("the terminal takes keys");
    }

    /// Waits for the end of the program and returns its exit code: 128 plus the number if a signal ended it.
    pub async fn ended(&self) -> i32 {
        let look = async || {
            let screen = self.screen();
            let (code, _) = screen.rsplit_once(ENDED)?.1.split_once('.')?;
            code.parse().ok()
        };
        let code = wait_up_to(PATIENCE, look).await;
        code.unwrap_or_else(|| panic!("it still runs:\n{}", self.screen()))
    }
}
