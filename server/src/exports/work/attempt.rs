//! Makes one export, and records how that ends.

use std::sync::Arc;
use std::time::Duration;

use api::exports::ExportStatus;
use jiff::Timestamp;
use tokio::runtime::Handle;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, timeout};
use tokio_util::sync::CancellationToken;
use wasm_export::{Bundle, Export};

use super::stored_file::{FileTotals, SharedProgress, StoredFile};
use crate::audit::Action;
use crate::exports::failure::{Failure, NO_LONGER_ALLOWED};
use crate::exports::file_manifest::FileDescription;
use crate::exports::files::{ExportFiles, StoredExport, Totals};
use crate::exports::metrics::{EndStatus, ExportMetrics};
use crate::exports::notices::{Notice, Notices};
use crate::exports::plan::{Plan, PlannedFormatter, Planner};
use crate::exports::queue::{Beat, Completion, Ended, Lease};
use crate::exports::record::ExportRecord;
use crate::file::Formatter;
use crate::pour::{PourError, pour};
use crate::rows::{Prepared, StreamTiming};
use crate::state::StateError;

/// How often an attempt records its progress, and asks whether it is cancelled.
const BEAT_EVERY: Duration = Duration::from_secs(1);

/// How long an attempt that is to stop may take, before that it has stopped is recorded without it.
const STOP_MAX: Duration = Duration::from_secs(1);

/// The pause between attempts to record an end while the state database is away.
const RECORD_AGAIN: Duration = Duration::from_secs(1);

/// What makes files, for all attempts of a process.
pub(super) struct Maker {
    pub planner: Planner,
    pub files: ExportFiles,
    pub notices: Notices,
    pub metrics: ExportMetrics,
    pub bytes_max: u64,
    pub has_quota: bool,
    pub heartbeat: Duration,
    /// Cancelled when the time for a graceful stop is over.
    pub abort: CancellationToken,
}

/// An export that a worker makes.
pub(super) struct Attempt {
    maker: Arc<Maker>,
    record: ExportRecord,
    lease: Lease,
    began: Instant,
}

/// Why an attempt stops before its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stop {
    Cancelled,
    LeaseLost,
    /// The process stops.
    Process,
}

impl Attempt {
    pub fn new(maker: Arc<Maker>, record: ExportRecord, lease: Lease) -> Self {
        Self {
            maker,
            record,
            lease,
            began: Instant::now(),
        }
    }

    /// Makes the file, and records how that ends.
    pub async fn run(mut self) {
        self.log(Action::ExportStarted, None);
        let progress = Arc::new(SharedProgress::default());
        let stop = CancellationToken::new();
        let (maker, record, lease) = (Arc::clone(&self.maker), self.record.clone(), self.lease.clone());
        let (shared, stopped) = (Arc::clone(&progress), stop.clone());
        let mut making = tokio::spawn(async move { maker.make(&record, lease, &shared, &stopped).await });
        let early = tokio::select! {
            made = &mut making => {
                let made = made.unwrap_or_else(|error| Err(Failure::of_worker(&error)));
                return self.record_end(made).await;
            }
            early = self.watch(&progress) => early,
        };
        stop.cancel();
        match timeout(STOP_MAX, &mut making).await {
            // The file was complete before the stop.
            Ok(Ok(Ok((file, totals)))) if early == Stop::Process => self.record_file(&file, &totals).await,
            Ok(Ok(Ok((file, _)))) => {
                self.remove(&file).await;
                self.record_stop(early).await;
            }
            Ok(_) => self.record_stop(early).await,
            Err(_) => {
                // The storage may hold the thread for some time. The person need not wait for it.
                self.record_stop(early).await;
                if let Ok(Ok((file, _))) = making.await {
                    self.remove(&file).await;
                }
            }
        }
    }

    /// Records the progress until the attempt must stop.
    async fn watch(&mut self, progress: &SharedProgress) -> Stop {
        let mut notices = self.maker.notices.subscribe();
        let mut beats = interval(BEAT_EVERY);
        beats.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let abort = self.maker.abort.clone();
        loop {
            let id = self.record.id;
            let is_for_this = async {
                loop {
                    match notices.recv().await {
                        Ok(Notice::CancelAsked(other)) if other == id => return,
                        Ok(_) | Err(RecvError::Lagged(_)) => {}
                        Err(RecvError::Closed) => std::future::pending().await,
                    }
                }
            };
            tokio::select! {
                () = abort.cancelled() => return Stop::Process,
                _ = beats.tick() => {}
                () = is_for_this => {}
            }
            match self.lease.beat(progress.get()).await {
                Ok(Beat::GoOn) => {}
                Ok(Beat::CancelAsked) => return Stop::Cancelled,
                Ok(Beat::Lost) => return Stop::LeaseLost,
                // Another worker may have the export soon.
                Err(_) if self.lease.is_over() => return Stop::LeaseLost,
                Err(error) => {
                    tracing::warn!(export = %id, %error, "the progress of an export is not recorded")
                }
            }
        }
    }

    async fn record_end(&self, made: Result<(StoredExport, Totals), Failure>) {
        match made {
            Ok((file, totals)) => self.record_file(&file, &totals).await,
            Err(failure) => {
                let Failure {
                    code,
                    message,
                    is_retryable,
                } = failure;
                let ended = match is_retryable {
                    true => Ended::Retry { code, message },
                    false => Ended::Failed { code, message },
                };
                self.record_ended(&ended).await;
            }
        }
    }

    /// Records a file. It is removed if it cannot be that of the export: the lease was lost, the export is to be cancelled, or
    /// another run has its rows.
    async fn record_file(&self, file: &StoredExport, totals: &Totals) {
        let recorded = loop {
            match self.lease.complete(file, totals).await {
                Ok(recorded) => break Some(recorded),
                Err(error) if self.may_try_again(&error).await => {}
                Err(_) => break None,
            }
        };
        match recorded {
            Some(Completion::Recorded) => {
                let record = &self.record;
                let took = self.began.elapsed();
                self.maker
                    .metrics
                    .completed(record, took, totals.rows, file.bytes);
                tracing::info!(
                    action = Action::ExportCompleted.name(),
                    caller = record.caller,
                    subject = record.subject,
                    export = %record.id,
                    dataset = record.dataset,
                    workspace = record.workspace_id,
                    rows = totals.rows,
                    bytes = file.bytes
                );
            }
            Some(Completion::Refused) => {
                self.remove(file).await;
                self.record_ended(&Ended::Cancelled).await;
            }
            Some(Completion::Outdated) => {
                self.remove(file).await;
                let ended = Ended::Retry {
                    code: "increment_outdated".to_owned(),
                    message: "Another run of the schedule has these rows".to_owned(),
                };
                self.record_ended(&ended).await;
            }
            // It is unknown whether the record has the file. The clean-up finds out.
            None => self.log(Action::ExportLeaseLost, None),
        }
    }

    async fn record_stop(&self, stop: Stop) {
        match stop {
            Stop::Cancelled => self.record_ended(&Ended::Cancelled).await,
            Stop::Process => self.record_ended(&Ended::GivenBack).await,
            Stop::LeaseLost => self.log(Action::ExportLeaseLost, None),
        }
    }

    /// Records an end without a file. Nothing changes if the end is recorded already, or the lease was lost.
    async fn record_ended(&self, ended: &Ended) {
        let now = loop {
            match self.lease.end(ended).await {
                Ok(Some(now)) => break now,
                Ok(None) => return self.log(Action::ExportLeaseLost, None),
                Err(error) if self.may_try_again(&error).await => {}
                Err(_) => return,
            }
        };
        match (now, ended) {
            // The request that asked for it is recorded.
            (ExportStatus::Cancelled, _) => self.maker.metrics.ended(&self.record, EndStatus::Cancelled),
            (_, Ended::Cancelled) => {}
            (_, Ended::GivenBack) => self.log(Action::ExportQueued, None),
            (ExportStatus::Queued, Ended::Retry { code, message } | Ended::Failed { code, message }) => {
                self.log(Action::ExportRetry, Some((code, message)));
            }
            (_, Ended::Retry { code, message } | Ended::Failed { code, message }) => {
                self.maker.metrics.ended(&self.record, EndStatus::Failed);
                let action = match code.as_str() {
                    NO_LONGER_ALLOWED => Action::ExportRefused,
                    _ => Action::ExportFailed,
                };
                self.log(action, Some((code, message)));
            }
        }
    }

    /// Returns whether the lease still lasts after a failure of the state database, and a pause before the next attempt to
    /// record an end.
    async fn may_try_again(&self, error: &StateError) -> bool {
        if self.lease.is_over() {
            tracing::error!(export = %self.record.id, %error, "the end of an export is not recorded");
            return false;
        }
        sleep(RECORD_AGAIN).await;
        true
    }

    async fn remove(&self, file: &StoredExport) {
        if let Err(error) = self.maker.files.remove(&file.key).await {
            tracing::warn!(export = %self.record.id, key = %file.key, %error, "the clean-up will remove a file");
        }
    }

    fn log(&self, action: Action, cause: Option<(&String, &String)>) {
        let ExportRecord {
            id,
            caller,
            subject,
            dataset,
            workspace_id,
            attempts,
            ..
        } = &self.record;
        let (code, reason) = cause.unzip();
        match cause {
            None => {
                tracing::info!(action = action.name(), caller, subject, export = %id, dataset, workspace = workspace_id, attempt = attempts);
            }
            Some(_) => {
                tracing::warn!(action = action.name(), caller, subject, export = %id, dataset, workspace = workspace_id, attempt = attempts, code, reason);
            }
        }
    }
}

impl Maker {
    /// Makes the file of an export, until `stop` is cancelled.
    async fn make(
        &self,
        record: &ExportRecord,
        lease: Lease,
        progress: &Arc<SharedProgress>,
        stop: &CancellationToken,
    ) -> Result<(StoredExport, Totals), Failure> {
        let planning = stop.run_until_cancelled(self.planner.plan(record, &lease));
        let planned = planning.await.unwrap_or_else(|| Err(Failure::stopped()))?;
        let Plan {
            prepared,
            formatter,
            rows,
        } = planned;
        progress.expect(prepared.estimated_rows());
        let header = prepared.header();
        let columns = match formatter {
            PlannedFormatter::Dataset(_) => header.columns.iter().map(|column| column.name.clone()).collect(),
            PlannedFormatter::Bundle(..) => Vec::new(),
        };
        let snapshot_at: Option<Timestamp> = header.as_of.parse().ok();
        let description = FileDescription {
            dataset: record.dataset.clone(),
            format: record.format.clone(),
            options: serde_json::to_value(&record.options).unwrap_or_default(),
            selection: serde_json::to_value(&rows).unwrap_or_default(),
        };
        let name = record.file_name.as_deref().unwrap_or_default();
        let writer = self
            .files
            .create(
                &record.file_owner(),
                record.id,
                record.lease_fence,
                name,
                description,
            )
            .await?;
        let file = StoredFile {
            writer,
            lease,
            progress: Arc::clone(progress),
            bytes_max: self.bytes_max,
            has_quota: self.has_quota,
            reserved: 0,
            snapshot_at,
            columns,
            runtime: Handle::current(),
        };
        match formatter {
            PlannedFormatter::Dataset(options) => {
                let formatter = move || Ok(Export::new(options));
                self.pour(prepared, formatter, file, stop).await
            }
            PlannedFormatter::Bundle(options, contents) => {
                let formatter = move || Bundle::new(options, *contents);
                self.pour(prepared, formatter, file, stop).await
            }
        }
    }

    async fn pour<F>(
        &self,
        prepared: Prepared,
        formatter: impl FnOnce() -> Result<F, F::Error> + Send + 'static,
        file: StoredFile,
        stop: &CancellationToken,
    ) -> Result<(StoredExport, Totals), Failure>
    where
        F: Formatter<Summary: FileTotals + Send, Error: Into<Failure> + Send> + 'static,
    {
        let timing = StreamTiming {
            heartbeat: self.heartbeat,
            abort: stop.clone(),
        };
        let poured = pour(prepared.into_stream(timing), formatter, file).await;
        match poured {
            Ok((_, file)) => Ok(file),
            Err(PourError::Export(error)) => Err(error.into()),
            Err(PourError::Sink(error)) => Err(error.into()),
            Err(PourError::Thread(error)) => Err(Failure::of_worker(&error)),
        }
    }
}
