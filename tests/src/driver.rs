//! chromedriver, which starts Chromium and ends it.

use std::process::Stdio;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

const PATIENCE: Duration = Duration::from_secs(20);

const ATTEMPTS: usize = 5;

/// After this time chromedriver is killed.
const END_PATIENCE: Duration = Duration::from_secs(5);

#[derive(Debug)]
pub struct Driver {
    process: Child,
    /// Base URL, for example `http://127.0.0.1:4711`.
    pub address: String,
}

impl Driver {
    /// # Panics
    /// If chromedriver does not start.
    pub async fn start() -> Self {
        for _ in 0..ATTEMPTS {
            if let Some(driver) = Self::try_start().await {
                return driver;
            }
        }
        panic!("chromedriver ended at each of {ATTEMPTS} starts");
    }

    /// Returns `None` if it ends at once: it takes a port that is free for IPv4, and ends if another program has that port for IPv6.
    async fn try_start() -> Option<Self> {
        let program = std::env::var_os("CHROMEDRIVER").unwrap_or_else(|| "chromedriver".into());
        let mut command = Command::new(program);
        command
            .arg("--port=0")
            // The page takes the browser's time zone.
            .env("TZ", "UTC")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true);
        let mut process = command
            .spawn()
            .expect("chromedriver is installed; `make test` installs it");
        let mut lines = BufReader::new(process.stdout.take().expect("stdout is piped")).lines();
        let port = async {
            while let Some(line) = lines.next_line().await.expect("chromedriver can be read") {
                if let Some((_, port)) = line.split_once("was started successfully on port ") {
                    return Some(port.trim_end_matches('.').to_owned());
                }
            }
            None
        };
        let port = tokio::time::timeout(PATIENCE, port).await;
        let port = port.expect("chromedriver starts in time")?;
        Some(Self {
            process,
            address: format!("http://127.0.0.1:{port}"),
        })
    }
}

impl Drop for Driver {
    /// Sends SIGTERM, because a killed chromedriver leaves its browsers running.
    fn drop(&mut self) {
        let Some(pid) = self.process.id() else { return };
        // It may have ended already.
        let _ = kill(Pid::from_raw(pid.cast_signed()), Signal::SIGTERM);
        let since = Instant::now();
        while matches!(self.process.try_wait(), Ok(None)) && since.elapsed() < END_PATIENCE {
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}
