//! One export of the visitor, from the click to the complete file.

use wasm_export::Zone;
use wasm_export::browser::protocol::{Failed, Progress, Start, StartBundle, ToWorker};
use wasm_export::bundle::Contents;

use crate::browser::now_ms;
use crate::throughput::{self, Throughput};

#[derive(Clone, Debug)]
pub enum ExportState {
    Running(Progress),
    Failed(Failed),
}

#[derive(Clone, Debug)]
pub struct ExportRequest {
    pub start: Start,
    /// See [`rows_key`](crate::dataset::rows_key).
    pub rows_key: String,
    /// The exact number, if the page has counted the rows.
    pub rows_expected: Option<u64>,
    /// `None`: the file has one dataset.
    pub bundle: Option<BundleParts>,
}

/// What the file of a bundle has.
#[derive(Clone, Debug)]
pub struct BundleParts {
    pub contents: Contents,
    /// The titles of the parts, in the order of the file.
    pub titles: Vec<String>,
}

impl ExportRequest {
    /// Returns the message that starts a worker.
    pub(super) fn message(&self) -> ToWorker {
        let start = self.start.clone();
        match &self.bundle {
            None => ToWorker::Start(start),
            Some(parts) => ToWorker::Bundle(StartBundle {
                url: start.url,
                contents: parts.contents.clone(),
                options: start.options,
                file_name: start.file_name,
                destination: start.destination,
            }),
        }
    }
}

#[derive(Clone, Debug)]
pub struct ExportRun {
    /// Counts from 0.
    pub(super) id: u32,
    pub(super) request: ExportRequest,
    pub(super) state: ExportState,
    pub(super) throughput: Throughput,
    began_ms: f64,
}

impl ExportRun {
    pub(super) fn new(id: u32, request: ExportRequest) -> Self {
        Self {
            id,
            request,
            state: ExportState::Running(Progress::default()),
            throughput: Throughput::default(),
            began_ms: now_ms(),
        }
    }

    pub fn file_name(&self) -> &str {
        &self.request.start.file_name
    }

    pub fn is_running(&self) -> bool {
        matches!(self.state, ExportState::Running(_))
    }

    /// Returns whether leaving the page would lose it: it runs or can be resumed.
    pub fn is_under_way(&self) -> bool {
        self.is_running() || self.failed().is_some_and(|failed| failed.resumable)
    }

    pub fn failed(&self) -> Option<&Failed> {
        match &self.state {
            ExportState::Failed(failed) => Some(failed),
            ExportState::Running(_) => None,
        }
    }

    pub fn progress(&self) -> Progress {
        match &self.state {
            ExportState::Running(progress) => *progress,
            ExportState::Failed(_) => Progress::default(),
        }
    }

    /// Returns whether the file is that of a bundle, which cannot be continued.
    pub fn is_bundle(&self) -> bool {
        self.request.bundle.is_some()
    }

    /// Returns the number of the part that is being read, from 1, the number of parts, and its title.
    pub fn part(&self) -> Option<(usize, usize, &str)> {
        let titles = &self.request.bundle.as_ref()?.titles;
        let part = self.progress().part?;
        Some((part + 1, titles.len(), titles.get(part)?))
    }

    /// Returns the exact number of rows, or PostgreSQL's estimate.
    pub fn rows_expected(&self) -> Option<u64> {
        self.request.rows_expected.or(self.progress().estimated_rows)
    }

    pub fn percent(&self) -> Option<u64> {
        throughput::percent(self.progress().rows, self.rows_expected())
    }

    pub fn bytes_per_second(&self) -> Option<f64> {
        self.throughput.bytes_per_second()
    }

    pub fn seconds_left(&self) -> Option<f64> {
        self.throughput.seconds_left(self.rows_expected()?)
    }

    /// Returns the seconds since the click.
    pub(super) fn seconds(&self) -> f64 {
        (now_ms() - self.began_ms) / 1_000.0
    }

    /// Returns the zone of the times in the file.
    pub(super) fn zone(&self) -> Zone {
        self.request.start.options.zone.clone()
    }

    /// Returns the file of the cached rows that it reads.
    pub(super) fn cached_file(&self) -> Option<&str> {
        self.request.start.kept.as_ref().map(|rows| rows.file.as_str())
    }

    pub(super) fn waits_for_sign_in(&self) -> bool {
        self.failed()
            .is_some_and(|failed| failed.resumable && failed.problem.status == 401)
    }

    /// Continues behind the rows that have arrived.
    pub(super) fn begin_again(&mut self) {
        let rows = self.failed().map_or(0, |failed| failed.rows);
        self.throughput = Throughput::default();
        self.state = ExportState::Running(Progress {
            rows,
            ..Progress::default()
        });
    }
}
