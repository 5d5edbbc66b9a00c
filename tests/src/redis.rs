//! A Redis process that tests can kill and pause.

use std::process::{Child, Command, Stdio};
use std::time::Duration;

use redis::AsyncCommands as _;
use tempfile::TempDir;

use crate::cluster::folder;
use crate::patience::wait_for;
use crate::pause;

/// Contains a character that a URL must escape.
const PASSWORD: &str = "redis/of these-tests";

/// On a loaded machine, storing 20 MB takes longer than the client waits by default.
const ANSWER_MAX: Duration = Duration::from_secs(20);

/// Dropping the value kills the process.
#[derive(Debug)]
pub struct Redis {
    process: Child,
    folder: TempDir,
}

impl Redis {
    /// Starts a Redis without persistence, and waits until it answers.
    pub async fn start() -> Self {
        let folder = folder();
        let redis = Self {
            process: spawn(&folder),
            folder,
        };
        redis.wait_until_ready().await;
        redis
    }

    /// Returns its URL with the password.
    pub fn url(&self) -> String {
        let socket = socket(&self.folder);
        let password = PASSWORD.replace('/', "%2F").replace(' ', "%20");
        format!("unix://{socket}?pass={password}")
    }

    pub async fn set(&self, key: &str, value: &str) {
        let mut connection = self.connection().await.expect("redis answers");
        let () = connection.set(key, value).await.expect("redis stores");
    }

    /// Stores parts of a session's request as the hub does, each by its name (`requestBody`, `reqHeaders`, …).
    pub async fn store_request(&self, session: &str, sequence: u64, parts: &[(&str, &str)]) {
        self.set(&format!("session:{session}:seq"), &sequence.to_string())
            .await;
        for (part, text) in parts {
            self.set(&format!("session:{session}:req:{sequence}:{part}"), text)
                .await;
        }
    }

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

    /// Returns the names of all keys.
    pub async fn keys(&self) -> Vec<String> {
        let mut connection = self.connection().await.expect("redis answers");
        connection.keys("*").await.expect("redis answers")
    }

    pub async fn get(&self, key: &str) -> Option<String> {
        let mut connection = self.connection().await.expect("redis answers");
        connection.get(key).await.expect("redis answers")
    }

    pub fn crash(&mut self) {
        self.process.kill().expect("redis runs");
        self.process.wait().expect("the process is ours");
    }

    /// Starts an empty Redis at the same address after a crash.
    pub async fn start_again(&mut self) {
        self.process = spawn(&self.folder);
        self.wait_until_ready().await;
    }

    /// It still accepts connections, but answers none.
    pub fn pause(&self) {
        pause::stop(&self.process);
    }

    pub fn go_on(&self) {
        pause::go_on(&self.process);
    }

    async fn wait_until_ready(&self) {
        let ready = async || self.connection().await.ok().map(drop);
        wait_for("redis", Duration::from_secs(20), ready).await;
    }

    async fn connection(&self) -> redis::RedisResult<redis::aio::MultiplexedConnection> {
        let client = redis::Client::open(self.url())?;
        let config = redis::AsyncConnectionConfig::new().set_response_timeout(Some(ANSWER_MAX));
        client.get_multiplexed_async_connection_with_config(&config).await
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
