//! The visitor's restore: one at a time. It goes on while the visitor looks around, and on the server without the page.

use leptos::prelude::*;
use wasm_export::rows::Problem;
use web_sys::File;

use super::Plan;
use super::told::{Restored, Told};
use super::upload::{Heard, Upload};
use crate::components::toasts::Toasts;
use crate::events::EventReader;
use crate::pace::Pace;
use crate::session::Session;
use crate::visitor::now_ms;
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
        plan: Plan,
        /// From the click to the end.
        seconds: f64,
    },
}

/// What is to be restored.
#[derive(Clone, Debug)]
pub enum Dump {
    /// A file of the visitor's, which has to be sent.
    File(File),
    /// A backup in the server's storage, of this name.
    Stored(String),
}

impl Dump {
    fn name(&self) -> String {
        match self {
            Self::File(file) => file.name(),
            Self::Stored(name) => name.clone(),
        }
    }
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
    pace: RwSignal<Pace>,
    file_name: RwSignal<String>,
    plan: StoredValue<Plan>,
    began_ms: StoredValue<f64>,
    reader: StoredValue<EventReader>,
    upload: StoredValue<Option<Upload>, LocalStorage>,
    session: Session,
    toasts: Toasts,
}

impl Restorer {
    /// No restore yet.
    #[must_use]
    pub fn new(session: Session, toasts: Toasts) -> Self {
        let restorer = Self {
            state: RwSignal::new(RestoreState::Idle),
            log: RwSignal::default(),
            pace: RwSignal::default(),
            file_name: RwSignal::default(),
            plan: StoredValue::default(),
            began_ms: StoredValue::default(),
            reader: StoredValue::default(),
            upload: StoredValue::new_local(None),
            session,
            toasts,
        };
        session.on_another_visitor(move || restorer.forget());
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

    /// The pace of the last seconds.
    #[must_use]
    pub fn pace(self) -> Pace {
        self.pace.get()
    }

    /// What the file is called.
    #[must_use]
    pub fn file_name(self) -> String {
        self.file_name.get()
    }

    /// Begins: with sending what the server does not have yet.
    pub fn start(self, dump: &Dump, plan: Plan) {
        self.toasts.dismiss_all();
        self.pace.set(Pace::default());
        self.log.set(Vec::new());
        self.file_name.set(dump.name());
        self.plan.set_value(plan);
        self.began_ms.set_value(now_ms());
        self.reader.set_value(EventReader::default());
        self.state.set(match dump {
            Dump::File(file) => RestoreState::Sending {
                bytes: 0,
                total: file.size() as u64,
            },
            Dump::Stored(_) => RestoreState::Working { percent: 0 },
        });
        match Upload::start(dump, plan, move |heard| self.hear(heard)) {
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

    fn hear(self, heard: Heard) {
        match heard {
            Heard::Sent { bytes, total } if bytes < total && untrack(|| self.is_sending()) => {
                self.pace.update(|pace| pace.observe(now_ms(), 0, bytes));
                self.state.set(RestoreState::Sending { bytes, total });
            }
            Heard::Sent { .. } if untrack(|| self.is_sending()) => self.work(0),
            Heard::Sent { .. } => {}
            Heard::Said(text) => {
                let events = self.reader.try_update_value(|reader| reader.push(&text));
                for told in events.iter().flatten().filter_map(Told::of) {
                    self.take(told);
                }
            }
            Heard::Refused(problem) => self.fail(problem),
            // It has told how it ended, or the server was stopped in the midst of it.
            Heard::Ended if untrack(|| self.is_under_way()) => self.lose(),
            Heard::Ended => {}
            Heard::Lost if untrack(|| self.is_sending()) => self.fail(not_sent()),
            Heard::Lost => self.lose(),
        }
    }

    fn take(self, told: Told) {
        match told {
            Told::Progress(step) => {
                self.note(step.message);
                self.work(step.percent);
            }
            Told::Complete(restored) => {
                let seconds = (now_ms() - self.began_ms.get_value()) / 1_000.0;
                let name = self.file_name.get_untracked();
                self.toasts.success(format!("Restored {name}"));
                self.end(RestoreState::Done {
                    restored,
                    plan: self.plan.get_value(),
                    seconds,
                });
            }
            Told::Error(failure) => self.fail(Problem {
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
        self.session.note(&problem);
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
