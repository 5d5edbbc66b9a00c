//! The log, and what every answer carries: a request id and the security headers.

use std::time::Instant;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::middleware::Next;
use tracing::{Event, Instrument, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::{Targets, filter_fn};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::writer::BoxMakeWriter;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;
use uuid::Uuid;

use crate::audit::AuditLayer;
use crate::config::LogStyle;
use crate::error::ApiError;

/// The header that names a request in answers and in the log.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// What every answer carries (OWASP, "HTTP Headers Cheat Sheet"); the page's own policy is added by the page.
const SECURITY: [(&str, &str); 6] = [
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "no-referrer"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("permissions-policy", "camera=(), microphone=(), geolocation=()"),
];

/// Answers that are no page need nothing at all.
const POLICY_OF_DATA: &str = "default-src 'none'; frame-ancestors 'none'";

/// A filter for the log that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("the setting DECANT_LOG_FILTER cannot be used: {0}")]
pub struct LogFilterError(#[from] tracing_subscriber::filter::ParseError);

/// Begins the log, on standard error: standard output is for what the user asked for.
///
/// # Errors
/// [`LogFilterError`] if the filter is not one.
pub fn begin(style: LogStyle, filter: &str) -> Result<(), LogFilterError> {
    let wanted: Targets = filter.parse()?;
    let lines = tracing_subscriber::fmt::layer().with_writer(BoxMakeWriter::new(std::io::stderr));
    let shown = wanted.clone();
    let lines = match style {
        LogStyle::Pretty => lines.map_event_format(|lines| Shown { lines, shown }).boxed(),
        LogStyle::Json => {
            let lines = lines.json().flatten_event(true);
            lines.map_event_format(|lines| Shown { lines, shown }).boxed()
        }
    };
    // One filter for both, and none of a layer's own: those remember their answer to whoever only asks whether something
    // would be logged, as sqlx does, and give it to the next event, which vanished.
    let either = filter_fn(move |metadata| {
        wanted.would_enable(metadata.target(), metadata.level()) || AuditLayer::sees(metadata)
    });
    let log = tracing_subscriber::registry()
        .with(either)
        .with(lines)
        .with(AuditLayer);
    // A second application in one process, as in tests, goes on with the first one's log.
    let _ = log.try_init();
    Ok(())
}

/// Begins to record, for commands that are told what happens on the terminal, and log nothing.
pub fn begin_without_log() {
    let log = tracing_subscriber::registry()
        .with(filter_fn(AuditLayer::sees))
        .with(AuditLayer);
    let _ = log.try_init();
}

/// The lines of the log, but those that nobody wants to see: what is only recorded.
struct Shown<F> {
    lines: F,
    shown: Targets,
}

impl<S, N, F> FormatEvent<S, N> for Shown<F>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
    F: FormatEvent<S, N>,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        writer: Writer<'_>,
        event: &Event<'_>,
    ) -> std::fmt::Result {
        let metadata = event.metadata();
        match self.shown.would_enable(metadata.target(), metadata.level()) {
            true => self.lines.format_event(context, writer, event),
            false => Ok(()),
        }
    }
}

/// Names the request, logs its answer and dresses it.
///
/// # Errors
/// Never its own: a handler's error has become an answer before it comes here.
pub async fn accompany(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let id = Uuid::new_v4().simple().to_string();
    let began = Instant::now();
    let span = tracing::info_span!("request", id, method = %request.method(), path = request.path());
    let response = next
        .call(request)
        .instrument(span.clone())
        .await?
        .map_into_boxed_body();
    let mut response = match response
        .response()
        .error()
        .and_then(|error| error.as_error::<ApiError>())
    {
        Some(error) => {
            let answer = error.respond(Some(&id));
            response.into_response(answer)
        }
        None => response,
    };
    let headers = response.headers_mut();
    for (name, value) in SECURITY {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    if !headers.contains_key(header::CONTENT_SECURITY_POLICY) {
        headers.insert(
            header::CONTENT_SECURITY_POLICY,
            HeaderValue::from_static(POLICY_OF_DATA),
        );
    }
    if let Ok(id) = HeaderValue::from_str(&id) {
        headers.insert(REQUEST_ID, id);
    }
    let duration_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    // The address's query stays out of the log: filters may hold what people are called.
    span.in_scope(|| {
        tracing::info!(
            status = response.status().as_u16(),
            duration_ms,
            "a request was answered"
        )
    });
    Ok(response)
}
