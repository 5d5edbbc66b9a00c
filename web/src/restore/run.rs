//! The visitor's restore. One runs at a time; it continues while the visitor opens other pages, and on the
//! server even without the page.

use std::mem::discriminant;

use api::events;
use api::restore::{RestoreEvent, RestoreRequest, Restored};
use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_export::rows::Problem;

use super::DEFAULT_REQUEST;
use super::source::RestoreSource;
use super::upload::{Upload, UploadEvent};
use crate::activity::tray::ActivityTray;
use crate::activity::{OperationKind, OperationResult, Outcome};
use crate::auth::Auth;
use crate::browser::now_ms;
use crate::client;
use crate::event_stream::EventReader;
use crate::throughput::{self, Throughput};
use crate::wording;
use crate::worker;

/// The log keeps the newest lines.
const LOG_LINES_MAX: usize = 500;

#[derive(Clone, Debug)]
pub enum RestoreState {
    Idle,
    /// The upload. The server starts when it has received the whole file.
    Sending {
        bytes: u64,
        total: u64,
    },
    /// The visitor has cancelled the upload.
    Cancelled,
    /// The server restores; `percent` is 0 to 100.
    Working {
        percent: u8,
    },
    /// The connection is lost while the server works, so the result is unknown.
    Lost,
    /// The database is unchanged.
    Failed(Problem),
    /// `seconds`: from the click to the end.
    Done {
        restored: Restored,
        options: RestoreRequest,
        seconds: f64,
    },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// Counts from 0; identifies the line when older ones are dropped.
    pub number: usize,
    pub text: String,
}

/// A handle to the visitor's restore, one for the whole page.
#[derive(Clone, Copy)]
pub struct Restorer {
    state: RwSignal<RestoreState>,
    log: RwSignal<Vec<LogLine>>,
    throughput: RwSignal<Throughput>,
    file_name: RwSignal<String>,
    options: StoredValue<RestoreRequest>,
    began_ms: StoredValue<f64>,
    reader: StoredValue<EventReader>,
    upload: StoredValue<Option<Upload>, LocalStorage>,
    auth: Auth,
    tray: ActivityTray,
}

impl Restorer {
    pub fn new(auth: Auth, tray: ActivityTray) -> Self {
        let restorer = Self {
            state: RwSignal::new(RestoreState::Idle),
            log: RwSignal::default(),
            throughput: RwSignal::default(),
            file_name: RwSignal::default(),
            options: StoredValue::new(DEFAULT_REQUEST),
            began_ms: StoredValue::default(),
            reader: StoredValue::default(),
            upload: StoredValue::new_local(None),
            auth,
            tray,
        };
        auth.on_visitor_change(move || restorer.forget());
        restorer
    }

    pub fn state(self) -> RestoreState {
        self.state.get()
    }

    /// Returns whether an upload runs: leaving the page would stop it.
    pub fn is_sending(self) -> bool {
        self.state
            .with(|state| matches!(state, RestoreState::Sending { .. }))
    }

    /// Returns whether an upload or a restore runs.
    pub fn is_under_way(self) -> bool {
        self.state
            .with(|state| matches!(state, RestoreState::Sending { .. } | RestoreState::Working { .. }))
    }

    /// Returns the progress of the upload, and then of the restore.
    pub fn percent(self) -> Option<u64> {
        self.state.with(|state| match state {
            RestoreState::Sending { bytes, total } => throughput::percent(*bytes, Some(*total)),
            RestoreState::Working { percent } => Some(u64::from(*percent)),
            _ => None,
        })
    }

    pub fn log(self) -> Vec<LogLine> {
        self.log.get()
    }

    pub fn throughput(self) -> Throughput {
        self.throughput.get()
    }

    pub fn file_name(self) -> String {
        self.file_name.get()
    }

    pub fn start(self, source: &RestoreSource, options: RestoreRequest) {
        self.throughput.set(Throughput::default());
        self.log.set(Vec::new());
        self.file_name.set(source.name());
        self.options.set_value(options);
        self.began_ms.set_value(now_ms());
        self.reader.set_value(EventReader::default());
        self.tray.begin(&self.name());
        self.state.set(match source {
            RestoreSource::File(file) => RestoreState::Sending {
                bytes: 0,
                total: file.size() as u64,
            },
            RestoreSource::Backup { .. } => RestoreState::Working { percent: 0 },
        });
        match source {
            RestoreSource::File(_) => self.send_if_possible(source.clone(), options),
            // The server looks at the lock before it fetches the backup.
            RestoreSource::Backup { .. } => self.send(source, options),
        }
    }

    /// Sends a file only if the server could restore it now: a large upload would be in vain.
    fn send_if_possible(self, source: RestoreSource, options: RestoreRequest) {
        let began_ms = self.began_ms.get_value();
        spawn_local(async move {
            let checked = client::check_restore().await;
            // The visitor may have cancelled this restore, and started another one.
            if !untrack(|| self.is_sending()) || self.began_ms.get_value() != began_ms {
                return;
            }
            match checked {
                Ok(()) => self.send(&source, options),
                Err(problem) => self.fail(problem),
            }
        });
    }

    fn send(self, source: &RestoreSource, options: RestoreRequest) {
        match Upload::start(source, options, move |event| self.handle(event)) {
            Ok(upload) => self.upload.set_value(Some(upload)),
            Err(error) => self.fail(worker::failed("The restore could not be started", &error).problem),
        }
    }

    /// Starts the restore of a backup that the server has refused with `backup_unverified`, because the visitor knows it.
    pub fn restore_unverified(self) {
        let source = RestoreSource::Backup {
            name: self.file_name.get_untracked(),
            unverified: true,
        };
        self.start(&source, self.options.get_value());
    }

    /// Stops the upload; the server then deletes the part that it has received.
    pub fn cancel(self) {
        if untrack(|| self.is_sending()) {
            self.end(RestoreState::Cancelled);
            self.tray
                .end(self.result(Outcome::Cancelled, "the database is unchanged".to_owned()));
        }
    }

    /// Closes the restore. The server finishes one that it has started.
    pub fn forget(self) {
        self.end(RestoreState::Idle);
    }

    fn handle(self, event: UploadEvent) {
        match event {
            UploadEvent::Progress { bytes, total } if bytes < total && untrack(|| self.is_sending()) => {
                self.throughput
                    .update(|throughput| throughput.observe(now_ms(), 0, bytes));
                self.advance("Upload", RestoreState::Sending { bytes, total });
            }
            UploadEvent::Progress { .. } if untrack(|| self.is_sending()) => self.work(0),
            UploadEvent::Progress { .. } => {}
            UploadEvent::Text(text) => {
                let events = self.reader.try_update_value(|reader| reader.push(&text));
                for event in events.into_iter().flatten() {
                    // An unknown event of a newer server is ignored.
                    if let Ok(event) = events::from_parts(&event.name, &event.data) {
                        self.take(event);
                    }
                }
            }
            UploadEvent::Refused(problem) => self.fail(problem),
            // The stream ended without a final event: the server was stopped during the restore.
            UploadEvent::Ended if untrack(|| self.is_under_way()) => self.lose(),
            UploadEvent::Ended => {}
            UploadEvent::Lost if untrack(|| self.is_sending()) => self.fail(not_sent()),
            UploadEvent::Lost => self.lose(),
        }
    }

    fn take(self, event: RestoreEvent) {
        match event {
            RestoreEvent::Progress(step) => {
                self.note(step.message);
                self.work(step.percent);
            }
            RestoreEvent::Complete(restored) => {
                let seconds = (now_ms() - self.began_ms.get_value()) / 1_000.0;
                let rows = super::total(&restored.tables).inserted;
                let details = format!("{}, in {}", wording::rows(rows), wording::duration(seconds));
                self.tray.end(self.result(Outcome::Completed, details));
                self.end(RestoreState::Done {
                    restored,
                    options: self.options.get_value(),
                    seconds,
                });
            }
            RestoreEvent::Error(failure) => self.fail(Problem {
                title: "The restore failed".to_owned(),
                detail: failure.message,
                code: "restore_failed".to_owned(),
                ..Problem::default()
            }),
        }
    }

    fn note(self, text: String) {
        self.log.update(|log| {
            let number = log.last().map_or(0, |line| line.number + 1);
            if log.len() == LOG_LINES_MAX {
                log.remove(0);
            }
            log.push(LogLine { number, text });
        });
    }

    fn work(self, percent: u8) {
        self.advance("Restore", RestoreState::Working { percent });
    }

    /// The upload and the restore each count from 0.
    fn advance(self, phase: &str, state: RestoreState) {
        let before = untrack(|| self.percent());
        let is_same = self
            .state
            .with_untracked(|before| discriminant(before) == discriminant(&state));
        self.state.set(state);
        self.tray
            .advance(phase, before.filter(|_| is_same), untrack(|| self.percent()));
    }

    /// Returns the name of the operation.
    fn name(self) -> String {
        format!("Restore of {}", self.file_name.get_untracked())
    }

    fn result(self, outcome: Outcome, details: String) -> OperationResult {
        OperationResult::new(OperationKind::Restore, self.name(), outcome, details)
    }

    fn lose(self) {
        let (title, detail) = (
            "Connection lost during the restore",
            "The server continues the restore.",
        );
        self.tray.stop(title, detail);
        self.tray
            .list(self.result(Outcome::Failed, format!("{title}. {detail}")));
        self.end(RestoreState::Lost);
    }

    fn fail(self, problem: Problem) {
        // On 401 the sign-in dialog opens instead.
        match problem.status {
            401 => self.tray.open(),
            _ => self.tray.stop(
                &format!("Nothing was restored: {}", problem.title),
                &problem.detail,
            ),
        }
        self.tray
            .list(self.result(Outcome::Failed, problem.title.clone()));
        self.auth.check_expiry(&problem);
        self.end(RestoreState::Failed(problem));
    }

    fn end(self, state: RestoreState) {
        self.upload.set_value(None);
        self.state.set(state);
    }
}

fn not_sent() -> Problem {
    Problem {
        title: "The file was not uploaded".to_owned(),
        detail: "The server was stopped, the network connection broke, or the file was changed during the upload. The \
                 server starts only when it has received the whole file."
            .to_owned(),
        code: "connection_lost".to_owned(),
        ..Problem::default()
    }
}
