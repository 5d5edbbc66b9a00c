//! Server-sent events (WHATWG HTML, "Server-sent events"): the progress of an operation while it runs, and probes.

use std::pin::pin;
use std::time::Duration;

use actix_web::{HttpResponse, HttpResponseBuilder};
use api::events::{MEDIA_TYPE, to_lines};
use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream};
use serde::Serialize;
use tokio::sync::mpsc::Receiver;
use tokio::time::timeout;

use crate::error::ApiError;

/// Returns a response that streams the events.
pub fn stream<E: Serialize + 'static>(mut events: Receiver<E>, heartbeat: Duration) -> HttpResponse {
    let events = stream::poll_fn(move |context| events.poll_recv(context));
    let lines = events.map(|event| to_lines(&event).map(Bytes::from).map_err(|_| ApiError::Internal));
    respond(lines, heartbeat)
}

/// Returns a response that streams events that are written already.
pub fn respond(
    lines: impl Stream<Item = Result<Bytes, ApiError>> + 'static,
    heartbeat: Duration,
) -> HttpResponse {
    response().streaming(with_heartbeat(lines, heartbeat))
}

/// Returns the headers of a stream of events.
pub fn response() -> HttpResponseBuilder {
    let mut response = HttpResponse::Ok();
    response
        .content_type(MEDIA_TYPE)
        // Otherwise a proxy may buffer the stream until it is complete.
        .insert_header(("x-accel-buffering", "no"));
    response
}

/// Writes a comment where no event came for the time of a heartbeat, because proxies cut connections that are silent.
fn with_heartbeat(
    lines: impl Stream<Item = Result<Bytes, ApiError>>,
    heartbeat: Duration,
) -> impl Stream<Item = Result<Bytes, ApiError>> {
    async_stream::stream! {
        let mut lines = pin!(lines);
        loop {
            match timeout(heartbeat, lines.next()).await {
                Ok(Some(event)) => yield event,
                Ok(None) => return,
                Err(_) => yield Ok(Bytes::from_static(b": still at it\n\n")),
            }
        }
    }
}
