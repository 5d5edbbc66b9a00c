//! Permissions of people and roles for exports, which administrators list, give, change and withdraw.

use actix_web::{HttpResponse, web};
use api::export_permissions::{
    ExportPermissionAnswer, ExportPermissionList, ExportPermissionRequest, PermissionRole,
};

use super::words;
use crate::app::App;
use crate::audit::Action;
use crate::auth::Caller;
use crate::error::ApiError;
use crate::exports::ExportError;
use crate::exports::new_permission::NewPermission;
use crate::exports::store::PermissionListRequest;
use crate::permissions::PermissionRow;
use crate::routes::extract::{Administrator, JsonBody, Pairs};

/// The permissions of a list, and the most that it may have.
const LIMIT: u32 = 100;
const LIMIT_MAX: u32 = 1_000;

/// Lists permissions, also those whose time is over.
pub async fn list(
    app: web::Data<App>,
    _: Administrator,
    Pairs(pairs): Pairs,
) -> Result<HttpResponse, ApiError> {
    words::check(&pairs, &["subject", "role", "limit", "offset"])?;
    let role = words::parsed(
        &pairs,
        "role",
        PermissionRole::from_word,
        "a role: admin, user, OWNER, ADMIN or MEMBER",
    )?;
    let request = PermissionListRequest {
        subject: words::text(&pairs, "subject")?,
        role,
        limit: words::number(&pairs, "limit", 1, LIMIT_MAX)?.unwrap_or(LIMIT),
        offset: words::number(&pairs, "offset", 0, words::OFFSET_MAX)?.unwrap_or(0),
    };
    let (rows, total) = app.exports.permissions(&request).await?;
    Ok(HttpResponse::Ok().json(ExportPermissionList {
        permissions: rows.into_iter().map(Into::into).collect(),
        total,
    }))
}

/// Gives a permission, in the place of the one for the same person or role, type, dataset and format.
pub async fn grant(
    app: web::Data<App>,
    Administrator(caller): Administrator,
    JsonBody(body): JsonBody<ExportPermissionRequest>,
) -> Result<HttpResponse, ApiError> {
    let new = NewPermission::new(body, &app.catalog.get())?;
    let row = app.exports.grant(&new, &caller.name).await?;
    Ok(granted(&caller, row))
}

/// Shows the permission with this id.
pub async fn show(
    app: web::Data<App>,
    _: Administrator,
    id: web::Path<String>,
) -> Result<HttpResponse, ApiError> {
    Ok(answer(app.exports.permission(number(&id)?).await?))
}

/// Replaces all values of a permission.
pub async fn replace(
    app: web::Data<App>,
    Administrator(caller): Administrator,
    id: web::Path<String>,
    JsonBody(body): JsonBody<ExportPermissionRequest>,
) -> Result<HttpResponse, ApiError> {
    let id = number(&id)?;
    let new = NewPermission::new(body, &app.catalog.get())?;
    let row = app.exports.replace_permission(id, &new, &caller.name).await?;
    Ok(granted(&caller, row))
}

/// Withdraws a permission, which counts no more from then on.
pub async fn revoke(
    app: web::Data<App>,
    Administrator(caller): Administrator,
    id: web::Path<String>,
) -> Result<HttpResponse, ApiError> {
    let row = app.exports.revoke(number(&id)?).await?;
    tracing::info!(
        action = Action::ExportPermissionRevoked.name(),
        caller = caller.name,
        subject = %caller.subject,
        permission = row.id,
        of = row.holder(),
        kind = row.export_type,
        dataset = row.dataset,
        format = row.format
    );
    Ok(HttpResponse::NoContent().finish())
}

/// Returns the id of a path. A text that is none is that of no permission.
fn number(id: &str) -> Result<u64, ApiError> {
    let number = id.parse::<i64>().ok().and_then(|id| u64::try_from(id).ok());
    number.ok_or_else(|| ExportError::UnknownPermission(id.to_owned()).into())
}

fn granted(caller: &Caller, row: PermissionRow) -> HttpResponse {
    let decided = [
        ("create", row.can_create),
        ("download", row.can_download),
        ("viewLogs", row.can_view_logs),
        ("manage", row.can_manage),
        ("schedule", row.can_schedule),
        ("deliver", row.can_deliver),
    ];
    let decided = decided
        .into_iter()
        .filter_map(|(name, value)| Some(format!("{name}={}", value?)));
    tracing::info!(
        action = Action::ExportPermissionGranted.name(),
        caller = caller.name,
        subject = %caller.subject,
        permission = row.id,
        of = row.holder(),
        kind = row.export_type,
        dataset = row.dataset,
        format = row.format,
        decided = decided.collect::<Vec<_>>().join(" "),
        rows_max = row.rows_max,
        expires = row.expires_at.map(tracing::field::display)
    );
    answer(row)
}

fn answer(row: PermissionRow) -> HttpResponse {
    HttpResponse::Ok().json(ExportPermissionAnswer {
        permission: row.into(),
    })
}
