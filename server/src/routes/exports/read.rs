//! One export, the list of exports, the limits.

use actix_web::{HttpResponse, web};
use api::exports::{
    Export, ExportAnswer, ExportLimits, ExportList, ExportListMeta, ExportStatusAnswer, ExportType,
};

use super::access::{self, Seen, is_administrator_of_workspace};
use super::words;
use crate::app::App;
use crate::auth::{Caller, Membership};
use crate::error::ApiError;
use crate::exports::store::ListRequest;
use crate::permissions::Right;
use crate::routes::dataset_access::{within, workspaces_of};
use crate::routes::extract::Pairs;

/// The words of the list.
const WORDS: [&str; 9] = [
    "status",
    "format",
    "export_type",
    "dataset",
    "workspace",
    words::INCLUDE_ALL,
    "q",
    "limit",
    "offset",
];

/// The messages of a status, and the most that it may have.
const LOGS: u32 = 10;
const LOGS_MAX: u32 = 1_000;

/// Shows one export.
pub async fn show(
    app: web::Data<App>,
    caller: Caller,
    id: web::Path<String>,
) -> Result<HttpResponse, ApiError> {
    let Seen { record, .. } = access::find(&app, &caller, &id).await?;
    let position = app.exports.position(&record).await?;
    let export = Export {
        deliveries: app.exports.deliveries(record.id).await?,
        ..record.to_export(position)
    };
    Ok(HttpResponse::Ok().json(ExportAnswer { export }))
}

/// Shows one export with its newest messages.
pub async fn status(
    app: web::Data<App>,
    caller: Caller,
    id: web::Path<String>,
    Pairs(pairs): Pairs,
) -> Result<HttpResponse, ApiError> {
    let seen = access::find(&app, &caller, &id).await?;
    words::check(&pairs, &["logs"])?;
    let logs = words::number(&pairs, "logs", 0, LOGS_MAX)?.unwrap_or(LOGS);
    if logs > 0 {
        seen.check(&app, Right::ViewLogs).await?;
    }
    let record = seen.record;
    let logs = app.exports.logs(record.id, logs).await?;
    let position = app.exports.position(&record).await?;
    Ok(HttpResponse::Ok().json(ExportStatusAnswer {
        success: true,
        export: Export {
            deliveries: app.exports.deliveries(record.id).await?,
            ..record.to_export(position)
        },
        logs,
    }))
}

/// Lists the caller's exports; those of a workspace, or of everybody, where they may see them.
pub async fn list(
    app: web::Data<App>,
    caller: Caller,
    Pairs(pairs): Pairs,
) -> Result<HttpResponse, ApiError> {
    let request = list_request(&app, &caller, &pairs).await?;
    let listing = app.exports.list(&request).await?;
    let positions = app.exports.positions(&listing.records).await?;
    let export =
        |record: &crate::exports::record::ExportRecord| record.to_export(positions.get(&record.id).copied());
    let exports: Vec<_> = listing.records.iter().map(export).collect();
    let has_more = listing.is_at_least || request.offset + (exports.len() as u64) < listing.total;
    Ok(HttpResponse::Ok().json(ExportList {
        success: true,
        exports,
        meta: ExportListMeta {
            total: listing.total,
            total_is_at_least: listing.is_at_least,
            limit: request.limit,
            offset: request.offset,
            has_more,
        },
    }))
}

async fn list_request(
    app: &App,
    caller: &Caller,
    pairs: &[(String, String)],
) -> Result<ListRequest, ApiError> {
    let include_all = words::include_all(pairs, caller)?;
    words::check(pairs, &WORDS)?;
    let (status, format) = (words::status(pairs)?, words::format(pairs)?);
    let kind = words::parsed(
        pairs,
        "export_type",
        ExportType::from_word,
        "a kind of exports, such as dataset",
    )?;
    let mut request = ListRequest {
        subject: (!include_all).then(|| caller.subject.to_string()),
        without_admins: !caller.is_administrator(),
        statuses: status.iter().map(|status| status.word().to_owned()).collect(),
        format: format.map(|format| format.word().to_owned()),
        export_type: kind.map(|kind| kind.word().to_owned()),
        dataset: words::text(pairs, "dataset")?,
        text: words::text(pairs, "q")?,
        limit: words::number(pairs, "limit", 1, words::LIMIT_MAX)?.unwrap_or(words::LIMIT),
        offset: words::number(pairs, "offset", 0, words::OFFSET_MAX)?.unwrap_or(0),
        ..ListRequest::default()
    };
    match words::text(pairs, "workspace")? {
        Some(workspace) => {
            let member = within(app, caller.clone(), "exports", &workspace).await?;
            if is_administrator_of_workspace(&member) {
                request.subject = None;
                request.without_admins = false;
            }
            request.workspace = member.workspace().map(str::to_owned);
        }
        None if !caller.is_administrator() => {
            let workspaces = workspaces_of(app, caller).await?;
            request.workspaces = Some(workspaces.into_iter().map(|workspace| workspace.id).collect());
        }
        None => {}
    }
    Ok(request)
}

/// Shows what the caller may still do; with `workspace`, in this workspace.
pub async fn limits(
    app: web::Data<App>,
    caller: Caller,
    Pairs(pairs): Pairs,
) -> Result<HttpResponse, ApiError> {
    words::check(&pairs, &["workspace"])?;
    let caller = match words::text(&pairs, "workspace")? {
        Some(workspace) => within(&app, caller, "exports", &workspace).await?,
        None => caller,
    };
    Ok(HttpResponse::Ok().json(limits_of(&app, &caller).await?))
}

/// Returns the limits of a caller, who is within a workspace if they are of one.
///
/// # Errors
/// [`ApiError::Export`] without a state database that answers.
pub async fn limits_of(app: &App, caller: &Caller) -> Result<ExportLimits, ApiError> {
    let limits = app.exports.limits(caller).await?;
    let permissions = app.permissions.of(caller).await?;
    Ok(ExportLimits {
        max_rows: permissions.rows_max(caller.membership().map(Membership::role)),
        delivery: app.settings.deliveries.limits_of(caller),
        ..limits
    })
}
