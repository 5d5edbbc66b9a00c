//! A Redis of our own, as a process that can be killed and paused.

use std::process::{Child, Command, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use redis::AsyncCommands as _;
use tempfile::TempDir;

use crate::cluster::folder;
use crate::patience::wait_for;

/// What every Redis that is started here asks for; it has a character that an address must escape.
const PASSWORD: &str = "redis/of these-tests";

/// A running Redis; dropping it kills it.
#[derive(Debug)]
pub struct Redis {
    process: Child,
    folder: TempDir,
}

impl Redis {
    /// Starts a Redis that keeps nothing, and waits until it answers.
    ///
    /// # Panics
    /// If it does not start.
    pub async fn start() -> Self {
        let folder = folder();
        let redis = Self {
            process: spawn(&folder),
            folder,
        };
        redis.wait_until_ready().await;
        redis
    }

    /// Its address, the password in it.
    #[must_use]
    pub fn url(&self) -> String {
        let socket = socket(&self.folder);
        let password = PASSWORD.replace('/', "%2F").replace(' ', "%20");
        format!("unix://{socket}?pass={password}")
    }

    /// Stores a value.
    ///
    /// # Panics
    /// If it does not.
    pub async fn set(&self, key: &str, value: &str) {
        let mut connection = self.connection().await.expect("redis answers");
        let () = connection.set(key, value).await.expect("redis stores");
    }

    /// Stores parts of a session's request as the hub does, each by its name: `requestBody`, `reqHeaders`, …
    ///
    /// # Panics
    /// If it does not.
    pub async fn store_request(&self, session: &str, sequence: u64, parts: &[(&str, &str)]) {
        self.set(&format!("session:{session}:seq"), &sequence.to_string())
            .await;
        for (part, text) in parts {
            self.set(&format!("session:{session}:req:{sequence}:{part}"), text)
                .await;
        }
    }

    /// Stores a session's request with all its parts.
    ///
    /// # Panics
    /// If it does not.
    pub async fn store_whole_request(&self, session: &str, sequence: u64, body: &str) {
        let parts = [
            ("requestBody", body),
            ("reqHeaders", r#"{"x-api-key":"[redacted]"}"#),
            ("clientReqMeta", r#"{"url":"/v1/messages","method":"POST"}"#),
            (
                "upstreamReqMeta",
                r#"{"url":"https://upstream.example/v1/messages","method":"POST"}"#,
            ),
            ("specialSettings", r#"[{"kind":"x"}]"#),
        ];
        self.store_request(session, sequence, &parts).await;
    }

    /// A value.
    ///
    /// # Panics
    /// If it does not answer.
    pub async fn get(&self, key: &str) -> Option<String> {
        let mut connection = self.connection().await.expect("redis answers");
        connection.get(key).await.expect("redis answers")
    }

    /// Kills it, as a crash does.
    ///
    /// # Panics
    /// If it has ended.
    pub fn crash(&mut self) {
        self.process.kill().expect("redis runs");
        self.process.wait().expect("the process is ours");
    }

    /// Starts it again after a crash, at the same address and empty.
    ///
    /// # Panics
    /// If it does not start.
    pub async fn start_again(&mut self) {
        self.process = spawn(&self.folder);
        self.wait_until_ready().await;
    }

    /// Holds it: it accepts connections, and answers nobody.
    ///
    /// # Panics
    /// If it has ended.
    pub fn pause(&self) {
        self.signal(Signal::SIGSTOP);
    }

    /// Lets it go on.
    ///
    /// # Panics
    /// If it has ended.
    pub fn go_on(&self) {
        self.signal(Signal::SIGCONT);
    }

    fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.process.id().cast_signed()), signal).expect("redis runs");
    }

    async fn wait_until_ready(&self) {
        let ready = async || self.connection().await.ok().map(drop);
        wait_for("redis", Duration::from_secs(20), ready).await;
    }

    async fn connection(&self) -> redis::RedisResult<redis::aio::MultiplexedConnection> {
        let client = redis::Client::open(self.url())?;
        client.get_multiplexed_async_connection().await
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn spawn(folder: &TempDir) -> Child {
    let settings = [
        "--port",
        "0",
        "--save",
        "",
        "--appendonly",
        "no",
        "--daemonize",
        "no",
    ];
    let mut command = Command::new("redis-server");
    command
        .args(settings)
        .args(["--unixsocket", &socket(folder), "--requirepass", PASSWORD])
        .args([
            "--dir",
            folder.path().to_str().expect("the folder's name is plain"),
        ])
        .stdout(Stdio::null());
    command.spawn().expect("redis-server is installed")
}

fn socket(folder: &TempDir) -> String {
    let socket = folder.path().join("redis.sock");
    socket.to_str().expect("the folder's name is plain").to_owned()
}
