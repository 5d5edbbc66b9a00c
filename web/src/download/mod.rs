//! Exports: the page's side. One runs at a time; it goes on while the visitor looks around.

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
pub use row_cache::{RowCacheEntry, RowCache};
pub use session_request::download_session_request;

/// What the visitor's export is doing.
#[derive(Clone, Debug)]
pub enum ExportState {
    /// There is none.
    Idle,
    /// It runs.
    Running(Progress),
    /// It stopped.
    Failed(Failed),
    /// The file is whole.
    Finished {
        /// The file.
        file: Finished,
        /// From the click to the whole file.
        seconds: f64,
        /// Whether it was made of kept rows, and the server was not asked.
        from_cache: bool,
    },
}

/// What to export.
#[derive(Clone, Debug)]
pub struct ExportRequest {
    /// For the worker.
    pub start: Start,
    /// Which rows of which dataset, as [`Dataset::rows_key`](crate::dataset::Dataset::rows_key) says it.
    pub rows_key: String,
    /// The exact number of rows, where the page has counted them.
    pub rows_expected: Option<u64>,
}

/// The visitor's export, for the whole page.
#[derive(Clone, Copy)]
pub struct Exporter {
    state: RwSignal<ExportState>,
    throughput: RwSignal<Throughput>,
    request: RwSignal<Option<ExportRequest>>,
    began_ms: RwSignal<f64>,
    row_cache: RowCache,
    /// The file that the visitor picked, if any.
    picked: StoredValue<Option<JsValue>, LocalStorage>,
    worker: StoredValue<Option<ExportWorker>, LocalStorage>,
    auth: Auth,
    toasts: Toasts,
}

impl Exporter {
    /// No export yet.
    #[must_use]
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

    /// What the export is doing.
    #[must_use]
    pub fn state(self) -> ExportState {
        self.state.get()
    }

    /// Whether an export runs, or could be resumed: then leaving the page would lose it.
    #[must_use]
    pub fn is_under_way(self) -> bool {
        self.state.with(|state| match state {
            ExportState::Running(_) => true,
            ExportState::Failed(failed) => failed.resumable,
            ExportState::Idle | ExportState::Finished { .. } => false,
        })
    }

    /// The throughput of the last seconds.
    #[must_use]
    pub fn throughput(self) -> Throughput {
        self.throughput.get()
    }

    /// What the file is called.
    #[must_use]
    pub fn file_name(self) -> String {
        self.request.with(|request| {
            request
                .as_ref()
                .map(|request| request.start.file_name.clone())
                .unwrap_or_default()
        })
    }

    /// The zone of the times in the file.
    #[must_use]
    pub fn zone(self) -> Zone {
        self.request.with(|request| {
            request
                .as_ref()
                .map(|request| request.start.options.zone.clone())
                .unwrap_or_default()
        })
    }

    /// The rows that the browser keeps.
    #[must_use]
    pub fn row_cache(self) -> RowCache {
        self.row_cache
    }

    /// The visitor wants newer rows than the kept ones. An export under way may be made of those, and keeps them.
    pub fn want_newer_rows(self) {
        if !untrack(|| self.is_under_way()) {
            self.row_cache.clear();
        }
    }

    /// How many rows there will be: counted, or the database's guess.
    #[must_use]
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

    /// Begins. The picked file is where it goes, if its destination says so.
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

    /// Goes on after a failure.
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
        // Without any worker the visitor has cancelled meanwhile.
        if resumed == Some(false) {
            self.start_worker();
        }
    }

    /// Stops the export, or forgets one that has stopped; nothing is left of its file.
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
        // Where the session is over, the page asks to sign in; that says enough.
        if failed.problem.status != 401 {
            self.toasts
                .error(format!("Export stopped: {title}"), detail.clone());
        }
        self.auth.check_expiry(&failed.problem);
        if matches!(failed.problem.code.as_str(), "rows_gone" | "damaged") {
            self.row_cache.clear();
        }
        if !failed.resumable {
            self.worker.set_value(None);
        }
        self.state.set(ExportState::Failed(failed));
    }

    /// An export that stopped only for want of a session goes on with the next one. Another visitor's export is
    /// given up, and nobody's rows stay for whoever signs in next.
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
            let detail = "Somebody else has signed in, and it was not an export of theirs.";
            self.toasts
                .error("The export was discarded".to_owned(), detail.to_owned());
        }
        self.cancel();
    }
}
