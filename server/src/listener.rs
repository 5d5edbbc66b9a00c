//! The server's socket, and what protects it from clients that occupy it: stalled connections, bodies that do not
//! arrive, and more connections than the process may have files.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::time::{Duration, Instant};

use actix_web::body::MessageBody;
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::error::PayloadError;
use actix_web::middleware::Next;
use actix_web::{HttpMessage, web};
use async_stream::stream;
use futures_util::StreamExt;
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
