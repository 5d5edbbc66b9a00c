//! Server-sent events (WHATWG HTML, "Server-sent events"): the progress of an operation while it runs.

use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::http::header;
use bytes::Bytes;
use futures_util::Stream;
use serde_json::Value;
use tokio::sync::mpsc::Receiver;
use tokio::time::timeout;

use crate::error::ApiError;

/// The media type of a stream of events.
pub const MEDIA_TYPE: &str = "text/event-stream";

/// Returns a response that streams the events. `name_and_data` gives the name and the data of each.
pub fn stream<E: 'static>(
    events: Receiver<E>,
    heartbeat: Duration,
    name_and_data: fn(&E) -> (&'static str, Value),
) -> HttpResponse {
    HttpResponse::Ok()
        .content_type(MEDIA_TYPE)
        .insert_header((header::CACHE_CONTROL, "no-store"))
        // Otherwise a proxy may buffer the stream until it is complete.
        .insert_header(("x-accel-buffering", "no"))
        .streaming(lines(events, heartbeat, name_and_data))
}

/// Writes a comment where no event came for the time of a heartbeat, because proxies cut connections that are silent.
fn lines<E>(
    mut events: Receiver<E>,
    heartbeat: Duration,
    name_and_data: fn(&E) -> (&'static str, Value),
) -> impl Stream<Item = Result<Bytes, ApiError>> {
    async_stream::stream! {
        loop {
            match timeout(heartbeat, events.recv()).await {
                Ok(Some(event)) => {
                    let (name, data) = name_and_data(&event);
                    yield Ok(Bytes::from(format!("event: {name}\ndata: {data}\n\n")));
                }
                Ok(None) => return,
                Err(_) => yield Ok(Bytes::from_static(b": still at it\n\n")),
            }
        }
    }
}
