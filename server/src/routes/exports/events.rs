//! The progress of an export while it waits and runs, as server-sent events.

use std::time::Duration;

use actix_web::{FromRequest, HttpRequest, HttpResponse, web};
use api::events::to_lines;
use api::exports::{ExportEvent, ExportStatus};
use bytes::Bytes;
use futures_util::Stream;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::{Instant, timeout};
use uuid::Uuid;

use super::access::{self, Seen};
use crate::app::App;
use crate::auth::Caller;
use crate::error::ApiError;
use crate::exports::notices::Notice;
use crate::exports::record::ExportRecord;
use crate::routes::dataset_access::within_now;
use crate::routes::events;

/// How often the record is looked at without a notice: one may be lost.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// How often it is asked whether the caller may still see the export.
const ASK_EVERY: Duration = Duration::from_secs(10);

/// The header with the id of the last event that a client has.
const LAST_EVENT_ID: &str = "last-event-id";

/// Streams the progress of an export until it is over.
pub async fn events(
    app: web::Data<App>,
    caller: Caller,
    request: HttpRequest,
    id: web::Path<String>,
) -> Result<HttpResponse, ApiError> {
    // Before the record is read, so that no change of it is missed.
    let notices = app.exports.notices().subscribe();
    let Seen { record, .. } = access::find(&app, &caller, &id).await?;
    let share = app.stream_shares.take(&caller.subject).await?;
    let last = request.headers().get(LAST_EVENT_ID);
    let last = last.and_then(|id| id.to_str().ok()).map(str::to_owned);
    let heartbeat = app.settings.heartbeat;
    let follower = Follower {
        app,
        request,
        id: record.id,
        notices,
        last,
        asked: Instant::now(),
    };
    let lines = async_stream::stream! {
        let _share = share;
        for await line in follower.follow(record) {
            yield line;
        }
    };
    Ok(events::respond(lines, heartbeat))
}

/// One who follows an export.
struct Follower {
    app: web::Data<App>,
    /// Authenticates the caller again.
    request: HttpRequest,
    id: Uuid,
    notices: Receiver<Notice>,
    /// The id of the last event that was sent.
    last: Option<String>,
    asked: Instant,
}

impl Follower {
    fn follow(mut self, mut record: ExportRecord) -> impl Stream<Item = Result<Bytes, ApiError>> {
        async_stream::stream! {
            loop {
                let is_over = !record.status.is_open();
                match self.lines(&record).await {
                    Ok(Some(lines)) => yield Ok(lines),
                    Ok(None) => {}
                    Err(error) => {
                        yield Err(error);
                        return;
                    }
                }
                if is_over || self.app.stopping.is_cancelled() {
                    return;
                }
                self.wait().await;
                match self.look().await {
                    Ok(now) => record = now,
                    // They may no longer see it, or it was deleted: the stream ends, and the next request gets the reason.
                    Err(_) => return,
                }
            }
        }
    }

    /// Waits for a notice of this export, but not for long.
    async fn wait(&mut self) {
        let stopping = self.app.stopping.clone();
        let noticed = async {
            loop {
                match self.notices.recv().await {
                    Ok(Notice::Changed(id) | Notice::CancelAsked(id)) if id != self.id => {}
                    // The place in the queue may have changed. Many notices cause one look.
                    Ok(Notice::Queued) => {}
                    Ok(_) | Err(RecvError::Lagged(_)) => return,
                    Err(RecvError::Closed) => std::future::pending().await,
                }
            }
        };
        tokio::select! {
            () = stopping.cancelled() => {}
            _ = timeout(LOOK_EVERY, noticed) => {}
        }
    }

    /// Reads the record, and asks from time to time whether the caller may still see it.
    async fn look(&mut self) -> Result<ExportRecord, ApiError> {
        let record = self.app.exports.find(&self.id.to_string()).await?;
        if self.asked.elapsed() >= ASK_EVERY {
            let caller = Caller::extract(&self.request).await?;
            // A membership of some seconds ago may be over.
            if let (Some(workspace), false) = (&record.workspace_id, caller.is_administrator()) {
                within_now(&self.app, caller.clone(), &record.dataset, workspace).await?;
            }
            self.asked = Instant::now();
            return Ok(access::see(&self.app, &caller, record).await?.record);
        }
        Ok(record)
    }

    /// Returns the event of the record, unless it is the last one that was sent.
    async fn lines(&mut self, record: &ExportRecord) -> Result<Option<Bytes>, ApiError> {
        let position = self.app.exports.position(record).await?;
        let event = event(record, position);
        let place = position.map(|position| position.to_string()).unwrap_or_default();
        let id = format!(
            "{}.{}.{}.{}.{place}",
            record.status, record.lease_fence, record.rows_done, record.bytes_done
        );
        let is_progress = matches!(event, ExportEvent::Progress(_));
        if is_progress && self.last.as_ref() == Some(&id) {
            return Ok(None);
        }
        let lines = to_lines(&event).map_err(|_| ApiError::Internal)?;
        let lines = format!("id: {id}\n{lines}");
        self.last = Some(id);
        Ok(Some(lines.into()))
    }
}

fn event(record: &ExportRecord, position: Option<u32>) -> ExportEvent {
    let export = || Box::new(record.to_export(position));
    match record.status {
        ExportStatus::Scheduled | ExportStatus::Queued | ExportStatus::Processing => {
            ExportEvent::Progress(record.to_progress(position))
        }
        ExportStatus::Completed => ExportEvent::Complete(export()),
        ExportStatus::Failed | ExportStatus::Expired => ExportEvent::Error(export()),
        ExportStatus::Cancelled => ExportEvent::Cancelled(export()),
    }
}
