//! chromedriver, which starts Chromium and ends it.

use std::process::Stdio;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

const PATIENCE: Duration = Duration::from_secs(20);

/// After this time chromedriver is killed.
const END_PATIENCE: Duration = Duration::from_secs(5);

#[derive(Debug)]
pub struct Driver {
    process: Child,
    /// Base URL, for example `http://127.0.0.1:4711`.
    pub address: String,
}

impl Driver {
    pub async fn start() -> Self {
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
                    return port.trim_end_matches('.').to_owned();
                }
            }
            panic!("chromedriver ended");
        };
        let port = tokio::time::timeout(PATIENCE, port)
            .await
            .expect("chromedriver starts");
        Self {
            process,
            address: format!("http://127.0.0.1:{port}"),
        }
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
