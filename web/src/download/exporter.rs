//! The exports of the visitor. Several run at once, each in a worker of its own; the server limits their number.

use std::collections::BTreeMap;

use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_bindgen::JsValue;
use wasm_export::browser::protocol::{Destination, Failed, Finished, FromWorker, Progress, Start};
use wasm_export::rows::Problem;

use super::export_run::{ExportRequest, ExportRun, ExportState};
use super::picker::picked_file;
use super::row_cache::{RowCache, RowCacheEntry};
use super::runs::Runs;
use super::save;
use crate::activity::tray::ActivityTray;
use crate::activity::{OperationKind, OperationResult, Outcome};
use crate::auth::{Auth, AuthState};
use crate::browser::now_ms;
use crate::toasts::Toasts;
use crate::wording;
use crate::worker::{self, ExportWorker};

/// A handle to the visitor's exports, one for the whole page.
#[derive(Clone, Copy)]
pub struct Exporter {
    runs: Runs,
    next_id: StoredValue<u32>,
    workers: StoredValue<BTreeMap<u32, ExportWorker>, LocalStorage>,
    /// The files that the visitor picked.
    picked: StoredValue<BTreeMap<u32, JsValue>, LocalStorage>,
    row_cache: RowCache,
    auth: Auth,
    tray: ActivityTray,
    toasts: Toasts,
}

impl Exporter {
    pub fn new(auth: Auth, tray: ActivityTray, toasts: Toasts) -> Self {
        let exporter = Self {
            runs: Runs::new(),
            next_id: StoredValue::new(0),
            workers: StoredValue::new_local(BTreeMap::new()),
            picked: StoredValue::new_local(BTreeMap::new()),
            row_cache: RowCache::new(),
            auth,
            tray,
            toasts,
        };
        exporter.follow_auth();
        exporter
    }

    pub fn runs(self) -> Runs {
        self.runs
    }

    /// Returns whether an export runs or can be resumed: leaving the page would lose it.
    pub fn is_under_way(self) -> bool {
        self.runs.are_under_way()
    }

    pub fn row_cache(self) -> RowCache {
        self.row_cache
    }

    /// Removes the cached rows because the visitor wants newer ones.
    pub fn discard_cached_rows(self) {
        self.row_cache.clear();
    }

    /// Starts an export to its destination. The visitor is asked for the file if the destination is one.
    pub fn start(self, request: ExportRequest) {
        if request.start.destination == Destination::Downloads {
            return self.start_to(request, None);
        }
        spawn_local(async move {
            let Start {
                file_name, options, ..
            } = &request.start;
            let picked = picked_file(file_name, options.media_type(), self.toasts).await;
            if picked.is_some() {
                self.start_to(request, picked);
            }
        });
    }

    /// `picked` is the file that the visitor picked, if the destination is one.
    fn start_to(self, request: ExportRequest, picked: Option<JsValue>) {
        let id = self.next_id.get_value();
        self.next_id.set_value(id + 1);
        let run = ExportRun::new(id, request);
        if let Some(file) = run.cached_file() {
            self.row_cache.hold(file);
        }
        if let Some(picked) = picked {
            self.picked.update_value(|files| _ = files.insert(id, picked));
        }
        self.tray.begin(run.file_name());
        self.runs.push(run);
        self.start_worker(id);
    }

    fn start_worker(self, id: u32) {
        let Some(start) = self.runs.look(id, |run| run.request.message()) else {
            return;
        };
        let picked = self.picked.with_value(|files| files.get(&id).cloned());
        let worker = ExportWorker::start(start, picked, move |message, file| {
            self.handle(id, message, file.as_ref())
        });
        match worker {
            Ok(worker) => self
                .workers
                .update_value(|workers| _ = workers.insert(id, worker)),
            Err(error) => self.fail(
                id,
                worker::failed("The export worker could not be started", &error),
            ),
        }
    }

    /// Continues after a failure, if the visitor is still the same.
    pub fn resume(self, id: u32) {
        let Some((name, rows)) = self.runs.look(id, |run| {
            let rows = run.failed().map_or(0, |failed| failed.rows);
            (run.file_name().to_owned(), rows)
        }) else {
            return;
        };
        self.tray.begin(&name);
        self.runs.change(id, ExportRun::begin_again);
        spawn_local(async move {
            match self.auth.confirm().await {
                Ok(true) => self.go_on(id),
                Ok(false) => {}
                Err(problem) => self.fail(
                    id,
                    Failed {
                        problem,
                        rows,
                        resumable: true,
                    },
                ),
            }
        });
    }

    fn go_on(self, id: u32) {
        let resumed = self
            .workers
            .with_value(|workers| workers.get(&id).map(ExportWorker::resume));
        // `None`: the visitor has cancelled the export in the meantime.
        if resumed == Some(false) {
            self.start_worker(id);
        }
    }

    /// Stops the export or closes a stopped one. Its unfinished file is removed.
    pub fn cancel(self, id: u32) {
        let Some(run) = self.remove(id) else { return };
        let name = run.file_name().to_owned();
        match run.failed().filter(|failed| !failed.resumable) {
            Some(failed) => {
                let reason = failed.problem.title.clone();
                let result = OperationResult::new(OperationKind::Export, name, Outcome::Failed, reason);
                self.tray.list(result);
            }
            None => {
                let nothing = "no file was saved".to_owned();
                let result = OperationResult::new(OperationKind::Export, name, Outcome::Cancelled, nothing);
                self.tray.end(result);
            }
        }
    }

    fn handle(self, id: u32, message: FromWorker, file: Option<&JsValue>) {
        match message {
            FromWorker::Ready
            | FromWorker::Dumping { .. }
            | FromWorker::Dumped(_)
            | FromWorker::Reading { .. }
            | FromWorker::Read(_) => {}
            FromWorker::Progress(progress) => self.advance(id, progress),
            FromWorker::Failed(failed) => self.fail(id, failed),
            FromWorker::Finished(finished) => self.finish(id, finished, file),
        }
    }

    fn advance(self, id: u32, progress: Progress) {
        let before = self.runs.look(id, ExportRun::percent).flatten();
        self.runs.change(id, |run| {
            run.throughput
                .observe(now_ms(), progress.rows, progress.file_bytes);
            run.state = ExportState::Running(progress);
        });
        if let Some((name, now)) = self
            .runs
            .look(id, |run| (run.file_name().to_owned(), run.percent()))
        {
            self.tray.advance(&name, before, now);
        }
    }

    fn finish(self, id: u32, file: Finished, content: Option<&JsValue>) {
        if let Some(Err(error)) = content.map(|content| save::download(content, &file.file_name)) {
            return self.fail(id, worker::failed("The file could not be downloaded", &error));
        }
        let Some(run) = self.remove(id) else { return };
        let from_cache = run.request.start.kept.is_some() && run.request.start.kept == file.kept;
        // Rows of the cache may be older than those that another export has cached in the meantime.
        if !from_cache {
            let rows_key = &run.request.rows_key;
            self.row_cache
                .replace(rows_key, RowCacheEntry::from_export(&file, rows_key));
        }
        let as_of = wording::moment(&file.as_of, run.zone());
        let details =
            wording::results::finished(file.rows, file.file_bytes, &as_of, run.seconds(), from_cache);
        self.tray.end(OperationResult::new(
            OperationKind::Export,
            file.file_name,
            Outcome::Completed,
            details,
        ));
    }

    fn fail(self, id: u32, failed: Failed) {
        let Some(cached_file) = self.runs.look(id, |run| run.cached_file().map(str::to_owned)) else {
            return;
        };
        let Problem {
            status,
            title,
            detail,
            code,
            ..
        } = &failed.problem;
        // On 401 the sign-in dialog opens instead.
        match status {
            401 => self.tray.open(),
            _ => self.tray.stop(&format!("Export stopped: {title}"), detail),
        }
        self.auth.check_expiry(&failed.problem);
        // The browser has deleted the cached file, or it does not match its checksum: the next export must query.
        if let Some(file) = cached_file
            && matches!(code.as_str(), "rows_gone" | "damaged")
        {
            self.row_cache.drop_file(&file);
        }
        if !failed.resumable {
            self.workers.update_value(|workers| _ = workers.remove(&id));
        }
        self.runs
            .change(id, |run| run.state = ExportState::Failed(failed));
    }

    /// Removes an export with its worker.
    fn remove(self, id: u32) -> Option<ExportRun> {
        self.workers.update_value(|workers| _ = workers.remove(&id));
        self.picked.update_value(|files| _ = files.remove(&id));
        let run = self.runs.remove(id)?;
        if let Some(file) = run.cached_file() {
            self.row_cache.release(file);
        }
        Some(run)
    }

    /// Resumes exports that failed with 401 as soon as the same visitor has signed in again. Removes all exports
    /// and the cached rows when the visitor changes, so that the next one cannot read them.
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
                Some((_, renewals)) if renewals != now.1 => self.resume_after_sign_in(),
                _ => {}
            }
            now
        });
    }

    fn resume_after_sign_in(self) {
        for id in self.runs.waiting_for_sign_in() {
            self.resume(id);
        }
    }

    fn give_up(self) {
        if untrack(|| self.is_under_way()) {
            let detail = "Another visitor has signed in.";
            self.toasts
                .error("The exports were discarded".to_owned(), detail.to_owned());
        }
        for id in untrack(|| self.runs.ids()) {
            self.remove(id);
        }
    }
}
