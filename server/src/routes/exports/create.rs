//! Exports are created, one or many, and made again.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, ResponseError, web};
use api::exports::{BulkAnswer, BulkRequest, EnqueueError, Enqueued, ExportAnswer, ExportRequest};
use jiff::Timestamp;

use super::access;
use super::answer::{idempotency_key, respond, stored};
use super::destinations::Wanted;
use super::order::check;
use super::templates::find_for_request;
use crate::app::App;
use crate::auth::Caller;
use crate::error::ApiError;
use crate::exports::ExportError;
use crate::exports::idempotency::StoredAnswer;
use crate::exports::new_export::NewExport;
use crate::exports::order::{Order, PermittedExport};
use crate::exports::record::ExportRecord;
use crate::exports::store::Creation;
use crate::parameter::ParameterError;
use crate::routes::extract::{Administrator, JsonBody, read_json};

/// The most exports that one request creates.
const BULK_MAX: usize = 10_000;

/// The greatest size of the body of many exports.
const BULK_BYTES_MAX: usize = 8 * 1024 * 1024;

/// The greatest number of values in it: a hundred of each export.
const BULK_VALUES_MAX: usize = 100 * BULK_MAX;

/// Creates an export, and answers before it is made.
pub async fn create(
    app: web::Data<App>,
    caller: Caller,
    request: HttpRequest,
    JsonBody(body): JsonBody<ExportRequest>,
) -> Result<HttpResponse, ApiError> {
    app.check_running()?;
    let idempotency = idempotency_key(&request, &body)?;
    let wanted = Wanted::new(&body);
    let permissions = app.permissions.of(&caller).await?;
    let template = find_for_request(&app, &caller, &permissions, body.template.as_deref()).await?;
    let order = Order::new(body, template.as_ref())?;
    let permitted = check(&app, caller.clone(), &permissions, order).await?;
    let permitted = wanted.add_to(permitted, &app, &caller, &permissions)?;
    let creation = Creation {
        caller: &caller,
        exports: vec![permitted.export],
        idempotency,
        answer: &accepted,
    };
    Ok(respond(app.exports.create(creation).await?))
}

/// Makes an export again that is over, with the same rows and options, as a new export.
pub async fn retry(
    app: web::Data<App>,
    caller: Caller,
    request: HttpRequest,
    id: web::Path<String>,
) -> Result<HttpResponse, ApiError> {
    app.check_running()?;
    let idempotency = idempotency_key(&request, &())?;
    let seen = access::find(&app, &caller, &id).await?;
    seen.check_repeat(&app).await?;
    if seen.record.status.is_open() {
        return Err(ExportError::NotOver.into());
    }
    let record = seen.record;
    let creation = Creation {
        caller: &caller,
        exports: vec![NewExport::repeating(&record, &caller, Timestamp::now())],
        idempotency,
        answer: &accepted,
    };
    Ok(respond(app.exports.create(creation).await?))
}

/// Returns the answer with the export that was created.
pub(super) fn accepted(records: &[ExportRecord]) -> StoredAnswer {
    let export = records.first().map(|record| record.to_export(None));
    let location = export.as_ref().map(|export| export.links.own.clone());
    let answer = export.map(|export| ExportAnswer { export });
    stored(StatusCode::ACCEPTED, &answer, location)
}

/// Creates many exports at once. One that cannot be made has its error in the answer, and the others are created.
pub async fn bulk(
    app: web::Data<App>,
    Administrator(caller): Administrator,
    request: HttpRequest,
    body: web::Payload,
) -> Result<HttpResponse, ApiError> {
    app.check_running()?;
    let body: BulkRequest = read_json(body.into_inner(), BULK_BYTES_MAX, BULK_VALUES_MAX).await?;
    if !(1..=BULK_MAX).contains(&body.exports.len()) {
        let problem = format!("must have from 1 to {BULK_MAX} exports");
        return Err(ParameterError::invalid("exports", problem).into());
    }
    let idempotency = idempotency_key(&request, &body)?;
    let permissions = app.permissions.of(&caller).await?;
    let mut templates = HashMap::new();
    let mut exports = Vec::with_capacity(body.exports.len());
    let mut outcomes = Vec::with_capacity(body.exports.len());
    for ordered in body.exports {
        let checking = async {
            let template = match ordered.template.clone() {
                None => None,
                Some(name) => match templates.entry(name) {
                    Entry::Occupied(found) => Some(found.into_mut()),
                    Entry::Vacant(new) => {
                        let found = find_for_request(&app, &caller, &permissions, Some(new.key())).await?;
                        found.map(|template| new.insert(template))
                    }
                },
            };
            let wanted = Wanted::new(&ordered);
            let order = Order::new(ordered, template.as_deref())?;
            let permitted = check(&app, caller.clone(), &permissions, order).await?;
            wanted.add_to(permitted, &app, &caller, &permissions)
        };
        let checked: Result<PermittedExport, ApiError> = checking.await;
        outcomes.push(match checked {
            Ok(PermittedExport { export, .. }) => {
                let id = export.id;
                exports.push(export);
                Ok(id)
            }
            // A failure of the server is none of this export.
            Err(error) if error.status_code().is_server_error() => return Err(error),
            Err(error) => Err(error.enqueue_error()),
        });
    }
    let answer = move |records: &[ExportRecord]| {
        let enqueued = |outcome: &Result<uuid::Uuid, EnqueueError>| match outcome {
            Ok(id) => {
                // Records come in the order of their ids.
                let found = records.binary_search_by_key(id, |record| record.id);
                let status = found.ok().map(|position| records[position].status);
                Enqueued::Created {
                    id: id.to_string(),
                    status: status.unwrap_or(api::exports::ExportStatus::Queued),
                }
            }
            Err(error) => Enqueued::Refused { error: error.clone() },
        };
        let answer = BulkAnswer {
            exports: outcomes.iter().map(enqueued).collect(),
        };
        stored(StatusCode::ACCEPTED, &answer, None)
    };
    let creation = Creation {
        caller: &caller,
        exports,
        idempotency,
        answer: &answer,
    };
    Ok(respond(app.exports.create(creation).await?))
}
