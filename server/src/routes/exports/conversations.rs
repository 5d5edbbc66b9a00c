//! Files of conversations: the addresses below `/api/export`. A small file is complete in the first answer.

use std::time::Duration;

use actix_web::http::{StatusCode, header};
use actix_web::{HttpRequest, HttpResponse, web};
use api::conversation_exports::{
    ConversationExportEntry, ConversationExportHistory, ConversationExportRequest, ConversationExportStatus,
    FinishedConversationExport, Pagination, QueuedConversationExport,
};
use api::exports::{ExportStatus, ExportType};
use jiff::Timestamp;
use serde_json::Value;
use wasm_export::options::Format;

use super::access::{self, Seen};
use super::answer::{idempotency_key, respond, stored};
use super::conversation_request::check;
use super::delivery::Delivery;
use super::words;
use crate::app::App;
use crate::auth::Caller;
use crate::error::ApiError;
use crate::exports::ExportError;
use crate::exports::idempotency::StoredAnswer;
use crate::exports::record::ExportRecord;
use crate::exports::store::{Created, Creation, ListRequest};
use crate::json_input::VALUES_MAX;
use crate::routes::extract::{Pairs, read_json};

/// The greatest size of the body: 10,000 ids have some 400 KB.
const BODY_BYTES_MAX: usize = 8 * 1024 * 1024;

/// How long a request waits for a small file.
const PATIENCE: Duration = Duration::from_secs(30);

/// When a client asks again for a file that is made in the background, in seconds.
const RETRY_AFTER: u32 = 2;

/// Exports conversations.
pub async fn create(
    app: web::Data<App>,
    caller: Caller,
    request: HttpRequest,
    body: web::Payload,
) -> Result<HttpResponse, ApiError> {
    let body = read_json(body.into_inner(), BODY_BYTES_MAX, VALUES_MAX).await?;
    begin(&app, caller, &request, body).await
}

/// Exports conversations as an earlier request did, with its body.
pub async fn repeat(
    app: web::Data<App>,
    caller: Caller,
    request: HttpRequest,
    id: web::Path<String>,
) -> Result<HttpResponse, ApiError> {
    let Seen { record, .. } = find(&app, &caller, &id).await?;
    let body = serde_json::from_value(record.parameters).map_err(|_| ApiError::Internal)?;
    begin(&app, caller, &request, body).await
}

/// Creates the export. One with few conversations is waited for.
async fn begin(
    app: &App,
    caller: Caller,
    request: &HttpRequest,
    body: ConversationExportRequest,
) -> Result<HttpResponse, ApiError> {
    app.check_running()?;
    let idempotency = idempotency_key(request, &body)?;
    let (export, count) = check(app, &caller, body).await?;
    let id = export.id;
    let creation = Creation {
        caller: &caller,
        exports: vec![export],
        idempotency,
        answer: &queued,
    };
    let created = app.exports.create(creation).await?;
    if count >= app.exports.options().conversation_threshold {
        return Ok(respond_later(created));
    }
    let id = match created.is_replayed {
        true => id_of(&created.answer).unwrap_or(id),
        false => id,
    };
    let record = app.exports.until_over(id, PATIENCE).await?;
    match finished(&record) {
        Some(finished) => Ok(respond(Created {
            answer: stored(StatusCode::CREATED, &finished, Some(status_address(&record))),
            ..created
        })),
        None if record.status.is_open() => Ok(respond_later(created)),
        // The reason why there is no file.
        None => Err(record
            .stored_file()
            .map_or_else(ApiError::from, |_| ApiError::Internal)),
    }
}

/// Returns the answer with an export that waits.
fn queued(records: &[ExportRecord]) -> StoredAnswer {
    let record = records.first();
    let answer = record.map(|record| QueuedConversationExport {
        export_id: record.id.to_string(),
        status: ExportStatus::Queued,
        conversation_count: count_of(record),
        message: format!(
            "Export queued for background processing. Check status at {}",
            status_address(record)
        ),
    });
    stored(StatusCode::ACCEPTED, &answer, record.map(status_address))
}

/// Returns the id in a stored answer of [`queued`].
fn id_of(answer: &StoredAnswer) -> Option<uuid::Uuid> {
    let queued: QueuedConversationExport = serde_json::from_str(&answer.body).ok()?;
    queued.export_id.parse().ok()
}

fn respond_later(created: Created) -> HttpResponse {
    let mut response = respond(created);
    let headers = response.headers_mut();
    headers.insert(header::RETRY_AFTER, RETRY_AFTER.into());
    response
}

fn finished(record: &ExportRecord) -> Option<FinishedConversationExport> {
    if record.status_at(Timestamp::now()) != ExportStatus::Completed {
        return None;
    }
    Some(FinishedConversationExport {
        export_id: record.id.to_string(),
        status: ExportStatus::Completed,
        conversation_count: count_of(record),
        file_size: record.file_bytes?,
        file_url: file_address(record),
        filename: record.file_name.clone()?,
        expires_at: record.expires_at?,
        format: record.format.clone(),
    })
}

fn status_address(record: &ExportRecord) -> String {
    format!("/api/export/status/{}", record.id)
}

fn file_address(record: &ExportRecord) -> String {
    format!("/api/export/download/{}", record.id)
}

/// Returns an export of conversations that the caller may see.
async fn find(app: &App, caller: &Caller, id: &str) -> Result<Seen, ApiError> {
    let seen = access::find(app, caller, id).await?;
    match seen.record.export_type {
        ExportType::Conversations => Ok(seen),
        _ => Err(ExportError::Unknown(id.to_owned()).into()),
    }
}

/// Shows how far an export of conversations is.
pub async fn status(
    app: web::Data<App>,
    caller: Caller,
    id: web::Path<String>,
) -> Result<HttpResponse, ApiError> {
    let Seen { record, .. } = find(&app, &caller, &id).await?;
    let position = app.exports.position(&record).await?;
    let status = record.status_at(Timestamp::now());
    let is_whole = status == ExportStatus::Completed;
    Ok(HttpResponse::Ok().json(ConversationExportStatus {
        export_id: record.id.to_string(),
        status,
        progress: record.progress,
        conversation_count: count_of(&record),
        file_size: record.file_bytes,
        file_url: is_whole.then(|| file_address(&record)),
        filename: record.file_name.clone().filter(|_| is_whole),
        format: record.format.clone(),
        created_at: record.created_at,
        expires_at: record.expires_at,
        error_message: record.error_message.clone(),
        message: match status {
            ExportStatus::Completed => "Export completed successfully. Download available.".to_owned(),
            status => message(&record, status, position),
        },
    }))
}

/// Returns the sentence about a state of an export. `position` is the number of those before it.
fn message(record: &ExportRecord, status: ExportStatus, position: Option<u32>) -> String {
    match (status, position) {
        (ExportStatus::Queued, Some(position)) => format!("Waiting, {position} before it"),
        (ExportStatus::Queued | ExportStatus::Scheduled, _) => "Waiting".to_owned(),
        (ExportStatus::Processing, _) => format!("Processing, {} %", record.progress),
        (ExportStatus::Completed, _) => "Ready to download".to_owned(),
        (ExportStatus::Failed, _) => record.error_message.clone().unwrap_or_default(),
        (ExportStatus::Cancelled, _) => "Cancelled".to_owned(),
        (ExportStatus::Expired, _) => "Export has expired. Create it again.".to_owned(),
    }
}

/// Sends the file of an export of conversations.
pub async fn download(
    app: web::Data<App>,
    caller: Caller,
    id: web::Path<String>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let seen = find(&app, &caller, &id).await?;
    let right = seen.right_to_download(&app).await?;
    let record = seen.record;
    let delivery = Delivery::new(&app, &record, right)?;
    let download = async |part| Ok(app.stored_exports.download(&record, &caller, part));
    let mut response = delivery.answer(&app, &request, download).await?;
    if record.format == Format::Jsonl.word() {
        let newline_delimited = header::HeaderValue::from_static("application/x-ndjson");
        response
            .headers_mut()
            .insert(header::CONTENT_TYPE, newline_delimited);
    }
    Ok(response)
}

/// Lists the caller's exports of conversations.
pub async fn history(
    app: web::Data<App>,
    caller: Caller,
    Pairs(pairs): Pairs,
) -> Result<HttpResponse, ApiError> {
    words::check(&pairs, &["format", "status", "page", "limit"])?;
    let limit = words::number(&pairs, "limit", 1, words::LIMIT_MAX)?.unwrap_or(25);
    let page: u64 = words::number(&pairs, "page", 1, 1_000_000)?.unwrap_or(1);
    let status = words::status(&pairs)?;
    let format = words::format(&pairs)?;
    let listing = app
        .exports
        .list(&ListRequest {
            subject: Some(caller.subject.to_string()),
            without_admins: !caller.is_administrator(),
            statuses: status.iter().map(|status| status.word().to_owned()).collect(),
            format: format.map(|format| format.word().to_owned()),
            export_type: Some(ExportType::Conversations.word().to_owned()),
            limit,
            offset: (page - 1) * u64::from(limit),
            ..ListRequest::default()
        })
        .await?;
    let positions = app.exports.positions(&listing.records).await?;
    let entry = |record: &ExportRecord| entry(record, positions.get(&record.id).copied());
    Ok(HttpResponse::Ok().json(ConversationExportHistory {
        exports: listing.records.iter().map(entry).collect(),
        pagination: Pagination::new(page, limit, listing.total),
    }))
}

fn entry(record: &ExportRecord, position: Option<u32>) -> ConversationExportEntry {
    let status = record.status_at(Timestamp::now());
    let is_whole = status == ExportStatus::Completed;
    ConversationExportEntry {
        export_id: record.id.to_string(),
        format: record.format.clone(),
        status,
        status_message: message(record, status, position),
        conversation_count: count_of(record),
        file_size: record.file_bytes,
        file_url: is_whole.then(|| file_address(record)),
        filename: record.file_name.clone().filter(|_| is_whole),
        created_at: record.created_at,
        expires_at: record.expires_at,
        error_message: record.error_message.clone(),
        is_downloadable: is_whole,
        config: record.parameters.get("config").cloned().unwrap_or(Value::Null),
    }
}

/// Returns the number of conversations. Those of a scheduled run are not counted before it; its rows are known at the end.
fn count_of(record: &ExportRecord) -> u64 {
    record.total_items.or(record.record_count).unwrap_or_default()
}
