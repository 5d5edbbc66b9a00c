//! A receiver of webhooks whose answers a test chooses.

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::Value;
use sha2::Sha256;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use crate::exports::PATIENCE;
use crate::patience::wait_for;

/// The secret of the tests' webhooks.
pub const SECRET: &str = "a-secret-of-the-receiver-0123";

/// The receivers are on this machine.
pub const ALLOWED: (&str, &str) = ("DECANT_WEBHOOK_ALLOW", "127.0.0.1");

/// How a request is answered.
#[derive(Clone, Debug)]
pub enum Reply {
    Status(u16),
    /// 307 with this address in `Location`.
    Redirect(String),
    /// The connection stays open without an answer.
    Hang,
    /// The connection is closed without an answer.
    Close,
    /// 200 and so many bytes.
    Large(usize),
}

/// A request that came.
#[derive(Clone, Debug)]
pub struct Received {
    /// By names in small letters.
    pub headers: BTreeMap<String, String>,
    pub body: String,
}

/// Dropping the value ends it.
#[derive(Debug)]
pub struct WebhookReceiver {
    address: SocketAddr,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

#[derive(Debug, Default)]
struct Shared {
    replies: Mutex<VecDeque<Reply>>,
    received: Mutex<Vec<Received>>,
}

impl WebhookReceiver {
    /// Starts one that gives these replies in turn, and then 200.
    pub async fn start(replies: &[Reply]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0")
            .await
            .expect("there is a free port");
        let address = listener.local_addr().expect("a listener has an address");
        let shared = Arc::new(Shared {
            replies: Mutex::new(replies.iter().cloned().collect()),
            received: Mutex::default(),
        });
        let of_task = Arc::clone(&shared);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(answer(stream, Arc::clone(&of_task)));
            }
        });
        Self {
            address,
            shared,
            task,
        }
    }

    /// Returns the address of the receiver. Its path and its query stand for secrets.
    pub fn url(&self) -> String {
        format!("http://{}/T0/secret-path?key=hidden", self.address)
    }

    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// Returns the requests that came.
    pub fn received(&self) -> Vec<Received> {
        let received = self.shared.received.lock();
        received.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Waits until so many requests have come, and returns them.
    pub async fn wait_for(&self, count: usize) -> Vec<Received> {
        wait_for(&format!("{count} requests"), PATIENCE, async || {
            Some(self.received()).filter(|received| received.len() >= count)
        })
        .await
    }
}

impl Drop for WebhookReceiver {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Received {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).expect("a body is JSON")
    }

    /// Asserts that the signature is that of the body with this secret.
    pub fn assert_signed(&self, secret: &str) {
        let signature = self.header("x-decant-signature");
        let (time, code) = signature.split_once(",v1=").expect("a signature has two parts");
        let time = time.strip_prefix("t=").expect("it begins with the time");
        let mut expected = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("a key has any length");
        expected.update(format!("{time}.{}", self.body).as_bytes());
        let digits: String = expected
            .finalize()
            .into_bytes()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        assert_eq!(code, digits);
    }

    /// Returns a header; empty without one.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(String::as_str).unwrap_or_default()
    }
}

async fn answer(mut stream: TcpStream, shared: Arc<Shared>) {
    let Some(received) = read(&mut stream).await else {
        return;
    };
    let reply = {
        let mut replies = shared.replies.lock().unwrap_or_else(PoisonError::into_inner);
        let mut requests = shared.received.lock().unwrap_or_else(PoisonError::into_inner);
        requests.push(received);
        replies.pop_front().unwrap_or(Reply::Status(200))
    };
    // A client that has gone is no failure of the receiver.
    let _ = match reply {
        Reply::Close => Ok(()),
        Reply::Hang => std::future::pending().await,
        Reply::Status(status) => write(&mut stream, status, "", &[]).await,
        Reply::Redirect(to) => write(&mut stream, 307, &format!("location: {to}\r\n"), &[]).await,
        Reply::Large(bytes) => write(&mut stream, 200, "", &vec![b'x'; bytes]).await,
    };
}

async fn write(stream: &mut TcpStream, status: u16, headers: &str, body: &[u8]) -> std::io::Result<()> {
    let head = format!(
        "HTTP/1.1 {status} Status\r\n{headers}content-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(body).await?;
    stream.shutdown().await
}

/// Reads a request; `None` for what is none.
async fn read(stream: &mut TcpStream) -> Option<Received> {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let headers: BTreeMap<String, String> = head
                .lines()
                .skip(1)
                .filter_map(|line| line.split_once(": "))
                .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
                .collect();
            let length: usize = headers.get("content-length")?.parse().ok()?;
            if body.len() >= length {
                return Some(Received {
                    headers,
                    body: body.to_owned(),
                });
            }
        }
        let mut more = [0; 16 * 1024];
        match stream.read(&mut more).await {
            Ok(read) if read > 0 => bytes.extend_from_slice(&more[..read]),
            _ => return None,
        }
    }
}
