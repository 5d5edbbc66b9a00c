//! A network that misbehaves: a TCP proxy on loopback that cuts, crawls or refuses.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// Bytes that are passed on in one step.
const STEP_BYTES: usize = 16 * 1024;

/// Size of the socket buffers. They are small, so that the sender notices a slow network.
const HELD_BYTES: u32 = 64 * 1024;

const BACKLOG: u32 = 128;

/// How the network behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Behavior {
    Normal,
    /// Cuts all connections after this many bytes from the server. New connections pass.
    CutAfter(u64),
    /// Bytes per second from the server.
    Throttled(u64),
    /// Bytes per second from the client.
    SlowUpload(u64),
    /// Closes every connection, open and new.
    Refusing,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Direction {
    /// From client to server.
    Up,
    /// From server to client.
    Down,
}

/// A proxy in front of a server. Dropping it closes its connections.
#[derive(Debug)]
pub struct Proxy {
    pub address: String,
    network: Arc<Network>,
    accepting: JoinHandle<()>,
}

#[derive(Debug)]
struct Network {
    behavior: watch::Sender<Behavior>,
    target: watch::Sender<String>,
    /// Bytes from the server since the last change of behavior.
    passed_bytes: AtomicU64,
}

impl Proxy {
    pub async fn to(target: &str) -> Self {
        let listener = listen().expect("loopback has a free port");
        let address = listener
            .local_addr()
            .expect("a listener has an address")
            .to_string();
        let network = Arc::new(Network {
            behavior: watch::Sender::new(Behavior::Normal),
            target: watch::Sender::new(target.to_owned()),
            passed_bytes: AtomicU64::new(0),
        });
        let accepting = tokio::spawn(accept(listener, network.clone()));
        Self {
            address,
            network,
            accepting,
        }
    }

    /// Changes the behavior of all connections, open and new.
    pub fn set(&self, behavior: Behavior) {
        self.network.passed_bytes.store(0, Ordering::Relaxed);
        self.network.behavior.send_replace(behavior);
    }

    /// Connects new connections to another server.
    pub fn lead_to(&self, target: &str) {
        self.network.target.send_replace(target.to_owned());
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, network: Arc<Network>) {
    while let Ok((client, _)) = listener.accept().await {
        let network = network.clone();
        tokio::spawn(async move {
            let target = network.target.borrow().clone();
            if *network.behavior.borrow() != Behavior::Refusing
                && let Ok(server) = connect(&target).await
            {
                join(client, server, &network).await;
            }
        });
    }
}

fn listen() -> io::Result<TcpListener> {
    let socket = TcpSocket::new_v4()?;
    socket.set_recv_buffer_size(HELD_BYTES)?;
    socket.bind(SocketAddr::from(([127, 0, 0, 1], 0)))?;
    socket.listen(BACKLOG)
}

async fn connect(target: &str) -> io::Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    socket.set_recv_buffer_size(HELD_BYTES)?;
    socket.connect(target.parse().map_err(io::Error::other)?).await
}

/// Passes bytes both ways until one side ends or the behavior cuts the connection, and closes both sides.
async fn join(client: TcpStream, server: TcpStream, network: &Network) {
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    let mut behavior = network.behavior.subscribe();
    let before = *behavior.borrow_and_update();
    let broken = async {
        // A cut ends idle connections too. They notice it by the change from `CutAfter`.
        let mut last = before;
        while behavior.changed().await.is_ok() {
            let now = *behavior.borrow_and_update();
            if now == Behavior::Refusing || (matches!(last, Behavior::CutAfter(_)) && now == Behavior::Normal)
            {
                return;
            }
            last = now;
        }
    };
    tokio::select! {
        () = pour(from_client, to_server, network, Direction::Up) => {}
        () = pour(from_server, to_client, network, Direction::Down) => {}
        () = broken => {}
    }
}

async fn pour(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, network: &Network, direction: Direction) {
    let mut step = vec![0; STEP_BYTES];
    loop {
        let room = network.room(direction).await;
        let Ok(length @ 1..) = from.read(&mut step[..room]).await else {
            return;
        };
        if direction == Direction::Down {
            network.passed_bytes.fetch_add(length as u64, Ordering::Relaxed);
        }
        if to.write_all(&step[..length]).await.is_err() {
            return;
        }
    }
}

impl Network {
    /// Waits until bytes may pass in this direction, and returns how many.
    async fn room(&self, direction: Direction) -> usize {
        let behavior = *self.behavior.borrow();
        match (behavior, direction) {
            (Behavior::CutAfter(limit), Direction::Down) => {
                match limit.saturating_sub(self.passed_bytes.load(Ordering::Relaxed)) {
                    0 => {
                        self.behavior.send_replace(Behavior::Normal);
                        // All connections, this one too, are being closed.
                        std::future::pending().await
                    }
                    left => usize::try_from(left).unwrap_or(STEP_BYTES).min(STEP_BYTES),
                }
            }
            (Behavior::Throttled(pace), Direction::Down) | (Behavior::SlowUpload(pace), Direction::Up) => {
                slowly(pace).await
            }
            _ => STEP_BYTES,
        }
    }
}

/// Waits for one step at this rate, and returns its size in bytes.
async fn slowly(bytes_per_second: u64) -> usize {
    let step = usize::try_from(bytes_per_second / 50)
        .unwrap_or(STEP_BYTES)
        .clamp(1, STEP_BYTES);
    tokio::time::sleep(Duration::from_secs_f64(step as f64 / bytes_per_second as f64)).await;
    step
}
