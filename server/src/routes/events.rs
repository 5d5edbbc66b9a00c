//! Server-sent events (WHATWG HTML, "Server-sent events"): what goes on, told while it does.

use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::http::header;
use bytes::Bytes;
use futures_util::Stream;
use serde_json::Value;
use tokio::sync::mpsc::Receiver;
use tokio::time::timeout;

use crate::error::ApiError;

/// Their media type.
pub const MEDIA_TYPE: &str = "text/event-stream";

/// An answer that tells of every event by its name and its data.
pub fn stream<E: 'static>(
    events: Receiver<E>,
    heartbeat: Duration,
    told: fn(&E) -> (&'static str, Value),
) -> HttpResponse {
    HttpResponse::Ok()
        .content_type(MEDIA_TYPE)
        .insert_header((header::CACHE_CONTROL, "no-store"))
        // Otherwise a proxy may hold the stream back until it is whole.
        .insert_header(("x-accel-buffering", "no"))
        .streaming(lines(events, heartbeat, told))
}

/// A comment now and then keeps the line from being cut.
fn lines<E>(
    mut events: Receiver<E>,
    heartbeat: Duration,
    told: fn(&E) -> (&'static str, Value),
) -> impl Stream<Item = Result<Bytes, ApiError>> {
    async_stream::stream! {
        loop {
            match timeout(heartbeat, events.recv()).await {
                Ok(Some(event)) => {
                    let (name, data) = told(&event);
                    yield Ok(Bytes::from(format!("event: {name}\ndata: {data}\n\n")));
                }
                Ok(None) => return,
                Err(_) => yield Ok(Bytes::from_static(b": still at it\n\n")),
            }
        }
    }
}
