//! A value from the server that is fetched again when the signals behind its request change.

use std::future::Future;
use std::time::Duration;

use futures_util::future::{AbortHandle, abortable};
use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_export::rows::Problem;

use crate::auth::Auth;

/// The previous value stays readable until the next one arrives.
pub struct Load<T: 'static> {
    value: RwSignal<Option<T>>,
    problem: RwSignal<Option<Problem>>,
    busy: RwSignal<bool>,
    attempts: RwSignal<u32>,
}

impl<T> Clone for Load<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Load<T> {}

impl<T: Clone + Send + Sync + 'static> Load<T> {
    /// Starts to fetch. `request` runs again when a signal that it reads changes; it returns the future of
    /// the answer, or `None` if there is nothing to fetch. A change aborts the request before, so an outdated
    /// answer is never shown.
    pub fn new<F>(request: impl Fn() -> Option<F> + 'static) -> Self
    where
        F: Future<Output = Result<T, Problem>> + 'static,
    {
        let auth = expect_context::<Auth>();
        let load = Self {
            value: RwSignal::new(None),
            problem: RwSignal::new(None),
            busy: RwSignal::new(false),
            attempts: RwSignal::new(0),
        };
        Effect::new(move |running: Option<Option<Abort>>| {
            load.attempts.track();
            let _ = auth.renewals();
            drop(running);
            let request = request();
            load.busy.set(request.is_some());
            let (fetching, handle) = abortable(request?);
            spawn_local(async move {
                let Ok(answer) = fetching.await else { return };
                load.settle(answer, auth);
            });
            Some(Abort(handle))
        });
        load
    }

    pub fn value(self) -> Option<T> {
        self.value.get()
    }

    pub fn with<U>(self, look: impl FnOnce(Option<&T>) -> U) -> U {
        self.value.with(|value| look(value.as_ref()))
    }

    /// Returns the failure of the newest request.
    pub fn problem(self) -> Option<Problem> {
        self.problem.get()
    }

    /// Returns whether a request runs.
    pub fn is_busy(self) -> bool {
        self.busy.get()
    }

    pub fn retry(self) {
        self.attempts.update(|attempts| *attempts += 1);
    }

    /// Fetches regularly while the signal holds and the page is visible.
    pub fn refresh_while(self, is_wanted: impl Get<Value = bool> + Send + Sync + 'static, every: Duration) {
        let refresh = move || {
            // A request that is on its way would be aborted.
            if !document().hidden() && untrack(|| !self.is_busy()) {
                self.retry();
            }
        };
        Effect::new(move || {
            if is_wanted.get()
                && let Ok(timer) = set_interval_with_handle(refresh, every)
            {
                on_cleanup(move || timer.clear());
            }
        });
    }

    fn settle(self, answer: Result<T, Problem>, auth: Auth) {
        // `try_set`, because the visitor may have left the page and with it these signals.
        match answer {
            Ok(value) => {
                self.value.try_set(Some(value));
                self.problem.try_set(None);
            }
            Err(problem) => {
                auth.check_expiry(&problem);
                self.problem.try_set(Some(problem));
            }
        }
        self.busy.try_set(false);
    }
}

/// Aborts its request when it is dropped: by a newer request, or with the page.
struct Abort(AbortHandle);

impl Drop for Abort {
    fn drop(&mut self) {
        self.0.abort();
    }
}
