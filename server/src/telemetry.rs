//! The log, and the middleware that gives every response a request id and security headers.

use std::time::Instant;

use actix_web::body::{BodySize, BoxBody, MessageBody, None as NoBody, SizedStream};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::middleware::Next;
use bytes::Bytes;
use clap::ValueEnum;
use futures_util::stream;
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
use crate::error::ApiError;

/// The id of a request, in its response, the log and the audit records.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Headers of every response (OWASP, "HTTP Headers Cheat Sheet"). The page adds its own content security policy.
const SECURITY_HEADERS: [(&str, &str); 6] = [
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "no-referrer"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("permissions-policy", "camera=(), microphone=(), geolocation=()"),
];

/// Content security policy of responses that are not the page: they load nothing.
const DATA_POLICY: &str = "default-src 'none'; frame-ancestors 'none'";

/// The log's part of the settings.
#[derive(Clone, Debug)]
pub struct Options {
    pub style: LogStyle,
    /// Levels as in `info,decant=debug`.
    pub filter: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogStyle {
    Pretty,
    /// One JSON object a line.
    Json,
}

#[derive(Debug, thiserror::Error)]
#[error("the setting DECANT_LOG_FILTER cannot be used: {0}")]
pub struct LogFilterError(#[from] tracing_subscriber::filter::ParseError);

/// Starts the log and the audit layer. The log goes to standard error, because standard output is for results.
///
/// # Errors
/// [`LogFilterError`] if the filter cannot be parsed.
pub fn start_log(options: &Options) -> Result<(), LogFilterError> {
    let wanted: Targets = options.filter.parse()?;
    let lines = tracing_subscriber::fmt::layer().with_writer(BoxMakeWriter::new(std::io::stderr));
    let shown = wanted.clone();
    let lines = match options.style {
        LogStyle::Pretty => lines.map_event_format(|lines| Shown { lines, shown }).boxed(),
        LogStyle::Json => {
            let lines = lines.json().flatten_event(true);
            lines.map_event_format(|lines| Shown { lines, shown }).boxed()
        }
    };
    // One filter for both layers, because a filter of one layer would lose events. sqlx asks whether an event would be
    // logged; the filter keeps its answer and applies it to the next event.
    let either = filter_fn(move |metadata| {
        wanted.would_enable(metadata.target(), metadata.level()) || AuditLayer::is_interested(metadata)
    });
    let log = tracing_subscriber::registry()
        .with(either)
        .with(lines)
        .with(AuditLayer);
    // An error means that this process has a log already, as in tests that start several applications.
    let _ = log.try_init();
    Ok(())
}

/// Starts the audit layer without the log, for commands that report on the terminal.
pub fn start_audit() {
    let log = tracing_subscriber::registry()
        .with(filter_fn(AuditLayer::is_interested))
        .with(AuditLayer);
    let _ = log.try_init();
}

/// Formats the events that the filter of the log enables; the others are in the registry for their audit records only.
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

/// Gives a request its id, logs its response and adds the headers of every response.
///
/// # Errors
/// Those of `next`. A handler's error is a response already.
pub async fn request_middleware(
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
    let response = match response
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
    let mut response = without_stream(response);
    let headers = response.headers_mut();
    // The page and its files have the header already. Every other answer may contain personal data.
    if !headers.contains_key(header::CACHE_CONTROL) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    for (name, value) in SECURITY_HEADERS {
        let name = HeaderName::from_static(name);
        // A report that the page frames has its own.
        if !headers.contains_key(&name) {
            headers.insert(name, HeaderValue::from_static(value));
        }
    }
    if !headers.contains_key(header::CONTENT_SECURITY_POLICY) {
        headers.insert(
            header::CONTENT_SECURITY_POLICY,
            HeaderValue::from_static(DATA_POLICY),
        );
    }
    if let Ok(id) = HeaderValue::from_str(&id) {
        headers.insert(REQUEST_ID, id);
    }
    let duration_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    // The log gets the path without the query, because filters may hold names of people.
    span.in_scope(|| {
        tracing::info!(
            status = response.status().as_u16(),
            duration_ms,
            "request completed"
        )
    });
    Ok(response)
}

/// Drops the body of an answer to HEAD, because a stream would run to its end. Actix itself leaves out a body in memory, and
/// sends its length.
fn without_stream(response: ServiceResponse<BoxBody>) -> ServiceResponse<BoxBody> {
    if *response.request().method() != Method::HEAD {
        return response;
    }
    let length = response.headers().get(header::CONTENT_LENGTH);
    let length = length.and_then(|length| length.to_str().ok()?.parse().ok());
    response.map_body(|_, body| match (body.size(), length) {
        (BodySize::Sized(bytes), _) if bytes > 0 => body,
        (_, Some(length)) => {
            SizedStream::new(length, stream::empty::<Result<Bytes, actix_web::Error>>()).boxed()
        }
        // No length: that of the answer to GET is not known.
        (_, None) => NoBody::new().boxed(),
    })
}
