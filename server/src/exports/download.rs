//! Downloads of the file of an export: counted when the last byte was handed over, recorded if any was, and given back where they
//! break off.

use std::ops::Range;

use async_stream::stream;
use bytes::Bytes;
use futures_util::Stream;
use sqlx::query;
use tokio_util::task::task_tracker::TaskTrackerToken;
use tracing::{Instrument, Span};
use uuid::Uuid;

use super::analytics::count_download;
use super::links::Links;
use super::metrics::ExportMetrics;
use super::open_downloads::OpenDownloads;
use super::record::ExportRecord;
use crate::audit::Action;
use crate::auth::Caller;
use crate::state::{Purpose, State, StateError};

/// A download that has begun. Dropping it before its end gives back a link that is good once.
pub struct Download {
    state: State,
    metrics: ExportMetrics,
    export: Uuid,
    workspace: Option<String>,
    /// For records: the name and the subject of the caller or of the link's maker.
    caller: String,
    subject: String,
    /// The link that led here.
    link: Option<Uuid>,
    /// The links of which `link` is one that is good once, and was taken for this download.
    taken_from: Option<Links>,
    /// The part of the file that is sent, or `None`: the whole file. Only that counts.
    part: Option<Range<u64>>,
    /// Bytes that were handed over to the connection.
    sent: u64,
    /// Whether all of them were.
    is_delivered: bool,
    /// The span of the request, because the file outlives the request's handler.
    request: Span,
    downloads: OpenDownloads,
    /// Dropped after the record of the download was made.
    _open: TaskTrackerToken,
}

impl Download {
    #[must_use]
    pub fn new(
        state: State,
        metrics: ExportMetrics,
        downloads: OpenDownloads,
        record: &ExportRecord,
        caller: &Caller,
        part: Option<Range<u64>>,
    ) -> Self {
        Self {
            state,
            metrics,
            export: record.id,
            workspace: record.workspace_id.clone(),
            caller: caller.name.clone(),
            subject: caller.subject.to_string(),
            link: None,
            taken_from: None,
            part,
            sent: 0,
            is_delivered: false,
            request: Span::current(),
            _open: downloads.token(),
            downloads,
        }
    }

    /// Notes the link that led here. `taken_from` are its links if it is good once, and was taken.
    #[must_use]
    pub fn by_link(mut self, link: Uuid, taken_from: Option<Links>) -> Self {
        (self.link, self.taken_from) = (Some(link), taken_from);
        self
    }

    /// Returns the same chunks, which must be all of the answer's body. When the connection asks for more after the last one, the
    /// download is complete: all bytes were handed over to the connection.
    pub fn until_delivered<E>(
        mut self,
        chunks: impl Stream<Item = Result<Bytes, E>>,
    ) -> impl Stream<Item = Result<Bytes, E>> {
        stream! {
            let mut is_broken = false;
            for await chunk in chunks {
                is_broken |= chunk.is_err();
                self.sent += chunk.as_ref().map_or(0, |chunk| chunk.len() as u64);
                yield chunk;
            }
            if !is_broken {
                self.deliver();
            }
        }
    }

    fn deliver(mut self) {
        self.taken_from = None;
        self.is_delivered = true;
        if self.part.is_some() {
            return;
        }
        self.metrics.downloaded();
        let counted = count(self.state.clone(), self.export, self.caller.clone(), self.link);
        // The client has the file, and may close the connection before it is counted.
        self.downloads.spawn(counted.instrument(self.request.clone()));
    }
}

async fn count(state: State, export: Uuid, caller: String, link: Option<Uuid>) {
    let counted = async {
        let mut connection = state.connection(Purpose::Exports).await?;
        query(
            "with counted as (update decant.data_exports set download_count = download_count + 1, \
             last_downloaded_at = now() where id = $1::uuid returning id) \
             insert into decant.export_logs (export_id, event_type, level, message, details) \
             select id, 'download', 'info', $2, case when $3::text is null then null else jsonb_build_object('link', $3) end \
             from counted",
        )
        .bind(export.to_string())
        .bind(format!("Downloaded by {caller}"))
        .bind(link.map(|link| link.to_string()))
        .execute(&mut *connection)
        .await?;
        count_download(&mut connection, export).await?;
        Ok::<_, StateError>(())
    };
    if let Err(error) = counted.await {
        tracing::warn!(%export, %error, "a download is not counted");
    }
}

impl Drop for Download {
    fn drop(&mut self) {
        let request = self.request.clone();
        // Parts and broken downloads, too: their reader has these bytes.
        if self.sent > 0 || self.is_delivered {
            request.in_scope(|| {
                tracing::info!(
                    action = Action::ExportDownloaded.name(),
                    caller = self.caller,
                    subject = self.subject,
                    export = %self.export,
                    workspace = self.workspace,
                    link = self.link.map(tracing::field::display),
                    first_byte = self.part.as_ref().map_or(0, |part| part.start),
                    bytes = self.sent
                );
            });
        }
        let (Some(links), Some(link)) = (self.taken_from.take(), self.link) else {
            return;
        };
        self.downloads.spawn(
            async move {
                if let Err(error) = links.give_back(link).await {
                    tracing::warn!(%link, %error, "a link whose download broke off cannot be used again");
                }
            }
            .instrument(request),
        );
    }
}
