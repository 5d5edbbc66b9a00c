//! The requests of a session that the hub stores, for administrators.

use actix_web::http::Method;
use actix_web::{HttpResponse, web};
use api::session_requests::SessionRequests;
use wasm_export::session_request::file_name;

use super::attachment::attachment;
use super::extract::{Administrator, Pairs, only_flag};
use crate::app::App;
use crate::audit::Action;
use crate::error::ApiError;
use crate::parameter::ParameterError;
use crate::stored_requests::{SessionId, StoredRequests, StoredRequestsError};

/// Lists the stored requests of a session.
pub async fn requests(
    app: web::Data<App>,
    _: Administrator,
    id: web::Path<String>,
) -> Result<HttpResponse, ApiError> {
    let id = SessionId::parse(&id)?;
    let requests = store(&app)?.list(&id).await?;
    Ok(HttpResponse::Ok().json(SessionRequests {
        session_id: id.as_str().to_owned(),
        requests,
    }))
}

/// Sends one request: as it is stored, for a browser to lay out, or laid out here with `pretty=true`.
pub async fn request(
    app: web::Data<App>,
    Administrator(caller): Administrator,
    path: web::Path<(String, String)>,
    Pairs(pairs): Pairs,
    method: Method,
) -> Result<HttpResponse, ApiError> {
    let (id, sequence) = path.into_inner();
    let sequence = sequence
        .parse()
        .map_err(|_| ParameterError::invalid("sequence", "is not a number"))?;
    let pretty = only_flag(&pairs, "pretty")?;
    let request = store(&app)?.find(SessionId::parse(&id)?, sequence).await?;
    if method != Method::HEAD {
        tracing::info!(
            action = Action::SessionRequestExport.name(),
            caller = caller.name,
            session = id,
            sequence
        );
    }
    let body = if pretty {
        request.pretty()?
    } else {
        request.stored()?
    };
    Ok(HttpResponse::Ok()
        .content_type("application/json")
        .insert_header(attachment(file_name(&id, Some(sequence))))
        .body(body))
}

fn store(app: &App) -> Result<&StoredRequests, ApiError> {
    app.check_hub()?;
    let stored = app.stored_requests.as_ref();
    Ok(stored.ok_or(StoredRequestsError::NoRedis)?)
}
