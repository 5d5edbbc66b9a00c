//! The visitor's restore. One runs at a time; it continues while the visitor opens other pages, and on the
//! server even without the page.

mod events;

use api::restore::{RestoreRequest, Restored};
use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_export::rows::Problem;

use super::DEFAULT_REQUEST;
use super::source::RestoreSource;
use super::upload::Upload;
use crate::activity::tray::ActivityTray;
use crate::activity::{OperationKind, OperationResult, Outcome};
use crate::auth::Auth;
use crate::browser::now_ms;
use crate::client;
use crate::event_stream::EventReader;
use crate::throughput::{self, Throughput};
use crate::worker;

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

    /// Returns the name of the operation.
    fn name(self) -> String {
        format!("Restore of {}", self.file_name.get_untracked())
    }

    fn result(self, outcome: Outcome, details: String) -> OperationResult {
        OperationResult::new(OperationKind::Restore, self.name(), outcome, details)
    }

    fn end(self, state: RestoreState) {
        self.upload.set_value(None);
        self.state.set(state);
    }
}
