//! Liveness and readiness, for the probes of an orchestrator.

use actix_web::{HttpResponse, web};

use crate::app::App;
use crate::error::ApiError;

/// Answers as long as the process runs.
pub async fn alive() -> HttpResponse {
    HttpResponse::Ok().content_type("text/plain").body("alive\n")
}

/// Answers with 200 if the database answers and the server has not been asked to stop.
pub async fn ready(app: web::Data<App>) -> Result<HttpResponse, ApiError> {
    if app.stopping.is_cancelled() {
        return Err(ApiError::ShuttingDown);
    }
    let mut connection = app.source.for_health().await?;
    sqlx::query("select 1").execute(&mut *connection).await?;
    Ok(HttpResponse::Ok().content_type("text/plain").body("ready\n"))
}
