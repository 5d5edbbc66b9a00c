//! The migration of a hub's webhooks, for administrators.

use actix_web::{HttpResponse, web};
use api::webhooks::{OldWebhooks, WebhookMigrationRequest};

use super::extract::{Administrator, JsonBody};
use crate::app::App;
use crate::error::ApiError;
use crate::webhooks::{WebhookError, migration};

/// Lists the webhooks in the hub's old settings: none without a hub, or without a hub that has targets.
pub async fn list(app: web::Data<App>, _: Administrator) -> Result<HttpResponse, ApiError> {
    if !app.settings.datasets.built_in {
        return Ok(HttpResponse::Ok().json(OldWebhooks::default()));
    }
    let mut connection = app.source.for_query().await?;
    let webhooks = match migration::read(&mut connection, &app.settings.hub_tables).await {
        Err(WebhookError::NoTables) => OldWebhooks::default(),
        webhooks => webhooks?,
    };
    Ok(HttpResponse::Ok().json(webhooks))
}

/// Makes targets and bindings of them.
pub async fn migrate(
    app: web::Data<App>,
    Administrator(caller): Administrator,
    JsonBody(request): JsonBody<WebhookMigrationRequest>,
) -> Result<HttpResponse, ApiError> {
    app.check_hub()?;
    let mut connection = app.source.for_query().await?;
    let hub_tables = &app.settings.hub_tables;
    let result = migration::migrate(&mut connection, hub_tables, &request, &caller.name).await?;
    Ok(HttpResponse::Ok().json(result))
}
