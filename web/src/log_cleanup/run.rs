//! A clean-up under way: the page's side. It ends with the page, after the batch that runs.

use futures_util::future::{AbortHandle, abortable};
use leptos::prelude::*;
use leptos::task::spawn_local;
use serde_json::{Map, Value};
use wasm_export::rows::Problem;

use super::{CleanupEvent, CleanupFailure, CleanupResult, Progress};
use crate::auth::Auth;
use crate::client;
use crate::event_stream::EventReader;
use crate::toasts::Toasts;
use crate::wording;

/// What the visitor's clean-up is doing.
#[derive(Clone, Debug, PartialEq)]
pub enum CleanupState {
    /// There is none.
    Idle,
    /// It runs.
    Running(Progress),
    /// The visitor has stopped it; the server ends the batch that runs.
    Cancelled,
    /// It did not begin, or nothing more is heard of it.
    Failed(Problem),
    /// It could not go on.
    Stopped(CleanupFailure),
    /// It has ended.
    Finished(CleanupResult),
}

/// The visitor's clean-up, for the whole page.
#[derive(Clone, Copy)]
pub struct Cleaner {
    state: RwSignal<CleanupState>,
    abort: StoredValue<Option<AbortHandle>, LocalStorage>,
    auth: Auth,
    toasts: Toasts,
}

impl Cleaner {
    /// No clean-up yet.
    #[must_use]
    pub fn new(auth: Auth, toasts: Toasts) -> Self {
        let cleaner = Self {
            state: RwSignal::new(CleanupState::Idle),
            abort: StoredValue::new_local(None),
            auth,
            toasts,
        };
        auth.on_visitor_change(move || {
            cleaner.cancel();
            cleaner.forget();
        });
        cleaner
    }

    /// What the clean-up is doing.
    #[must_use]
    pub fn state(self) -> CleanupState {
        self.state.get()
    }

    /// Whether one runs: leaving the page would end it.
    #[must_use]
    pub fn is_under_way(self) -> bool {
        self.state.with(|state| matches!(state, CleanupState::Running(_)))
    }

    /// Begins to delete.
    pub fn start(self, request: Map<String, Value>) {
        self.toasts.dismiss_all();
        self.state.set(CleanupState::Running(Progress::default()));
        let (running, abort) = abortable(self.run(request));
        self.abort.set_value(Some(abort));
        spawn_local(async move {
            // One that was cancelled says nothing more.
            if let Ok(Err(problem)) = running.await {
                self.fail(problem);
            }
        });
    }

    /// Stops it. Dropping the request is what tells the server.
    pub fn cancel(self) {
        self.abort.update_value(|abort| {
            if let Some(abort) = abort.take() {
                abort.abort();
            }
        });
        if untrack(|| self.is_under_way()) {
            self.state.set(CleanupState::Cancelled);
        }
    }

    /// Says no more of one that has ended.
    pub fn forget(self) {
        self.state.set(CleanupState::Idle);
    }

    async fn run(self, request: Map<String, Value>) -> Result<(), Problem> {
        let mut pieces = client::clean_up_logs(request).await?.pieces()?;
        let mut events = EventReader::default();
        while let Some(piece) = pieces.next().await? {
            // The server's events are ASCII but for names in messages; a character that is cut is worth no failure.
            for event in events.push(&String::from_utf8_lossy(&piece)) {
                let Some(told) = CleanupEvent::from_event(&event) else {
                    continue;
                };
                let is_last = !matches!(told, CleanupEvent::Progress(_));
                self.handle(told);
                if is_last {
                    return Ok(());
                }
            }
        }
        Err(Problem {
            title: "Nothing more was heard of the clean-up".to_owned(),
            detail: "The connection ended before it did. It ends after the batch that runs.".to_owned(),
            code: "connection_lost".to_owned(),
            ..Problem::default()
        })
    }

    fn handle(self, told: CleanupEvent) {
        match told {
            CleanupEvent::Progress(progress) => self.state.set(CleanupState::Running(progress)),
            CleanupEvent::Complete(cleaned) => {
                let rows = wording::rows(cleaned.deleted);
                self.toasts.success(format!("Deleted {rows} of the log"));
                self.state.set(CleanupState::Finished(cleaned));
            }
            CleanupEvent::Failed(failure) => {
                let title = "The clean-up stopped".to_owned();
                self.toasts.error(title, failure.message.clone());
                self.state.set(CleanupState::Stopped(failure));
            }
        }
    }

    fn fail(self, problem: Problem) {
        // Where the session is over, the page asks to sign in; that says enough.
        if problem.status != 401 {
            let title = format!("The clean-up stopped: {}", problem.title);
            self.toasts.error(title, problem.detail.clone());
        }
        self.auth.check_expiry(&problem);
        self.state.set(CleanupState::Failed(problem));
    }
}
