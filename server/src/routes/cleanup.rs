//! Log clean-up, for administrators.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use api::cleanup::{CleanupEvent, CleanupResult};
use serde_json::{Map, Value};
use tokio::sync::mpsc::Receiver;

use super::events;
use super::extract::{Administrator, JsonBody};
use crate::app::App;
use crate::database::cleanup::request::{CleanupRequest, Task};
use crate::error::ApiError;

/// Counts the rows that match, or deletes them in batches. A client that accepts events gets a stream of them; any other
/// client gets one answer at the end. If the client disconnects, the clean-up ends after the batch that runs.
pub async fn manual(
    app: web::Data<App>,
    Administrator(caller): Administrator,
    request: HttpRequest,
    JsonBody(fields): JsonBody<Map<String, Value>>,
) -> Result<HttpResponse, ApiError> {
    app.check_hub()?;
    let CleanupRequest { conditions, task } = CleanupRequest::parse(fields)?;
    let options = match task {
        Task::DryRun => {
            return Ok(answer(
                &app.database
                    .log_cleaner
                    .preview(&conditions, &caller.name)
                    .await?,
            ));
        }
        Task::Delete(options) => options,
    };
    app.check_running()?;
    let events = app
        .database
        .log_cleaner
        .clean_up(conditions, options, &caller.name, app.stopping.clone())
        .await?;
    match wants_events(&request) {
        true => Ok(events::stream(events, app.settings.heartbeat)),
        false => Ok(answer(&outcome(events).await?)),
    }
}

fn wants_events(request: &HttpRequest) -> bool {
    let accepted = request.headers().get_all(header::ACCEPT);
    let mut accepted = accepted.filter_map(|value| value.to_str().ok());
    accepted.any(|list| list.contains(api::events::MEDIA_TYPE))
}

async fn outcome(mut events: Receiver<CleanupEvent>) -> Result<CleanupResult, ApiError> {
    loop {
        match events.recv().await {
            Some(CleanupEvent::Progress(_)) => {}
            Some(CleanupEvent::Complete(result)) => return Ok(result),
            Some(CleanupEvent::Error(failure)) => return Err(ApiError::CleanupBroken(failure)),
            None => return Err(ApiError::Internal),
        }
    }
}

fn answer(body: &impl serde::Serialize) -> HttpResponse {
    HttpResponse::Ok().json(body)
}
