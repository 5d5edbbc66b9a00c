//! The figures of exports.

use actix_web::{HttpResponse, web};
use api::data_exports::ExportStatistics;

use crate::app::App;
use crate::auth::Caller;
use crate::error::ApiError;
use crate::routes::extract::{Pairs, only_flag};

/// The parameter by which an administrator asks for the figures of everybody.
const INCLUDE_SYSTEM: &str = "include_system";

/// Shows the figures of the caller's exports, and of everybody's if an administrator asks for them.
pub async fn show(
    app: web::Data<App>,
    caller: Caller,
    Pairs(pairs): Pairs,
) -> Result<HttpResponse, ApiError> {
    let is_system = only_flag(&pairs, INCLUDE_SYSTEM)?;
    if is_system && !caller.is_administrator() {
        return Err(ApiError::AdministratorsOnly);
    }
    let system_stats = match is_system {
        true => Some(app.exports.figures_of_system().await?),
        false => None,
    };
    Ok(HttpResponse::Ok().json(ExportStatistics {
        success: true,
        user_stats: app.exports.figures_of(&caller).await?,
        system_stats,
    }))
}
