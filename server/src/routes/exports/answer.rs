//! Answers that are kept for repeated requests.

use actix_web::http::{StatusCode, header};
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;

use crate::exports::ExportError;
use crate::exports::idempotency::{IdempotencyKey, StoredAnswer};
use crate::exports::store::Created;

/// The header of a request that may be sent again.
const IDEMPOTENCY_KEY: &str = "idempotency-key";

/// Returns the key of a request with this body, if it has one.
///
/// # Errors
/// [`ExportError::IdempotencyKey`].
pub fn idempotency_key(
    request: &HttpRequest,
    body: &impl Serialize,
) -> Result<Option<IdempotencyKey>, ExportError> {
    let Some(key) = request.headers().get(IDEMPOTENCY_KEY) else {
        return Ok(None);
    };
    let key = key.to_str().map_err(|_| ExportError::IdempotencyKey)?;
    IdempotencyKey::new(key, request.path(), body).map(Some)
}

/// Returns an answer that can be kept.
pub fn stored(status: StatusCode, body: &impl Serialize, location: Option<String>) -> StoredAnswer {
    StoredAnswer {
        status: status.as_u16(),
        // Answers are structs with texts as keys, which can be written.
        body: serde_json::to_string(body).unwrap_or_default(),
        location,
    }
}

/// Returns the response to a request that creates exports.
pub fn respond(created: Created) -> HttpResponse {
    let Created {
        answer,
        is_replayed,
        rate,
    } = created;
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::OK);
    let mut response = HttpResponse::build(status);
    response.content_type("application/json");
    if let Some(location) = answer.location {
        response.insert_header((header::LOCATION, location));
    }
    if is_replayed {
        response.insert_header(("idempotency-replayed", "true"));
    }
    if let Some(rate) = rate {
        response.insert_header(("ratelimit", rate.header()));
    }
    response.body(answer.body)
}
