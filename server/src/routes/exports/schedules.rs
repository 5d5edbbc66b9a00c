//! Schedules of exports: created, listed, changed, started, deleted.

use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use actix_web::{FromRequest, HttpRequest, HttpResponse, web};
use api::exports::ExportListMeta;
use api::schedules::{
    ProcessedSchedules, ScheduleAnswer, ScheduleChange, ScheduleCreated, ScheduleList, ScheduleRequest,
    ScheduleStatus,
};
use jiff::Timestamp;
use secrecy::ExposeSecret;

use super::answer::{idempotency_key, respond, stored};
use super::create::accepted;
use super::schedule_change::changes;
use super::schedule_request::new_schedule;
use super::words;
use crate::app::App;
use crate::auth::{Caller, is_same_secret};
use crate::error::ApiError;
use crate::exports::ExportError;
use crate::exports::idempotency::StoredAnswer;
use crate::exports::schedules::{ScheduleCreation, ScheduleListRequest, ScheduleRecord, Started};
use crate::exports::store::Creation;
use crate::routes::extract::{Administrator, JsonBody, Pairs, request_parts};

/// The words of the list.
const WORDS: [&str; 4] = ["status", words::INCLUDE_ALL, "limit", "offset"];

/// The schedules of a page.
const LIMIT: u32 = 50;

/// Creates a schedule, and answers with its next times.
pub async fn create(
    app: web::Data<App>,
    caller: Caller,
    request: HttpRequest,
    JsonBody(body): JsonBody<ScheduleRequest>,
) -> Result<HttpResponse, ApiError> {
    app.check_running()?;
    let idempotency = idempotency_key(&request, &body)?;
    let schedule = new_schedule(&app, &caller, &body, Timestamp::now()).await?;
    let creation = ScheduleCreation {
        caller: &caller,
        schedule,
        idempotency,
        answer: &created,
    };
    Ok(respond(app.exports.create_schedule(creation).await?))
}

/// Returns the answer with a schedule that was created.
fn created(record: &ScheduleRecord) -> StoredAnswer {
    let answer = ScheduleCreated {
        success: true,
        request: record.to_request(),
    };
    let location = format!("/api/exports/schedules/{}", record.id);
    stored(StatusCode::CREATED, &answer, Some(location))
}

/// Lists the caller's schedules, or those of everybody for administrators.
pub async fn list(
    app: web::Data<App>,
    caller: Caller,
    Pairs(pairs): Pairs,
) -> Result<HttpResponse, ApiError> {
    let include_all = words::include_all(&pairs, &caller)?;
    words::check(&pairs, &WORDS)?;
    let expected = "active, paused, ended or error";
    let request = ScheduleListRequest {
        subject: (!include_all).then(|| caller.subject.to_string()),
        without_admins: !caller.is_administrator(),
        status: words::parsed(&pairs, "status", ScheduleStatus::from_word, expected)?,
        limit: words::number(&pairs, "limit", 1, words::LIMIT_MAX)?.unwrap_or(LIMIT),
        offset: words::number(&pairs, "offset", 0, words::OFFSET_MAX)?.unwrap_or(0),
    };
    let listing = app.exports.list_schedules(&request).await?;
    let schedules: Vec<_> = listing.records.iter().map(ScheduleRecord::to_schedule).collect();
    Ok(HttpResponse::Ok().json(ScheduleList {
        success: true,
        meta: ExportListMeta {
            total: listing.total,
            total_is_at_least: false,
            limit: request.limit,
            offset: request.offset,
            has_more: request.offset + (schedules.len() as u64) < listing.total,
        },
        schedules,
    }))
}

/// Shows one schedule with its next times.
pub async fn show(
    app: web::Data<App>,
    caller: Caller,
    id: web::Path<String>,
) -> Result<HttpResponse, ApiError> {
    let record = find(&app, &caller, &id).await?;
    Ok(answer(&record))
}

/// Pauses and resumes a schedule, and changes its times and its export.
pub async fn change(
    app: web::Data<App>,
    caller: Caller,
    id: web::Path<String>,
    JsonBody(body): JsonBody<ScheduleChange>,
) -> Result<HttpResponse, ApiError> {
    app.check_running()?;
    let record = find(&app, &caller, &id).await?;
    let changes = changes(&app, &caller, &record, body, Timestamp::now()).await?;
    let record = app.exports.change_schedule(&record, &caller, &changes).await?;
    Ok(answer(&record))
}

/// Deletes a schedule. Its exports stay.
pub async fn delete(
    app: web::Data<App>,
    caller: Caller,
    id: web::Path<String>,
) -> Result<HttpResponse, ApiError> {
    let record = find(&app, &caller, &id).await?;
    app.exports.delete_schedule(&record, &caller).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Creates an export of a schedule now, whatever its state. It counts as one that the caller creates.
pub async fn run(
    app: web::Data<App>,
    caller: Caller,
    request: HttpRequest,
    id: web::Path<String>,
) -> Result<HttpResponse, ApiError> {
    app.check_running()?;
    let idempotency = idempotency_key(&request, &())?;
    let record = find(&app, &caller, &id).await?;
    let creation = Creation {
        caller: &caller,
        exports: vec![record.run(None, Timestamp::now())],
        idempotency,
        answer: &accepted,
    };
    Ok(respond(app.exports.create(creation).await?))
}

/// Creates the exports of all schedules whose time has come, as each server does by itself.
pub async fn process(app: web::Data<App>, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    check_internal(&app, &request).await?;
    app.check_running()?;
    let Started {
        exports,
        missed,
        failed,
    } = app.exports.start_due_runs().await?;
    let next = app.exports.next_due().await?;
    Ok(HttpResponse::Ok().json(ProcessedSchedules {
        success: true,
        processed: exports.len() as u64 + missed + failed,
        started: exports.iter().map(ToString::to_string).collect(),
        failed,
        next,
    }))
}

/// Admits who has the token of DECANT_INTERNAL_TOKEN, and administrators.
async fn check_internal(app: &App, request: &HttpRequest) -> Result<(), ApiError> {
    let parts = request_parts(request);
    let given = parts.bearer().unwrap_or_default();
    let token = app.settings.auth.internal_token.as_ref();
    if token.is_some_and(|token| is_same_secret(token.expose_secret(), given)) {
        return Ok(());
    }
    Administrator::from_request(request, &mut Payload::None).await?;
    Ok(())
}

/// Returns a schedule that the caller may see and change.
async fn find(app: &App, caller: &Caller, id: &str) -> Result<ScheduleRecord, ApiError> {
    let record = app.exports.find_schedule(id).await?;
    match record.is_shown_to(caller) {
        true => Ok(record),
        false => Err(ExportError::NotYourSchedule.into()),
    }
}

fn answer(record: &ScheduleRecord) -> HttpResponse {
    HttpResponse::Ok().json(ScheduleAnswer {
        schedule: record.to_schedule(),
    })
}
