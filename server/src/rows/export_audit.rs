//! The audit records of one export: that it began, and how it ended.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use async_stream::stream;
use bytes::Bytes;
use futures_util::Stream;
use tokio::task::yield_now;
use tracing::Span;

use crate::audit::Action;
use crate::auth::{Caller, Scope};

/// How far the raw-row stream of an export has come.
#[derive(Debug, Default)]
pub(super) struct Progress {
    rows: AtomicU64,
    /// The stream's end; the error is the `code` of its problem.
    end: OnceLock<Result<(), String>>,
}

impl Progress {
    pub fn add_rows(&self, rows: u64) {
        self.rows.fetch_add(rows, Ordering::Relaxed);
    }

    pub fn end(&self, end: Result<(), String>) {
        // A stream has one end.
        let _ = self.end.set(end);
    }
}

/// An export whose beginning is recorded and whose end is not. Dropping it records that the client left, or that the export
/// failed.
#[derive(Debug)]
pub struct ExportAudit {
    /// The span of the request, because the rows outlive the request's handler.
    request: Span,
    caller: String,
    dataset: String,
    workspace: Option<String>,
    progress: Arc<Progress>,
    /// Bytes of the chunks that were handed over to the connection, headings and HTTP compression included. A chunk counts when
    /// the connection asks for the next one.
    bytes: u64,
    /// Whether the answer was broken off by an error.
    is_broken: bool,
    is_ended: bool,
}

impl ExportAudit {
    /// Records that an export of a dataset or a bundle begins, with the rows of this scope.
    pub(super) fn begin(caller: &Caller, scope: &Scope, dataset: &str, progress: Arc<Progress>) -> Self {
        tracing::info!(
            action = Action::ExportInitiated.name(),
            caller = caller.name,
            subject = %caller.subject,
            credential = caller.credential.name(),
            scope = %scope,
            workspace = caller.workspace(),
            dataset
        );
        Self {
            request: Span::current(),
            caller: caller.name.clone(),
            dataset: dataset.to_owned(),
            workspace: caller.workspace().map(str::to_owned),
            progress,
            bytes: 0,
            is_broken: false,
            is_ended: false,
        }
    }

    /// Returns the same chunks, which must be all of the answer's body. When the connection asks for more after the last
    /// one, the export is recorded as complete: all bytes were handed over to the connection.
    pub fn until_delivered<E>(
        mut self,
        chunks: impl Stream<Item = Result<Bytes, E>>,
    ) -> impl Stream<Item = Result<Bytes, E>> {
        stream! {
            for await chunk in chunks {
                let taken = chunk.as_ref().map_or(0, Bytes::len);
                self.is_broken |= chunk.is_err();
                yield chunk;
                self.bytes += taken as u64;
            }
            // The connection asks again while less than 32 KiB of what it has taken wait to be sent (actix-http), and not once
            // it knows that the client is gone. So the client may lack the last 32 KiB and what the system's buffers hold. HTTP
            // does not confirm more. The pause lets the connection try to write before.
            yield_now().await;
            self.deliver();
        }
    }

    /// Records that this many bytes have been written, which are the whole file.
    pub fn complete(mut self, bytes: u64) {
        self.bytes = bytes;
        self.deliver();
    }

    /// A raw-row stream that fails is delivered as well: its last line is the problem.
    fn deliver(&mut self) {
        if self.failure().is_none() && self.progress.end.get().is_some() {
            self.record(Action::ExportComplete);
        }
    }

    /// Returns the `code` of the problem that the export failed with.
    fn failure(&self) -> Option<&str> {
        match self.progress.end.get() {
            Some(Err(code)) => Some(code),
            _ => self.is_broken.then_some("file_failed"),
        }
    }

    fn record(&mut self, action: Action) {
        self.is_ended = true;
        let rows = self.progress.rows.load(Ordering::Relaxed);
        let Self {
            caller,
            dataset,
            bytes,
            workspace,
            ..
        } = &*self;
        let workspace = workspace.as_deref();
        match self.failure() {
            Some(code) => {
                tracing::warn!(parent: &self.request, action = action.name(), caller, dataset, workspace, rows, bytes, code);
            }
            None => {
                tracing::info!(parent: &self.request, action = action.name(), caller, dataset, workspace, rows, bytes);
            }
        }
    }
}

impl Drop for ExportAudit {
    fn drop(&mut self) {
        if !self.is_ended {
            self.record(match self.failure() {
                Some(_) => Action::ExportError,
                None => Action::ExportCancelled,
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::sync::Mutex;

    use futures_util::{StreamExt, stream};
    use tracing::field::{Field, Visit};
    use tracing::{Event, Subscriber};
    use tracing_subscriber::Layer;
    use tracing_subscriber::layer::{Context, SubscriberExt};

    use super::*;

    /// The actions and numbers of bytes that are logged.
    #[derive(Clone, Default)]
    struct Logged(Arc<Mutex<Vec<String>>>);

    impl<S: Subscriber> Layer<S> for Logged {
        fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
            event.record(&mut self.clone());
        }
    }

    impl Visit for Logged {
        fn record_debug(&mut self, _: &Field, _: &dyn std::fmt::Debug) {}

        fn record_str(&mut self, field: &Field, value: &str) {
            if ["action", "code"].contains(&field.name()) {
                self.0.lock().unwrap().push(value.to_owned());
            }
        }

        fn record_u64(&mut self, field: &Field, value: u64) {
            if field.name() == "bytes" {
                self.0.lock().unwrap().push(value.to_string());
            }
        }
    }

    /// Returns what is logged of an export of two chunks of which this many are asked for; the third is the end.
    fn logged(asked: usize, end: Result<(), String>) -> String {
        let logged = Logged::default();
        let subscriber = tracing_subscriber::registry().with(logged.clone());
        tracing::subscriber::with_default(subscriber, || {
            let progress = Arc::new(Progress::default());
            let audit =
                ExportAudit::begin(&Caller::operator(), &Scope::All, "numbers", Arc::clone(&progress));
            let chunks =
                ["12345", "678"].map(|text| Ok::<_, Infallible>(Bytes::from_static(text.as_bytes())));
            // As for a raw-row stream, whose rows have been read before the last chunk is taken.
            progress.end(end);
            let mut delivered = Box::pin(audit.until_delivered(stream::iter(chunks)));
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            runtime.block_on(async {
                for _ in 0..asked {
                    delivered.next().await;
                }
            });
        });
        let logged = logged.0.lock().unwrap().join(" ");
        logged
            .strip_prefix("export_initiated ")
            .unwrap_or(&logged)
            .to_owned()
    }

    #[test]
    fn an_export_is_complete_when_the_connection_has_taken_its_last_chunk() {
        assert_eq!(logged(0, Ok(())), "export_cancelled 0");
        assert_eq!(logged(1, Ok(())), "export_cancelled 0");
        assert_eq!(logged(2, Ok(())), "export_cancelled 5");
        assert_eq!(logged(3, Ok(())), "export_complete 8");
    }

    #[test]
    fn an_export_that_failed_is_not_complete_when_its_problem_is_delivered() {
        let failed = || Err("source_failed".to_owned());
        assert_eq!(logged(3, failed()), "export_error 8 source_failed");
        assert_eq!(logged(1, failed()), "export_error 0 source_failed");
    }
}
