//! Server-sent events (WHATWG HTML, "Server-sent events"): the progress of an operation while it runs.

use std::time::Duration;

use actix_web::HttpResponse;
use api::events::{MEDIA_TYPE, to_lines};
use bytes::Bytes;
use futures_util::Stream;
use serde::Serialize;
use tokio::sync::mpsc::Receiver;
use tokio::time::timeout;

use crate::error::ApiError;

/// Returns a response that streams the events.
pub fn stream<E: Serialize + 'static>(events: Receiver<E>, heartbeat: Duration) -> HttpResponse {
    HttpResponse::Ok()
        .content_type(MEDIA_TYPE)
        // Otherwise a proxy may buffer the stream until it is complete.
        .insert_header(("x-accel-buffering", "no"))
        .streaming(lines(events, heartbeat))
}

/// Writes a comment where no event came for the time of a heartbeat, because proxies cut connections that are silent.
fn lines<E: Serialize>(
    mut events: Receiver<E>,
    heartbeat: Duration,
) -> impl Stream<Item = Result<Bytes, ApiError>> {
    async_stream::stream! {
        loop {
            match timeout(heartbeat, events.recv()).await {
                Ok(Some(event)) => {
                    yield to_lines(&event).map(Bytes::from).map_err(|_| ApiError::Internal);
                }
                Ok(None) => return,
                Err(_) => yield Ok(Bytes::from_static(b": still at it\n\n")),
            }
        }
    }
}
