//! Log clean-up, for administrators.

use std::sync::Arc;

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::{Map, Value, json};
use tokio::sync::mpsc::Receiver;

use super::events;
use super::extract::Administrator;
use crate::app::App;
use crate::database::cleanup::order::{Order, Task};
use crate::database::cleanup::run::{Cleaned, Event};
use crate::error::ApiError;

/// Counts the rows that match, or deletes them in batches. A client that accepts events gets a stream of them; any other
/// client gets one answer at the end. If the client disconnects, the clean-up ends after the batch that runs.
pub async fn manual(
    app: web::Data<App>,
    Administrator(caller): Administrator,
    request: HttpRequest,
    fields: web::Json<Map<String, Value>>,
) -> Result<HttpResponse, ApiError> {
    let Order { conditions, task } = Order::parse(fields.into_inner())?;
    let manner = match task {
        Task::DryRun => {
            return Ok(answer(
                &app.database.preview_cleanup(&conditions, &caller.name).await?,
            ));
        }
        Task::Delete(manner) => manner,
    };
    if app.stopping.is_cancelled() {
        return Err(ApiError::ShuttingDown);
    }
    let events = Arc::clone(&app.database)
        .clean_up(conditions, manner, &caller.name, app.stopping.clone())
        .await?;
    match wants_events(&request) {
        true => Ok(events::stream(events, app.settings.heartbeat, told)),
        false => Ok(answer(&outcome(events).await?)),
    }
}

fn wants_events(request: &HttpRequest) -> bool {
    let accepted = request.headers().get_all(header::ACCEPT);
    let mut accepted = accepted.filter_map(|value| value.to_str().ok());
    accepted.any(|list| list.contains(events::MEDIA_TYPE))
}

async fn outcome(mut events: Receiver<Event>) -> Result<Cleaned, ApiError> {
    loop {
        match events.recv().await {
            Some(Event::Progress(_)) => {}
            Some(Event::Complete(cleaned)) => return Ok(cleaned),
            Some(Event::Error(broken)) => return Err(ApiError::CleanupBroken(broken)),
            None => return Err(ApiError::Internal),
        }
    }
}

fn told(event: &Event) -> (&'static str, Value) {
    match event {
        Event::Progress(progress) => ("progress", json!(progress)),
        Event::Complete(cleaned) => ("complete", json!(cleaned)),
        Event::Error(broken) => ("error", json!(broken)),
    }
}

fn answer(body: &impl serde::Serialize) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .json(body)
}
