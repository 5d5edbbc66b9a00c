//! Something that the visitor has the server do at once, and is told of.

use std::future::Future;

use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_export::rows::Problem;

use crate::auth::Auth;
use crate::toasts::Toasts;

/// One thing at a time.
#[derive(Clone, Copy)]
pub struct Action {
    is_running: RwSignal<bool>,
    auth: Auth,
    toasts: Toasts,
}

impl Action {
    /// For the page that asks; nothing is done yet.
    #[must_use]
    pub fn new() -> Self {
        Self {
            is_running: RwSignal::new(false),
            auth: expect_context(),
            toasts: expect_context(),
        }
    }

    /// Whether something is being done.
    #[must_use]
    pub fn is_running(self) -> bool {
        self.is_running.get()
    }

    /// Does it, says what came of it, and calls `then`, unless the page was left in the meantime.
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
            // The page's signals are gone when it is.
            if self.is_running.try_set(false).is_none() {
                then();
            }
        });
    }
}
