//! A request that changes something on the server and answers quickly. A toast shows its result.

use std::future::Future;

use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_export::rows::Problem;

use crate::auth::Auth;
use crate::toasts::Toasts;

/// Runs one request at a time.
#[derive(Clone, Copy)]
pub struct Action {
    is_running: RwSignal<bool>,
    auth: Auth,
    toasts: Toasts,
}

impl Action {
    pub fn new() -> Self {
        Self {
            is_running: RwSignal::new(false),
            auth: expect_context(),
            toasts: expect_context(),
        }
    }

    pub fn is_running(self) -> bool {
        self.is_running.get()
    }

    /// Runs a request and shows the text that it returns as a toast, or `otherwise` with the problem.
    /// Afterwards calls `then`, unless the visitor has left the page.
    pub fn run(
        self,
        otherwise: &'static str,
        doing: impl Future<Output = Result<String, Problem>> + 'static,
        then: impl FnOnce() + 'static,
    ) {
        self.is_running.set(true);
        self.toasts.dismiss_all();
        spawn_local(async move {
            match doing.await {
                Ok(done) => self.toasts.success(done),
                Err(problem) => {
                    self.auth.check_expiry(&problem);
                    self.toasts
                        .error(format!("{otherwise}: {}", problem.title), problem.detail);
                }
            }
            // `try_set` returns the value if the page is gone, and its signals with it.
            if self.is_running.try_set(false).is_none() {
                then();
            }
        });
    }
}
