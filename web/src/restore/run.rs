//! The visitor's restore: one at a time. It goes on while the visitor looks around, and on the server without the page.

use leptos::prelude::*;
use wasm_export::rows::Problem;

use super::RestoreOptions;
use super::events::{RestoreEvent, Restored};
use super::source::RestoreSource;
use super::upload::{Upload, UploadEvent};
use crate::auth::Auth;
use crate::browser::now_ms;
use crate::event_stream::EventReader;
use crate::throughput::Throughput;
use crate::toasts::Toasts;
use crate::worker;

/// The log shows at most so many lines, the newest.
const LOG_LINES_MAX: usize = 500;

/// What the visitor's restore is doing.
#[derive(Clone, Debug)]
pub enum RestoreState {
    /// There is none.
    Idle,
    /// The file is being sent; the server begins when it has all of it.
    Sending {
        /// How many bytes have been sent.
        bytes: u64,
        /// How many there are.
        total: u64,
    },
    /// The visitor has cancelled it while the file was being sent.
    Cancelled,
    /// The server has the file, and works.
    Working {
        /// How far it is, of 100.
        percent: u8,
    },
    /// Nobody knows how it went: the connection is gone.
    Lost,
    /// Nothing was restored.
    Failed(Problem),
    /// It is done.
    Done {
        /// What was restored.
        restored: Restored,
        /// How.
        options: RestoreOptions,
        /// From the click to the end.
        seconds: f64,
    },
}

/// A line of what the server has said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// Its number, from 0.
    pub number: usize,
    /// What it says.
    pub text: String,
}

/// The visitor's restore, for the whole page.
#[derive(Clone, Copy)]
pub struct Restorer {
    state: RwSignal<RestoreState>,
    log: RwSignal<Vec<LogLine>>,
    throughput: RwSignal<Throughput>,
    file_name: RwSignal<String>,
    options: StoredValue<RestoreOptions>,
    began_ms: StoredValue<f64>,
    reader: StoredValue<EventReader>,
    upload: StoredValue<Option<Upload>, LocalStorage>,
    auth: Auth,
    toasts: Toasts,
}

impl Restorer {
    /// No restore yet.
    #[must_use]
    pub fn new(auth: Auth, toasts: Toasts) -> Self {
        let restorer = Self {
            state: RwSignal::new(RestoreState::Idle),
            log: RwSignal::default(),
            throughput: RwSignal::default(),
            file_name: RwSignal::default(),
            options: StoredValue::default(),
            began_ms: StoredValue::default(),
            reader: StoredValue::default(),
            upload: StoredValue::new_local(None),
            auth,
            toasts,
        };
        auth.on_visitor_change(move || restorer.forget());
        restorer
    }

    /// What the restore is doing.
    #[must_use]
    pub fn state(self) -> RestoreState {
        self.state.get()
    }

    /// Whether the file is being sent: then leaving the page would end it.
    #[must_use]
    pub fn is_sending(self) -> bool {
        self.state
            .with(|state| matches!(state, RestoreState::Sending { .. }))
    }

    /// Whether it is under way, here or on the server.
    #[must_use]
    pub fn is_under_way(self) -> bool {
        self.state
            .with(|state| matches!(state, RestoreState::Sending { .. } | RestoreState::Working { .. }))
    }

    /// What the server has said so far.
    #[must_use]
    pub fn log(self) -> Vec<LogLine> {
        self.log.get()
    }

    /// The throughput of the last seconds.
    #[must_use]
    pub fn throughput(self) -> Throughput {
        self.throughput.get()
    }

    /// What the file is called.
    #[must_use]
    pub fn file_name(self) -> String {
        self.file_name.get()
    }

    /// Begins: with sending what the server does not have yet.
    pub fn start(self, source: &RestoreSource, options: RestoreOptions) {
        self.toasts.dismiss_all();
        self.throughput.set(Throughput::default());
        self.log.set(Vec::new());
        self.file_name.set(source.name());
        self.options.set_value(options);
        self.began_ms.set_value(now_ms());
        self.reader.set_value(EventReader::default());
        self.state.set(match source {
            RestoreSource::File(file) => RestoreState::Sending {
                bytes: 0,
                total: file.size() as u64,
            },
            RestoreSource::Backup(_) => RestoreState::Working { percent: 0 },
        });
        match Upload::start(source, options, move |heard| self.handle(heard)) {
            Ok(upload) => self.upload.set_value(Some(upload)),
            Err(error) => self.fail(worker::failed("It could not be begun", &error).problem),
        }
    }

    /// Stops sending; the server then forgets what it has of the file.
    pub fn cancel(self) {
        if untrack(|| self.is_sending()) {
            self.end(RestoreState::Cancelled);
        }
    }

    /// Forgets the restore. One that the server has begun goes on there.
    pub fn forget(self) {
        self.end(RestoreState::Idle);
    }

    fn handle(self, heard: UploadEvent) {
        match heard {
            UploadEvent::Progress { bytes, total } if bytes < total && untrack(|| self.is_sending()) => {
                self.throughput
                    .update(|throughput| throughput.observe(now_ms(), 0, bytes));
                self.state.set(RestoreState::Sending { bytes, total });
            }
            UploadEvent::Progress { .. } if untrack(|| self.is_sending()) => self.work(0),
            UploadEvent::Progress { .. } => {}
            UploadEvent::Text(text) => {
                let events = self.reader.try_update_value(|reader| reader.push(&text));
                for event in events.iter().flatten().filter_map(RestoreEvent::from_event) {
                    self.take(event);
                }
            }
            UploadEvent::Refused(problem) => self.fail(problem),
            // It has event how it ended, or the server was stopped in the midst of it.
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
                let name = self.file_name.get_untracked();
                self.toasts.success(format!("Restored {name}"));
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
        self.state.set(RestoreState::Working { percent });
    }

    fn lose(self) {
        self.toasts.error(
            "The connection was lost while the server worked".to_owned(),
            "What it has begun goes on there.".to_owned(),
        );
        self.end(RestoreState::Lost);
    }

    fn fail(self, problem: Problem) {
        // Where the session is over, the page asks to sign in; that says enough.
        if problem.status != 401 {
            let title = format!("Nothing was restored: {}", problem.title);
            self.toasts.error(title, problem.detail.clone());
        }
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
        title: "The file was not sent".to_owned(),
        detail: "The server was stopped, the network between it and you broke, or the file was changed meanwhile. The \
                 server begins only when it has all of a file."
            .to_owned(),
        code: "connection_lost".to_owned(),
        ..Problem::default()
    }
}
