//! Dumps that are kept in the storage.

use actix_web::http::header::{self, ContentDisposition, DispositionParam, DispositionType};
use actix_web::{HttpResponse, web};
use serde::Deserialize;

use super::extract::Administrator;
use super::restore::{follow, plan};
use crate::app::App;
use crate::backups::make::Order;
use crate::database::dump::Mode;
use crate::error::ApiError;

/// What a backup is to hold.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wanted {
    #[serde(default)]
    mode: Mode,
}

/// How a backup is to be restored.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct HowToRestore {
    clean_first: bool,
    #[serde(default)]
    skip_logs: bool,
}

/// What there is, and what is going on.
pub async fn list(app: web::Data<App>, _: Administrator) -> Result<HttpResponse, ApiError> {
    Ok(HttpResponse::Ok()
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .json(app.backups.overview().await?))
}

/// Begins to make one; the list tells of it.
pub async fn make(
    app: web::Data<App>,
    Administrator(caller): Administrator,
    web::Json(Wanted { mode }): web::Json<Wanted>,
) -> Result<HttpResponse, ApiError> {
    let order = Order {
        mode,
        due: None,
        caller: caller.name,
    };
    app.backups.make(order).await?;
    Ok(HttpResponse::Accepted().finish())
}

/// One as it is stored, encrypted or not.
pub async fn download(
    app: web::Data<App>,
    Administrator(caller): Administrator,
    name: web::Path<String>,
) -> Result<HttpResponse, ApiError> {
    let (manifest, pieces) = app.backups.download(&name).await?;
    tracing::info!(
        action = "database_backup_download",
        caller = caller.name,
        name = manifest.name
    );
    let disposition = ContentDisposition {
        disposition: DispositionType::Attachment,
        parameters: vec![DispositionParam::Filename(manifest.name)],
    };
    Ok(HttpResponse::Ok()
        .content_type("application/octet-stream")
        .insert_header(disposition)
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .no_chunking(manifest.bytes)
        .streaming(pieces))
}

/// Begins to prove one; the list tells of it.
pub async fn prove(
    app: web::Data<App>,
    Administrator(caller): Administrator,
    name: web::Path<String>,
) -> Result<HttpResponse, ApiError> {
    app.backups.prove(&name, &caller.name).await?;
    Ok(HttpResponse::Accepted().finish())
}

/// Restores one; the answer tells of it while it goes on.
pub async fn restore(
    app: web::Data<App>,
    Administrator(caller): Administrator,
    name: web::Path<String>,
    web::Json(how): web::Json<HowToRestore>,
) -> Result<HttpResponse, ApiError> {
    let plan = plan(how.clean_first, how.skip_logs);
    let events = app.backups.restore(&name, plan, &caller.name).await?;
    Ok(follow(events, &app))
}

/// Removes one.
pub async fn remove(
    app: web::Data<App>,
    Administrator(caller): Administrator,
    name: web::Path<String>,
) -> Result<HttpResponse, ApiError> {
    app.backups.remove(&name, &caller.name).await?;
    Ok(HttpResponse::NoContent().finish())
}
