//! The visitor's clean-up. It stops with the page, after the current batch.

use api::cleanup::{CleanupEvent, CleanupFailure, CleanupProgress, CleanupRequest};
use api::events;
use futures_util::future::{AbortHandle, abortable};
use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_export::rows::Problem;

use crate::activity::tray::ActivityTray;
use crate::activity::{OperationKind, OperationResult, Outcome};
use crate::auth::Auth;
use crate::client;
use crate::event_stream::EventReader;
use crate::wording;

const NAME: &str = "Log clean-up";

#[derive(Clone, Debug, PartialEq)]
pub enum CleanupState {
    Idle,
    Running(CleanupProgress),
    /// The visitor has cancelled it; the server finishes the current batch.
    Cancelled,
    /// It did not start, or the connection is lost.
    Failed(Problem),
    /// The server could not continue.
    Stopped(CleanupFailure),
}

/// A handle to the visitor's clean-up, one for the whole page.
#[derive(Clone, Copy)]
pub struct Cleaner {
    state: RwSignal<CleanupState>,
    abort: StoredValue<Option<AbortHandle>, LocalStorage>,
    auth: Auth,
    tray: ActivityTray,
}

impl Cleaner {
    pub fn new(auth: Auth, tray: ActivityTray) -> Self {
        let cleaner = Self {
            state: RwSignal::new(CleanupState::Idle),
            abort: StoredValue::new_local(None),
            auth,
            tray,
        };
        auth.on_visitor_change(move || {
            cleaner.abort();
            cleaner.state.set(CleanupState::Idle);
        });
        cleaner
    }

    pub fn state(self) -> CleanupState {
        self.state.get()
    }

    /// Returns whether one runs: leaving the page would stop it.
    pub fn is_under_way(self) -> bool {
        self.state.with(|state| matches!(state, CleanupState::Running(_)))
    }

    pub fn start(self, request: CleanupRequest) {
        self.tray.begin(NAME);
        self.state.set(CleanupState::Running(CleanupProgress::default()));
        let (running, abort) = abortable(self.run(request));
        self.abort.set_value(Some(abort));
        spawn_local(async move {
            // `Err` of the outer result: the visitor has cancelled it.
            if let Ok(Err(problem)) = running.await {
                self.fail(problem);
            }
        });
    }

    /// Drops the request, which makes the server stop.
    pub fn cancel(self) {
        self.abort();
        if untrack(|| self.is_under_way()) {
            self.state.set(CleanupState::Cancelled);
            self.tray.announce("Log clean-up: cancelled".to_owned());
        }
    }

    /// Closes a clean-up that has stopped; `outcome` and `details` are its result.
    pub fn forget(self, outcome: Outcome, details: String) {
        self.state.set(CleanupState::Idle);
        self.tray.list(result(outcome, details));
    }

    /// Returns the progress of a running one.
    pub fn percent(self) -> Option<u64> {
        self.state.with(|state| match state {
            CleanupState::Running(progress) => Some(u64::from(progress.percent)),
            _ => None,
        })
    }

    fn abort(self) {
        self.abort.update_value(|abort| {
            if let Some(abort) = abort.take() {
                abort.abort();
            }
        });
    }

    async fn run(self, request: CleanupRequest) -> Result<(), Problem> {
        let mut pieces = client::clean_up_logs(&request).await?.pieces()?;
        let mut reader = EventReader::default();
        while let Some(piece) = pieces.next().await? {
            // Only messages can hold other characters than ASCII. One that is cut between two chunks is
            // shown as U+FFFD.
            for event in reader.push(&String::from_utf8_lossy(&piece)) {
                // An unknown event of a newer server is ignored.
                let Ok(event) = events::from_parts(&event.name, &event.data) else {
                    continue;
                };
                let is_last = !matches!(event, CleanupEvent::Progress(_));
                self.handle(event);
                if is_last {
                    return Ok(());
                }
            }
        }
        Err(Problem {
            title: "Connection lost during the clean-up".to_owned(),
            detail: "The server stops after the current batch.".to_owned(),
            code: "connection_lost".to_owned(),
            ..Problem::default()
        })
    }

    fn handle(self, event: CleanupEvent) {
        match event {
            CleanupEvent::Progress(progress) => {
                let before = untrack(|| self.percent());
                self.tray.advance(NAME, before, Some(u64::from(progress.percent)));
                self.state.set(CleanupState::Running(progress));
            }
            CleanupEvent::Complete(done) => {
                self.state.set(CleanupState::Idle);
                self.tray.end(OperationResult {
                    archive: done.archive.as_ref().map(wording::cleanup::archive),
                    ..result(Outcome::Completed, wording::cleanup::result(&done))
                });
            }
            CleanupEvent::Error(failure) => {
                self.tray.stop("The clean-up stopped", &failure.message);
                self.state.set(CleanupState::Stopped(failure));
            }
        }
    }

    fn fail(self, problem: Problem) {
        // On 401 the sign-in dialog opens instead.
        match problem.status {
            401 => self.tray.open(),
            _ => self.tray.stop(
                &format!("The clean-up stopped: {}", problem.title),
                &problem.detail,
            ),
        }
        self.auth.check_expiry(&problem);
        self.state.set(CleanupState::Failed(problem));
    }
}

fn result(outcome: Outcome, details: String) -> OperationResult {
    OperationResult::new(OperationKind::Cleanup, NAME.to_owned(), outcome, details)
}
