//! The program at a terminal, where somebody answers its questions and presses Ctrl-C: `script` of util-linux makes one.

use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, ChildStdin, Command};

use crate::patience::wait_up_to;
use crate::program::{self, Settings};

/// The longest that anything may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// What is shown before the exit code.
const ENDED: &str = "ended with ";

/// What the key Ctrl-C sends.
pub const CTRL_C: &str = "\u{3}";

/// A terminal in which the program runs.
#[derive(Debug)]
pub struct Terminal {
    _script: Child,
    keyboard: ChildStdin,
    screen: Arc<Mutex<String>>,
}

impl Terminal {
    /// Runs the program with these arguments and settings, and nothing else of this process's environment.
    ///
    /// # Panics
    /// If it does not start.
    #[must_use]
    pub fn start(arguments: &[&str], settings: Settings<'_>) -> Self {
        let words = std::iter::once(program::path().to_str().expect("the path is UTF-8").to_owned())
            .chain(arguments.iter().map(|&argument| argument.to_owned()));
        let quoted: Vec<_> = words
            .map(|word| format!("'{}'", word.replace('\'', r"'\''")))
            .collect();
        // It has no size of its own; and how the program ended is said by the shell, which Ctrl-C does not end.
        let command = format!(
            "trap : INT; stty rows 24 cols 100; {}; echo \"{ENDED}$?.\"",
            quoted.join(" ")
        );
        // Whoever runs the tests in the background has them ignore Ctrl-C, and with them what they start.
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

    /// All that has been shown so far.
    #[must_use]
    pub fn screen(&self) -> String {
        self.screen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Waits until this is shown.
    ///
    /// # Panics
    /// If it never is.
    pub async fn shows(&self, text: &str) {
        let look = async || self.screen().contains(text).then_some(());
        let shown = wait_up_to(PATIENCE, look).await;
        assert!(shown.is_some(), "`{text}` is not shown:\n{}", self.screen());
    }

    /// Presses these keys.
    ///
    /// # Panics
    /// If the program has ended.
    pub async fn press(&mut self, keys: &str) {
        let pressed = self.keyboard.write_all(keys.as_bytes()).await;
        pressed.expect("the terminal takes keys");
        self.keyboard.flush().await.expect("the terminal takes keys");
    }

    /// The exit code with which the program ends; 128 and a signal's number if that ended it.
    ///
    /// # Panics
    /// If it does not end.
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
