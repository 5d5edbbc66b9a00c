//! A workspace's exports: the addresses below `/api/workspaces/{id}`. An export of few rows is complete in the first answer.

use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use api::datasets::{DateRange, RowsRequest};
use api::exports::{ExportListMeta, ExportStatus, ExportType};
use api::workspace_exports::{
    ExportJob, ExportMode, ResourceType, WorkspaceExportAnswer, WorkspaceExportList, WorkspaceExportRequest,
    WorkspaceFiles,
};
use api::workspaces::WorkspaceRole;
use jiff::Timestamp;
use uuid::Uuid;

use super::access::{self, Seen};
use super::answer::{idempotency_key, respond, stored};
use super::destinations::Wanted;
use super::links::current_link;
use super::order::{check, count_rows};
use super::{change, download, events, words};
use crate::app::App;
use crate::auth::Caller;
use crate::datasets::query::check_role;
use crate::error::ApiError;
use crate::exports::ExportError;
use crate::exports::deliveries::destinations::without_secrets;
use crate::exports::file_key::FileOwner;
use crate::exports::idempotency::StoredAnswer;
use crate::exports::order::Order;
use crate::exports::record::ExportRecord;
use crate::exports::store::{Created, Creation, ListRequest};
use crate::json_input::VALUES_MAX;
use crate::parameter::ParameterError;
use crate::permissions::Permissions;
use crate::routes::dataset_access::within;
use crate::routes::extract::{Pairs, read_json};

const BODY_BYTES_MAX: usize = 16 * 1024;

/// With fewer rows, the first answer has the finished file.
const DIRECT_ROWS: u64 = 5_000;

/// How long a request waits for a small file.
const PATIENCE: Duration = Duration::from_secs(30);

/// The name of the caller's place in errors.
const EXPORTS: &str = "exports";

/// The path of a workspace's export.
type JobPath = web::Path<(String, String)>;

/// Exports rows of a workspace.
pub async fn create(
    app: web::Data<App>,
    caller: Caller,
    workspace: web::Path<String>,
    request: HttpRequest,
    body: web::Payload,
) -> Result<HttpResponse, ApiError> {
    app.check_running()?;
    let member = within(&app, caller.clone(), EXPORTS, &workspace).await?;
    let body: WorkspaceExportRequest = read_json(body.into_inner(), BODY_BYTES_MAX, VALUES_MAX).await?;
    let idempotency = idempotency_key(&request, &body)?;
    let mode = body.mode;
    let wanted = Wanted::of_workspace(&body);
    let order = order(&workspace, body)?;
    let few = mode == ExportMode::Auto && count_rows(&app, caller.clone(), &order).await? < DIRECT_ROWS;
    let permissions = app.permissions.of(&member).await?;
    let permitted = check(&app, caller.clone(), &permissions, order).await?;
    let permitted = wanted.add_to(permitted, &app, &caller, &permissions)?;
    let id = permitted.export.id;
    let creation = Creation {
        caller: &caller,
        exports: vec![permitted.export],
        idempotency,
        answer: &accepted,
    };
    let created = app.exports.create(creation).await?;
    if !few {
        return Ok(respond(created));
    }
    // A repeated request gets the code of the first one, and a link to the same file.
    let id = match created.is_replayed {
        true => id_in(&created.answer).unwrap_or(id),
        false => id,
    };
    let record = match app.exports.until_over(id, PATIENCE).await {
        // It was deleted since the first request.
        Err(ExportError::Unknown(_)) if created.is_replayed => return Ok(respond(created)),
        record => record?,
    };
    if record.status.is_open() {
        return Ok(respond(created));
    }
    let job = job(&app, &request, (&member, &permissions), &record).await?;
    let answer = WorkspaceExportAnswer {
        job_id: job.id.clone(),
        job,
    };
    Ok(respond(Created {
        answer: stored(StatusCode::CREATED, &answer, Some(address(&record))),
        ..created
    }))
}

fn order(workspace: &str, body: WorkspaceExportRequest) -> Result<Order, ApiError> {
    let body = WorkspaceExportRequest {
        delivery: body.delivery.as_ref().map(without_secrets),
        ..body
    };
    let parameters = serde_json::to_value(&body).map_err(|_| ApiError::Internal)?;
    let range = DateRange {
        start: body.start_date,
        end: body.end_date,
    };
    let format = body.format.map(|format| ("format".to_owned(), format));
    Ok(Order {
        kind: None,
        dataset: body.resource_type.dataset().to_owned(),
        workspace: Some(workspace.to_owned()),
        rows: RowsRequest {
            filters: body.filters,
            date_range: (range != DateRange::default()).then_some(range),
            ..RowsRequest::default()
        },
        file_words: format.into_iter().collect(),
        parameters,
        priority: 0,
        scheduled_at: None,
        retention_hours: None,
    })
}

/// Returns the answer with an export that waits.
fn accepted(records: &[ExportRecord]) -> StoredAnswer {
    let record = records.first();
    let answer = record.map(|record| WorkspaceExportAnswer {
        job_id: record.id.to_string(),
        job: without_link(record),
    });
    stored(StatusCode::ACCEPTED, &answer, record.map(address))
}

/// Returns the id in a stored answer of [`accepted`].
fn id_in(answer: &StoredAnswer) -> Option<Uuid> {
    let answer: WorkspaceExportAnswer = serde_json::from_str(&answer.body).ok()?;
    answer.job_id.parse().ok()
}

fn address(record: &ExportRecord) -> String {
    let workspace = record.workspace_id.as_deref().unwrap_or_default();
    format!("/api/workspaces/{workspace}/exports/{}", record.id)
}

fn without_link(record: &ExportRecord) -> ExportJob {
    let status = record.status_at(Timestamp::now());
    let is_whole = status == ExportStatus::Completed;
    let resource = ResourceType::from_dataset(&record.dataset);
    ExportJob {
        id: record.id.to_string(),
        workspace_id: record.workspace_id.clone().unwrap_or_default(),
        user_id: record.subject.clone(),
        resource_type: resource.map_or_else(|| record.dataset.clone(), |resource| resource.word().to_owned()),
        format: record.format.clone(),
        status,
        progress: record.progress,
        created_at: record.created_at,
        completed_at: record.completed_at,
        file_path: record.file_key.clone().filter(|_| is_whole),
        download_url: None,
    }
}

/// Returns an export with a link to its file, if that is complete and the caller may download it.
async fn job(
    app: &App,
    request: &HttpRequest,
    (member, permissions): (&Caller, &Permissions),
    record: &ExportRecord,
) -> Result<ExportJob, ApiError> {
    let job = without_link(record);
    let target = record.target(&app.catalog.get(), member);
    let download_url = match permissions.download_right(&target) {
        Some(right) if job.status == ExportStatus::Completed => {
            Some(current_link(app, request, member, (record, right)).await?.url)
        }
        _ => None,
    };
    Ok(ExportJob { download_url, ..job })
}

/// Lists the exports of a workspace: the caller's own, and for its administrators all.
pub async fn list(
    app: web::Data<App>,
    caller: Caller,
    workspace: web::Path<String>,
    Pairs(pairs): Pairs,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let member = within(&app, caller, EXPORTS, &workspace).await?;
    words::check(&pairs, &["status", "resourceType", "limit", "offset"])?;
    let resource = words::text(&pairs, "resourceType")?;
    let resource = resource.map(|word| resource_of(&word)).transpose()?;
    let sees_all = member.is_administrator() || access::is_administrator_of_workspace(&member);
    let listed = ListRequest {
        subject: (!sees_all).then(|| member.subject.to_string()),
        workspace: member.workspace().map(str::to_owned),
        statuses: words::status(&pairs)?
            .iter()
            .map(|status| status.word().to_owned())
            .collect(),
        dataset: resource.map(|resource| resource.dataset().to_owned()),
        limit: words::number(&pairs, "limit", 1, words::LIMIT_MAX)?.unwrap_or(words::LIMIT),
        offset: words::number(&pairs, "offset", 0, words::OFFSET_MAX)?.unwrap_or(0),
        ..ListRequest::default()
    };
    let listing = app.exports.list(&listed).await?;
    let permissions = app.permissions.of(&member).await?;
    let mut jobs = Vec::with_capacity(listing.records.len());
    for record in &listing.records {
        jobs.push(job(&app, &request, (&member, &permissions), record).await?);
    }
    let has_more = listing.is_at_least || listed.offset + (jobs.len() as u64) < listing.total;
    Ok(HttpResponse::Ok().json(WorkspaceExportList {
        jobs,
        meta: ExportListMeta {
            total: listing.total,
            total_is_at_least: listing.is_at_least,
            limit: listed.limit,
            offset: listed.offset,
            has_more,
        },
    }))
}

fn resource_of(word: &str) -> Result<ResourceType, ParameterError> {
    let found = ResourceType::ALL
        .into_iter()
        .find(|resource| resource.word() == word);
    found.ok_or_else(|| {
        let words = ResourceType::ALL.map(ResourceType::word).join(", ");
        ParameterError::invalid("resourceType", format!("must be one of {words}"))
    })
}

/// Returns an export of this workspace that the caller may see, and the caller within the workspace.
///
/// # Errors
/// [`ApiError::Access`] first; [`ExportError::Unknown`], also for an export of another workspace.
async fn find(
    app: &App,
    caller: Caller,
    path: &(String, String),
) -> Result<(ExportRecord, Caller), ApiError> {
    let (workspace, id) = path;
    let member = within(app, caller.clone(), EXPORTS, workspace).await?;
    let unknown = || ApiError::from(ExportError::Unknown(id.clone()));
    let record = app.exports.find(id).await?;
    if record.workspace_id.as_deref() != member.workspace() {
        return Err(unknown());
    }
    let Seen { record, .. } = access::see(app, &caller, record).await?;
    Ok((record, member))
}

/// Shows one export of a workspace.
pub async fn show(
    app: web::Data<App>,
    caller: Caller,
    path: JobPath,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let (record, member) = find(&app, caller, &path).await?;
    let permissions = app.permissions.of(&member).await?;
    Ok(HttpResponse::Ok().json(job(&app, &request, (&member, &permissions), &record).await?))
}

/// Sends the file of an export of a workspace.
pub async fn download(
    app: web::Data<App>,
    caller: Caller,
    path: JobPath,
    pairs: Pairs,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    find(&app, caller.clone(), &path).await?;
    download::download(app, caller, id_of(path), pairs, request).await
}

/// Cancels an export of a workspace that waits or runs.
pub async fn cancel(app: web::Data<App>, caller: Caller, path: JobPath) -> Result<HttpResponse, ApiError> {
    find(&app, caller.clone(), &path).await?;
    change::cancel(app, caller, id_of(path)).await
}

/// Streams the progress of an export of a workspace until it is over.
pub async fn events(
    app: web::Data<App>,
    caller: Caller,
    request: HttpRequest,
    path: JobPath,
) -> Result<HttpResponse, ApiError> {
    find(&app, caller.clone(), &path).await?;
    events::events(app, caller, request, id_of(path)).await
}

fn id_of(path: JobPath) -> web::Path<String> {
    let (_, id) = path.into_inner();
    web::Path::from(id)
}

/// Shows what the stored files of a workspace take.
pub async fn storage(
    app: web::Data<App>,
    caller: Caller,
    workspace: web::Path<String>,
) -> Result<HttpResponse, ApiError> {
    let member = within(&app, caller, EXPORTS, &workspace).await?;
    let workspace = member.workspace().unwrap_or_default();
    Ok(HttpResponse::Ok().json(app.exports.workspace_storage(workspace).await?))
}

/// Lists the stored files of a workspace, for its administrators.
pub async fn files(
    app: web::Data<App>,
    caller: Caller,
    workspace: web::Path<String>,
    Pairs(pairs): Pairs,
) -> Result<HttpResponse, ApiError> {
    let member = administrator(&app, caller, &workspace).await?;
    words::check(&pairs, &["folder"])?;
    let folder = words::text(&pairs, "folder")?.unwrap_or_else(|| EXPORTS.to_owned());
    let workspace = member.workspace().unwrap_or_default();
    let files = app
        .exports
        .workspace_files(workspace, &folder_of(workspace, &folder))
        .await?;
    Ok(HttpResponse::Ok().json(WorkspaceFiles { files }))
}

/// Returns the beginning of the names of a workspace's files in a folder.
fn folder_of(workspace: &str, folder: &str) -> String {
    let owner = FileOwner::new("", Some(workspace), ExportType::Dataset);
    let exports = owner.folder();
    let root = exports.strip_suffix(EXPORTS).unwrap_or(&exports);
    format!("{root}{}/", folder.trim_matches('/'))
}

/// Deletes a stored file of a workspace, and its export.
pub async fn delete_file(
    app: web::Data<App>,
    caller: Caller,
    path: JobPath,
) -> Result<HttpResponse, ApiError> {
    let (workspace, key) = path.into_inner();
    let member = administrator(&app, caller.clone(), &workspace).await?;
    let workspace = member.workspace().unwrap_or_default();
    let found = app.exports.find_workspace_file(workspace, &key).await?;
    let record = found.ok_or(ExportError::UnknownFile(key))?;
    let seen = Seen {
        record,
        caller: member,
    };
    seen.check_change(&app).await?;
    app.exports.delete(&seen.record, &caller).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Returns the caller within a workspace that they administer.
async fn administrator(app: &App, caller: Caller, workspace: &str) -> Result<Caller, ApiError> {
    let member = within(app, caller, EXPORTS, workspace).await?;
    if !member.is_administrator() {
        let role = member.membership().map(|membership| membership.role());
        check_role(role, WorkspaceRole::Admin)?;
    }
    Ok(member)
}
