//! The check of a stored file, and the clean-up of exports.

use actix_web::{HttpResponse, web};
use api::export_files::{ExportCleanupRequest, ExportVerification};
use bytes::Bytes;

use super::access::find_to_change;
use crate::app::App;
use crate::audit::Action;
use crate::auth::Caller;
use crate::error::ApiError;
use crate::exports::verify::verify;
use crate::json_input;
use crate::routes::extract::Administrator;

/// Reads the stored file of an export, and compares it with its record.
pub async fn check_file(
    app: web::Data<App>,
    caller: Caller,
    id: web::Path<String>,
) -> Result<HttpResponse, ApiError> {
    let record = find_to_change(&app, &caller, &id).await?;
    let is_bundle = app.catalog.get().bundle(&record.dataset).is_some();
    let expected = record.expected_file(is_bundle)?;
    // Reading takes the processor and the storage, as an export does.
    let _share = app.export_shares.take(&caller.subject).await?;
    let verification = verify(&app.stored_exports.files, expected).await?;
    let (action, message) = match verification.success {
        true => (Action::ExportVerified, "Export verification passed"),
        false => (Action::ExportVerifyFailed, "Export verification failed"),
    };
    app.stored_exports
        .keep_verification(record.id, &verification, message)
        .await?;
    tracing::info!(
        action = action.name(),
        caller = caller.name,
        subject = %caller.subject,
        export = %record.id,
        workspace = record.workspace_id,
        problems = verification.error_details.join("; ")
    );
    Ok(HttpResponse::Ok().json(ExportVerification {
        success: true,
        verification,
        message: message.to_owned(),
    }))
}

/// Removes files whose time is over and files without an export, or counts them. The body may be missing.
pub async fn clean_up(
    app: web::Data<App>,
    Administrator(caller): Administrator,
    body: Bytes,
) -> Result<HttpResponse, ApiError> {
    let request: ExportCleanupRequest = match body.is_empty() {
        true => ExportCleanupRequest::default(),
        false => {
            let text = std::str::from_utf8(&body);
            let text = text.map_err(|_| ApiError::Body("it is not UTF-8 text".to_owned()))?;
            json_input::parse(text)?
        }
    };
    let result = app
        .stored_exports
        .cleaner
        .run(request.dry_run, &caller.name)
        .await?;
    Ok(HttpResponse::Ok().json(result))
}
