//! The figures of exports.

use actix_web::{HttpResponse, web};
use api::data_exports::ExportStatistics;

use super::words;
use crate::app::App;
use crate::auth::Caller;
use crate::error::ApiError;
use crate::exports::analytics::DAYS_KEPT;
use crate::routes::extract::Pairs;

/// The parameter by which an administrator asks for the figures of everybody.
const INCLUDE_SYSTEM: &str = "include_system";

/// The parameter with the number of days of the figures by day, and of those of everybody.
const DAYS: &str = "days";

/// The days without the parameter.
pub const DAYS_SHOWN: u16 = 30;

/// Shows the figures of the caller's exports, and of everybody's if an administrator asks for them.
pub async fn show(
    app: web::Data<App>,
    caller: Caller,
    Pairs(pairs): Pairs,
) -> Result<HttpResponse, ApiError> {
    words::check(&pairs, &[INCLUDE_SYSTEM, DAYS])?;
    let is_system = words::is_true(&pairs, INCLUDE_SYSTEM)?;
    if is_system && !caller.is_administrator() {
        return Err(ApiError::AdministratorsOnly);
    }
    let days = words::number(&pairs, DAYS, 1, DAYS_KEPT)?.unwrap_or(DAYS_SHOWN);
    let system_stats = match is_system {
        true => Some(app.exports.figures_of_system(days).await?),
        false => None,
    };
    Ok(HttpResponse::Ok().json(ExportStatistics {
        success: true,
        user_stats: app.exports.figures_of(&caller, days).await?,
        system_stats,
    }))
}
