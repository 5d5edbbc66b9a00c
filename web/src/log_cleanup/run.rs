//! The visitor's clean-up. It stops with the page, after the current batch.

use api::cleanup::{CleanupEvent, CleanupFailure, CleanupProgress, CleanupRequest, CleanupResult};
use api::events;
use futures_util::future::{AbortHandle, abortable};
use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_export::rows::Problem;

use crate::auth::Auth;
use crate::client;
use crate::event_stream::EventReader;
use crate::toasts::Toasts;
use crate::wording;

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
    Finished(CleanupResult),
}

/// A handle to the visitor's clean-up, one for the whole page.
#[derive(Clone, Copy)]
pub struct Cleaner {
    state: RwSignal<CleanupState>,
    abort: StoredValue<Option<AbortHandle>, LocalStorage>,
    auth: Auth,
    toasts: Toasts,
}

impl Cleaner {
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

    pub fn state(self) -> CleanupState {
        self.state.get()
    }

    /// Returns whether one runs: leaving the page would stop it.
    pub fn is_under_way(self) -> bool {
        self.state.with(|state| matches!(state, CleanupState::Running(_)))
    }

    pub fn start(self, request: CleanupRequest) {
        self.toasts.dismiss_all();
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
        self.abort.update_value(|abort| {
            if let Some(abort) = abort.take() {
                abort.abort();
            }
        });
        if untrack(|| self.is_under_way()) {
            self.state.set(CleanupState::Cancelled);
        }
    }

    /// Closes a clean-up that has ended.
    pub fn forget(self) {
        self.state.set(CleanupState::Idle);
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
            CleanupEvent::Progress(progress) => self.state.set(CleanupState::Running(progress)),
            CleanupEvent::Complete(result) => {
                let rows = wording::rows(result.deleted);
                self.toasts.success(format!("Deleted {rows} of the log"));
                self.state.set(CleanupState::Finished(result));
            }
            CleanupEvent::Error(failure) => {
                let title = "The clean-up stopped".to_owned();
                self.toasts.error(title, failure.message.clone());
                self.state.set(CleanupState::Stopped(failure));
            }
        }
    }

    fn fail(self, problem: Problem) {
        // On 401 the sign-in dialog opens instead.
        if problem.status != 401 {
            let title = format!("The clean-up stopped: {}", problem.title);
            self.toasts.error(title, problem.detail.clone());
        }
        self.auth.check_expiry(&problem);
        self.state.set(CleanupState::Failed(problem));
    }
}
