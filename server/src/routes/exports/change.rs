//! Exports are cancelled and deleted.

use actix_web::{HttpResponse, web};
use api::exports::ExportAnswer;

use super::access;
use crate::app::App;
use crate::auth::Caller;
use crate::error::ApiError;

/// Cancels an export that waits or runs.
pub async fn cancel(
    app: web::Data<App>,
    caller: Caller,
    id: web::Path<String>,
) -> Result<HttpResponse, ApiError> {
    let record = access::find_to_change(&app, &caller, &id).await?;
    let record = app.exports.cancel(&record, &caller).await?;
    let export = record.to_export(None);
    Ok(HttpResponse::Ok().json(ExportAnswer { export }))
}

/// Deletes an export and its file.
pub async fn delete(
    app: web::Data<App>,
    caller: Caller,
    id: web::Path<String>,
) -> Result<HttpResponse, ApiError> {
    let record = access::find_to_change(&app, &caller, &id).await?;
    app.exports.delete(&record, &caller).await?;
    Ok(HttpResponse::NoContent().finish())
}
