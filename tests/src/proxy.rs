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

/// What goes one way in one step.
const STEP_BYTES: usize = 16 * 1024;

/// What the proxy's own system may hold of what was sent: little, so that a slow network is felt by who sends.
const HELD_BYTES: u32 = 64 * 1024;

/// How many connections may wait to be accepted.
const BACKLOG: u32 = 128;

/// How the network behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weather {
    /// Everything passes.
    Fair,
    /// After so many more bytes from the server, all connections are cut; new ones pass.
    CutAfter(u64),
    /// So many bytes from the server in a second.
    Throttled(u64),
    /// So many bytes from the client in a second.
    SlowUpload(u64),
    /// Every connection is closed.
    Refusing,
}

/// A way through the proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Direction {
    /// From the client to the server.
    Up,
    /// From the server to the client.
    Down,
}

/// A proxy in front of a server.
#[derive(Debug)]
pub struct Proxy {
    /// Where it listens.
    pub address: String,
    network: Arc<Network>,
    accepting: JoinHandle<()>,
}

#[derive(Debug)]
struct Network {
    weather: watch::Sender<Weather>,
    target: watch::Sender<String>,
    /// Bytes from the server since the weather was set.
    passed_bytes: AtomicU64,
}

impl Proxy {
    /// A proxy in front of `target`.
    ///
    /// # Panics
    /// If loopback has no free port.
    pub async fn to(target: &str) -> Self {
        let listener = listen().expect("loopback has a free port");
        let address = listener
            .local_addr()
            .expect("a listener has an address")
            .to_string();
        let network = Arc::new(Network {
            weather: watch::Sender::new(Weather::Fair),
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

    /// Changes how the network behaves, from now on and for all connections.
    pub fn set(&self, weather: Weather) {
        self.network.passed_bytes.store(0, Ordering::Relaxed);
        self.network.weather.send_replace(weather);
    }

    /// New connections go to another server.
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
            if *network.weather.borrow() != Weather::Refusing
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

/// Passes bytes both ways until one side ends or the weather breaks the connection; then both sides are closed.
async fn join(client: TcpStream, server: TcpStream, network: &Network) {
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    let mut weather = network.weather.subscribe();
    let before = *weather.borrow_and_update();
    let broken = async {
        // A cut concerns all connections, also those that are silent: it shows as a change from `CutAfter`.
        let mut last = before;
        while weather.changed().await.is_ok() {
            let now = *weather.borrow_and_update();
            if now == Weather::Refusing || (matches!(last, Weather::CutAfter(_)) && now == Weather::Fair) {
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
    /// How many bytes may pass this way in the next step, as soon as they may.
    async fn room(&self, direction: Direction) -> usize {
        let weather = *self.weather.borrow();
        match (weather, direction) {
            (Weather::CutAfter(limit), Direction::Down) => {
                match limit.saturating_sub(self.passed_bytes.load(Ordering::Relaxed)) {
                    0 => {
                        self.weather.send_replace(Weather::Fair);
                        // This connection is closed meanwhile, as all are.
                        std::future::pending().await
                    }
                    left => usize::try_from(left).unwrap_or(STEP_BYTES).min(STEP_BYTES),
                }
            }
            (Weather::Throttled(pace), Direction::Down) | (Weather::SlowUpload(pace), Direction::Up) => {
                slowly(pace).await
            }
            _ => STEP_BYTES,
        }
    }
}

/// A step at this pace, when its time has come.
async fn slowly(bytes_per_second: u64) -> usize {
    let step = usize::try_from(bytes_per_second / 50)
        .unwrap_or(STEP_BYTES)
        .clamp(1, STEP_BYTES);
    tokio::time::sleep(Duration::from_secs_f64(step as f64 / bytes_per_second as f64)).await;
    step
}
