//! The server's socket, and what protects it from clients that occupy it: stalled connections, bodies that do not
//! arrive, and more connections than the process may have files. [`close_delimited`] ends answers of unknown length for
//! clients of HTTP/1.0.

use std::any::Any;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::os::fd::{AsRawFd, BorrowedFd, RawFd};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::{Extensions, Payload, ServiceRequest, ServiceResponse};
use actix_web::error::PayloadError;
use actix_web::http::{ConnectionType, Method, Version};
use actix_web::middleware::Next;
use actix_web::rt::net::TcpStream;
use actix_web::{HttpMessage, web};
use async_stream::stream;
use bytes::Bytes;
use futures_util::StreamExt;
use nix::libc::linger;
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::sys::socket::{setsockopt, sockopt};
use tokio::time::timeout;

use crate::app::App;

/// Open files that are not connections of clients: those to PostgreSQL and Redis, pipes of programs, temporary files.
const FILES_RESERVED: u64 = 48;

/// The bytes that a body must bring within the time of DECANT_STALL_SECONDS, unless it ends: more than any body but an upload
/// has.
const BYTES_MIN: usize = 64 * 1024;

/// The most connections of one worker thread, which is also actix's default.
const CONNECTIONS_MAX: u64 = 25_000;

/// Binds the server's address. A connection whose client accepts no byte for `stall_max` is closed by the kernel, which
/// ends its export or dump (`TCP_USER_TIMEOUT`, tcp(7); accepted sockets inherit it).
///
/// # Errors
/// The address cannot be used.
pub fn bind(address: SocketAddr, stall_max: Duration) -> io::Result<TcpListener> {
    let listener = TcpListener::bind(address)?;
    let milliseconds = u32::try_from(stall_max.as_millis()).unwrap_or(u32::MAX);
    setsockopt(&listener, sockopt::TcpUserTimeout, &milliseconds)?;
    Ok(listener)
}

/// Raises the limit of open files as far as the system lets it, and returns the connections that each of the `workers`
/// may have. Without the bound, `accept` would fail while the files are used up, and no client would be answered.
#[must_use]
pub fn connections_max(workers: usize) -> usize {
    let files = match getrlimit(Resource::RLIMIT_NOFILE) {
        Ok((soft, hard)) => match setrlimit(Resource::RLIMIT_NOFILE, hard, hard) {
            Ok(()) => hard,
            Err(_) => soft,
        },
        Err(_) => return CONNECTIONS_MAX as usize,
    };
    let for_each = files.saturating_sub(FILES_RESERVED) / workers.max(1) as u64;
    for_each.clamp(2, CONNECTIONS_MAX) as usize
}

/// Middleware that ends a request whose body stalls or arrives byte by byte.
///
/// # Errors
/// Those of the handler.
pub async fn limit_stalls(
    mut request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, actix_web::Error> {
    let stall_max = request
        .app_data::<web::Data<App>>()
        .map(|app| app.settings.stall_max);
    if let Some(stall_max) = stall_max {
        let payload = request.take_payload();
        request.set_payload(limited(payload, stall_max));
    }
    next.call(request).await
}

fn limited(mut payload: Payload, stall_max: Duration) -> Payload {
    if matches!(payload, Payload::None) {
        return payload;
    }
    let pieces = stream! {
        // The time in which the handler is busy with a piece does not count.
        let (mut left, mut missing) = (stall_max, BYTES_MIN);
        loop {
            let asked = Instant::now();
            match timeout(left, payload.next()).await {
                Ok(Some(piece)) => {
                    left = left.saturating_sub(asked.elapsed());
                    missing = missing.saturating_sub(piece.as_ref().map_or(0, |piece| piece.len()));
                    if missing == 0 {
                        (left, missing) = (stall_max, BYTES_MIN);
                    }
                    yield piece;
                }
                Ok(None) => return,
                Err(_) => {
                    yield Err(PayloadError::Io(io::ErrorKind::TimedOut.into()));
                    return;
                }
            }
        }
    };
    Payload::Stream {
        payload: Box::pin(pieces),
    }
}

/// The socket of a connection. The connection owns it and closes it.
#[derive(Clone, Copy, Debug)]
struct Socket(RawFd);

/// Keeps the socket of a new connection for [`close_delimited`].
pub fn remember_socket(stream: &dyn Any, data: &mut Extensions) {
    if let Some(stream) = stream.downcast_ref::<TcpStream>() {
        data.insert(Socket(stream.as_raw_fd()));
    }
}

impl Socket {
    /// Sets whether closing the socket resets the connection (`SO_LINGER` of 0 seconds, socket(7)).
    #[expect(unsafe_code, reason = "actix lends the socket only before the first request")]
    fn reset_on_close(self, is_on: bool) -> io::Result<()> {
        let setting = linger {
            l_onoff: is_on.into(),
            l_linger: 0,
        };
        // SAFETY: only `CloseDelimited::poll_next` calls this. The connection calls that, and it still owns the open socket.
        let socket = unsafe { BorrowedFd::borrow_raw(self.0) };
        Ok(setsockopt(&socket, sockopt::Linger, &setting)?)
    }
}

/// Middleware that sends an answer of unknown length without chunks to a client of HTTP/1.0, which knows none (RFC 9112, 6.1).
/// The end of the connection is the end of the answer. A connection that ends earlier is reset, also when this process is
/// killed, so that the client sees that the answer is not complete.
///
/// # Errors
/// Those of the handler.
pub async fn close_delimited(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let knows_chunks = request.version() > Version::HTTP_10 || request.method() == Method::HEAD;
    let socket = request.conn_data::<Socket>().copied();
    let response = next.call(request).await?.map_into_boxed_body();
    Ok(response.map_body(|head, body| {
        if knows_chunks || body.size() != BodySize::Stream {
            return body;
        }
        head.no_chunking(true);
        head.set_connection_type(ConnectionType::Close);
        CloseDelimited {
            body,
            socket,
            began: false,
        }
        .boxed()
    }))
}

struct CloseDelimited {
    body: BoxBody,
    socket: Option<Socket>,
    began: bool,
}

impl MessageBody for CloseDelimited {
    type Error = <BoxBody as MessageBody>::Error;

    fn size(&self) -> BodySize {
        BodySize::Stream
    }

    fn poll_next(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        let set =
            |socket: Option<Socket>, is_on| socket.map_or(Ok(()), |socket| socket.reset_on_close(is_on));
        if !self.began {
            self.began = true;
            set(self.socket, true)?;
        }
        let next = Pin::new(&mut self.body).poll_next(context);
        if matches!(next, Poll::Ready(None)) {
            set(self.socket, false)?;
        }
        next
    }
}
