//! Probes of the hub's endpoints, for administrators.

use actix_web::http::Method;
use actix_web::{HttpRequest, HttpResponse, web};
use api::events::to_lines;
use api::login::Role;
use bytes::Bytes;
use futures_util::StreamExt;
use tokio::time::sleep;

use super::events;
use super::extract::{Administrator, Pairs, request_parts};
use crate::app::App;
use crate::audit::Action;
use crate::error::ApiError;
use crate::parameter::ParameterError;
use crate::probes::endpoints;
use crate::probes::request::StreamRequest;
use crate::probes::stream::Numbered;

/// The header with which a client goes on after an event that it has (WHATWG HTML, "Server-sent events").
const LAST_EVENT: &str = "Last-Event-ID";

/// Lists the endpoints with their last 24 hours.
pub async fn list_endpoints(
    app: web::Data<App>,
    Administrator(caller): Administrator,
) -> Result<HttpResponse, ApiError> {
    app.check_hub()?;
    let _share = app.query_shares.take(&caller.subject).await?;
    let mut connection = app.source.for_query().await?;
    let endpoints = endpoints::list(&mut connection, &app.settings.hub_tables).await?;
    Ok(HttpResponse::Ok().json(endpoints))
}

/// Streams probes as they happen, after the last ones.
pub async fn stream(
    app: web::Data<App>,
    Administrator(caller): Administrator,
    Pairs(pairs): Pairs,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    app.check_hub()?;
    app.check_running()?;
    let wanted = StreamRequest::parse(&pairs)?;
    let last_event = last_event(&request)?;
    if request.method() == Method::HEAD {
        return Ok(events::response().finish());
    }
    let share = app.stream_shares.take(&caller.subject).await?;
    let probes = app.probes.open(wanted, last_event).await?;
    let record = StreamRecord::begin(caller.name);
    let lines = probes.events().map(move |event| {
        // Both end with the last event that is taken.
        let _held = (&record, &share);
        lines(&event)
    });
    let heartbeat = app.settings.heartbeat;
    let until = async move {
        tokio::select! {
            () = app.stopping.cancelled() => {}
            () = refused(&app, &request) => {}
        }
    };
    Ok(events::respond(lines.take_until(until), heartbeat))
}

/// Ends when the credential of the request no longer is an administrator's, because of a sign-out, its end or another role.
/// Each heartbeat asks. A database that does not answer ends no stream.
async fn refused(app: &App, request: &HttpRequest) {
    loop {
        sleep(app.settings.heartbeat).await;
        let caller = app.authenticator.authenticate(request_parts(request)).await;
        match caller.map_err(ApiError::from) {
            Ok(caller) if caller.role == Role::Admin => {}
            Err(error) if !error.is_refusal() => {}
            _ => return,
        }
    }
}

fn lines(numbered: &Numbered) -> Result<Bytes, ApiError> {
    let lines = to_lines(&numbered.event).map_err(|_| ApiError::Internal)?;
    Ok(format!("id: {}\n{lines}", numbered.id).into())
}

fn last_event(request: &HttpRequest) -> Result<Option<i64>, ParameterError> {
    let Some(value) = request.headers().get(LAST_EVENT) else {
        return Ok(None);
    };
    let id = value.to_str().ok().and_then(|id| id.trim().parse().ok());
    let id = id.filter(|id| (0..i64::MAX).contains(id));
    let wrong = || ParameterError::invalid(LAST_EVENT, "is the id of no event of this stream");
    id.map(Some).ok_or_else(wrong)
}

/// Logs the begin of a stream, and its end when it is dropped.
struct StreamRecord {
    caller: String,
}

impl StreamRecord {
    fn begin(caller: String) -> Self {
        tracing::info!(action = Action::ProbeStreamOpened.name(), caller);
        Self { caller }
    }
}

impl Drop for StreamRecord {
    fn drop(&mut self) {
        let caller = self.caller.as_str();
        tracing::info!(action = Action::ProbeStreamClosed.name(), caller);
    }
}
