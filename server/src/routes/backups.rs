//! Backups: dumps in the storage, for administrators.

use actix_web::http::Method;
use actix_web::http::header::EntityTag;
use actix_web::{HttpRequest, HttpResponse, web};
use api::backups::{BackupRequest, BackupRestoreRequest};
use api::restore::RestoreRequest;

use super::attachment::attachment;
use super::byte_range;
use super::extract::{Administrator, JsonBody};
use super::restore::follow;
use crate::app::App;
use crate::audit::Action;
use crate::backups::make::BackupJob;
use crate::error::ApiError;

/// Lists the backups and the task that runs.
pub async fn list(app: web::Data<App>, _: Administrator) -> Result<HttpResponse, ApiError> {
    Ok(HttpResponse::Ok().json(app.backups.overview().await?))
}

/// Starts to make a backup and answers at once. The list shows its progress.
pub async fn make(
    app: web::Data<App>,
    Administrator(caller): Administrator,
    JsonBody(BackupRequest { mode }): JsonBody<BackupRequest>,
) -> Result<HttpResponse, ApiError> {
    let job = BackupJob {
        mode,
        due: None,
        caller: caller.name,
    };
    app.backups.make(job).await?;
    Ok(HttpResponse::Accepted().finish())
}

/// Sends a backup as it is stored, a dump or an encrypted one, or a part of it.
pub async fn download(
    app: web::Data<App>,
    Administrator(caller): Administrator,
    name: web::Path<String>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let manifest = app.backups.manifest(&name).await?;
    let (tag, bytes) = (EntityTag::new_strong(manifest.sha256.clone()), manifest.bytes);
    let part = byte_range::requested(&request, &tag, bytes)?;
    let pieces = app.backups.stream(&manifest, part.clone()).await?;
    if request.method() != Method::HEAD {
        tracing::info!(
            action = Action::DatabaseBackupDownload.name(),
            caller = caller.name,
            name = manifest.name
        );
    }
    Ok(byte_range::response(tag, bytes, part.as_ref())
        .insert_header(attachment(manifest.name))
        .streaming(pieces))
}

/// Starts to prove a backup by restoring it, and answers at once. The list shows its progress.
pub async fn prove(
    app: web::Data<App>,
    Administrator(caller): Administrator,
    name: web::Path<String>,
) -> Result<HttpResponse, ApiError> {
    app.backups.prove(&name, &caller.name).await?;
    Ok(HttpResponse::Accepted().finish())
}

/// Restores a backup. The answer is a stream of events, the last of which is the outcome.
pub async fn restore(
    app: web::Data<App>,
    Administrator(caller): Administrator,
    name: web::Path<String>,
    JsonBody(request): JsonBody<BackupRestoreRequest>,
) -> Result<HttpResponse, ApiError> {
    let options = RestoreRequest {
        clean_first: request.clean_first,
        skip_logs: request.skip_logs,
        allow_missing_tables: request.allow_missing_tables,
    };
    let events = app
        .backups
        .restore(&name, options.into(), request.unverified, &caller.name)
        .await?;
    Ok(follow(events, &app))
}

/// Removes a backup from the storage.
pub async fn remove(
    app: web::Data<App>,
    Administrator(caller): Administrator,
    name: web::Path<String>,
) -> Result<HttpResponse, ApiError> {
    app.backups.remove(&name, &caller.name).await?;
    Ok(HttpResponse::NoContent().finish())
}
