//! Exports, dumps and session requests on their way to a file. One export runs at a time; it continues while
//! the visitor opens other pages.

mod dump;
mod picker;
mod row_cache;
mod save;
mod session_request;

use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_bindgen::JsValue;
use wasm_export::Zone;
use wasm_export::browser::protocol::{Failed, Finished, FromWorker, Progress, Start, ToWorker};
use wasm_export::rows::Problem;

use crate::auth::{Auth, AuthState};
use crate::browser::now_ms;
use crate::throughput::Throughput;
use crate::toasts::Toasts;
use crate::wording;
use crate::worker::{self, ExportWorker};

pub use dump::{DumpState, Dumper};
pub use picker::{can_pick, pick};
pub use row_cache::{RowCache, RowCacheEntry};
pub use session_request::{DownloadedFile, download_session, download_session_request};

#[derive(Clone, Debug)]
pub enum ExportState {
    Idle,
    Running(Progress),
    Failed(Failed),
    /// `from_cache`: the file was made of cached rows, without a request. `seconds`: from the click to the
    /// complete file.
    Finished {
        file: Finished,
        seconds: f64,
        from_cache: bool,
    },
}

#[derive(Clone, Debug)]
pub struct ExportRequest {
    pub start: Start,
    /// See [`rows_key`](crate::dataset::rows_key).
    pub rows_key: String,
    /// The exact number, if the page has counted the rows.
    pub rows_expected: Option<u64>,
}

/// A handle to the visitor's export, one for the whole page.
#[derive(Clone, Copy)]
pub struct Exporter {
    state: RwSignal<ExportState>,
    throughput: RwSignal<Throughput>,
    request: RwSignal<Option<ExportRequest>>,
    began_ms: RwSignal<f64>,
    row_cache: RowCache,
    picked: StoredValue<Option<JsValue>, LocalStorage>,
    worker: StoredValue<Option<ExportWorker>, LocalStorage>,
    auth: Auth,
    toasts: Toasts,
}

impl Exporter {
    pub fn new(auth: Auth, toasts: Toasts) -> Self {
        let exporter = Self {
            state: RwSignal::new(ExportState::Idle),
            throughput: RwSignal::default(),
            request: RwSignal::new(None),
            began_ms: RwSignal::new(0.0),
            row_cache: RowCache::new(),
            picked: StoredValue::new_local(None),
            worker: StoredValue::new_local(None),
            auth,
            toasts,
        };
        exporter.follow_auth();
        exporter
    }

    pub fn state(self) -> ExportState {
        self.state.get()
    }

    /// Returns whether an export runs or can be resumed: leaving the page would lose it.
    pub fn is_under_way(self) -> bool {
        self.state.with(|state| match state {
            ExportState::Running(_) => true,
            ExportState::Failed(failed) => failed.resumable,
            ExportState::Idle | ExportState::Finished { .. } => false,
        })
    }

    pub fn throughput(self) -> Throughput {
        self.throughput.get()
    }

    pub fn file_name(self) -> String {
        self.request.with(|request| {
            request
                .as_ref()
                .map(|request| request.start.file_name.clone())
                .unwrap_or_default()
        })
    }

    /// Returns the zone of the times in the file.
    pub fn zone(self) -> Zone {
        self.request.with(|request| {
            request
                .as_ref()
                .map(|request| request.start.options.zone.clone())
                .unwrap_or_default()
        })
    }

    pub fn row_cache(self) -> RowCache {
        self.row_cache
    }

    /// Removes the cached rows because the visitor wants newer ones. A running export keeps them: it may be
    /// reading them.
    pub fn want_newer_rows(self) {
        if !untrack(|| self.is_under_way()) {
            self.row_cache.clear();
        }
    }

    /// Returns the exact number of rows, or PostgreSQL's estimate.
    pub fn rows_expected(self) -> Option<u64> {
        let counted = self
            .request
            .with(|request| request.as_ref().and_then(|request| request.rows_expected));
        counted.or_else(|| {
            self.state.with(|state| match state {
                ExportState::Running(progress) => progress.estimated_rows,
                _ => None,
            })
        })
    }

    /// `picked` is the file that the visitor picked, if the destination is one.
    pub fn start(self, request: ExportRequest, picked: Option<JsValue>) {
        self.request.set(Some(request));
        self.picked.set_value(picked);
        self.began_ms.set(now_ms());
        self.begin_to_run();
        self.start_worker();
    }

    fn start_worker(self) {
        let Some(ExportRequest { start, .. }) = self.request.get_untracked() else {
            return;
        };
        let picked = self.picked.get_value();
        let worker = ExportWorker::start(ToWorker::Start(start), picked, move |message, file| {
            self.handle(message, file.as_ref())
        });
        match worker {
            Ok(worker) => self.worker.set_value(Some(worker)),
            Err(error) => self.fail(worker::failed("The export worker could not be started", &error)),
        }
    }

    /// Continues after a failure, if the visitor is still the same.
    pub fn resume(self) {
        let rows = self.state.with_untracked(|state| match state {
            ExportState::Failed(failed) => failed.rows,
            _ => 0,
        });
        self.begin_to_run();
        spawn_local(async move {
            match self.auth.confirm().await {
                Ok(true) => self.go_on(),
                Ok(false) => {}
                Err(problem) => self.fail(Failed {
                    problem,
                    rows,
                    resumable: true,
                }),
            }
        });
    }

    fn go_on(self) {
        let resumed = self
            .worker
            .with_value(|worker| worker.as_ref().map(ExportWorker::resume));
        // `None`: the visitor has cancelled the export in the meantime.
        if resumed == Some(false) {
            self.start_worker();
        }
    }

    /// Stops the export or closes a stopped one. Its unfinished file is removed.
    pub fn cancel(self) {
        self.worker.set_value(None);
        self.state.set(ExportState::Idle);
    }

    fn begin_to_run(self) {
        self.toasts.dismiss_all();
        self.throughput.set(Throughput::default());
        self.state
            .set(ExportState::Running(match self.state.get_untracked() {
                ExportState::Failed(Failed { rows, .. }) => Progress {
                    rows,
                    ..Progress::default()
                },
                _ => Progress::default(),
            }));
    }

    fn handle(self, message: FromWorker, file: Option<&JsValue>) {
        match message {
            FromWorker::Ready
            | FromWorker::Dumping { .. }
            | FromWorker::Dumped(_)
            | FromWorker::Reading { .. }
            | FromWorker::Read(_) => {}
            FromWorker::Progress(progress) => {
                self.throughput
                    .update(|throughput| throughput.observe(now_ms(), progress.rows, progress.file_bytes));
                self.state.set(ExportState::Running(progress));
            }
            FromWorker::Failed(failed) => self.fail(failed),
            FromWorker::Finished(finished) => self.finish(finished, file),
        }
    }

    fn finish(self, file: Finished, content: Option<&JsValue>) {
        if let Some(Err(error)) = content.map(|content| save::download(content, &file.file_name)) {
            return self.fail(worker::failed("The file could not be downloaded", &error));
        }
        let seconds = (now_ms() - self.began_ms.get_untracked()) / 1_000.0;
        let request = self.request.get_untracked();
        let from_cache = request
            .as_ref()
            .is_some_and(|request| request.start.kept.is_some() && request.start.kept == file.kept);
        self.row_cache
            .put(request.and_then(|request| RowCacheEntry::from_export(&file, request.rows_key)));
        self.toasts.success(format!(
            "Exported {} ({}) to {} in {}",
            wording::rows(file.rows),
            wording::bytes(file.file_bytes),
            file.file_name,
            wording::duration(seconds),
        ));
        self.worker.set_value(None);
        self.state.set(ExportState::Finished {
            file,
            seconds,
            from_cache,
        });
    }

    fn fail(self, failed: Failed) {
        let Problem { title, detail, .. } = &failed.problem;
        // On 401 the sign-in dialog opens instead.
        if failed.problem.status != 401 {
            self.toasts
                .error(format!("Export stopped: {title}"), detail.clone());
        }
        self.auth.check_expiry(&failed.problem);
        // The browser has deleted the cached file, or it does not match its checksum: the next export must query.
        if matches!(failed.problem.code.as_str(), "rows_gone" | "damaged") {
            self.row_cache.clear();
        }
        if !failed.resumable {
            self.worker.set_value(None);
        }
        self.state.set(ExportState::Failed(failed));
    }

    /// Resumes an export that failed with 401 as soon as the same visitor has signed in again. Removes the
    /// export and the cached rows when the visitor changes, so that the next one cannot read them.
    fn follow_auth(self) {
        Effect::new(move |before: Option<(AuthState, u32)>| {
            let now = (self.auth.state(), self.auth.renewals());
            match before {
                Some((visitor @ AuthState::SignedIn(_), _)) if visitor != now.0 => {
                    self.give_up();
                    self.row_cache.clear_everywhere();
                }
                Some((AuthState::SignedOut, _)) if now.0 != AuthState::SignedOut => {
                    self.row_cache.clear_everywhere()
                }
                Some((_, renewals)) if renewals != now.1 && self.waits_for_sign_in() => self.resume(),
                _ => {}
            }
            now
        });
    }

    fn waits_for_sign_in(self) -> bool {
        self.state.with_untracked(|state| match state {
            ExportState::Failed(failed) => failed.resumable && failed.problem.status == 401,
            _ => false,
        })
    }

    fn give_up(self) {
        if untrack(|| self.is_under_way()) {
            let detail = "Another visitor has signed in.";
            self.toasts
                .error("The export was discarded".to_owned(), detail.to_owned());
        }
        self.cancel();
    }
}
