//! Whether Decant runs, and whether it can work.

use actix_web::{HttpResponse, web};

use crate::app::App;
use crate::error::ApiError;

/// It runs.
pub async fn alive() -> HttpResponse {
    HttpResponse::Ok().content_type("text/plain").body("alive\n")
}

/// It can work: the database answers, and nobody has told it to stop.
pub async fn ready(app: web::Data<App>) -> Result<HttpResponse, ApiError> {
    if app.stopping.is_cancelled() {
        return Err(ApiError::ShuttingDown);
    }
    let mut connection = app.source.for_query().await?;
    sqlx::query("select 1").execute(&mut *connection).await?;
    Ok(HttpResponse::Ok().content_type("text/plain").body("ready\n"))
}
