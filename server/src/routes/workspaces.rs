//! The workspaces of the caller.

use actix_web::{HttpResponse, web};
use api::workspaces::Workspaces;

use super::dataset_access::workspaces_of;
use crate::app::App;
use crate::auth::Caller;
use crate::error::ApiError;

/// Lists the workspaces of the caller; those of an administrator are all.
pub async fn list(app: web::Data<App>, caller: Caller) -> Result<HttpResponse, ApiError> {
    let workspaces = workspaces_of(&app, &caller).await?;
    Ok(HttpResponse::Ok().json(Workspaces { workspaces }))
}
