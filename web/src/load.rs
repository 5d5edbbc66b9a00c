//! Something from the server that follows what the visitor looks at.

use std::future::Future;

use futures_util::future::{AbortHandle, abortable};
use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_export::rows::Problem;

use crate::auth::Auth;

/// A value from the server: fetched again whenever what it depends on changes. The old value stays until the
/// new one is there.
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
    /// Begins to fetch. `request` is asked again when a signal that it reads changes; it gives the fetching
    /// future, or `None` while there is nothing to fetch. An answer to an old question is never shown.
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

    /// The newest value.
    #[must_use]
    pub fn value(self) -> Option<T> {
        self.value.get()
    }

    /// Looks at the newest value without copying it.
    pub fn with<U>(self, look: impl FnOnce(Option<&T>) -> U) -> U {
        self.value.with(|value| look(value.as_ref()))
    }

    /// Why the newest value is not there.
    #[must_use]
    pub fn problem(self) -> Option<Problem> {
        self.problem.get()
    }

    /// Whether a newer value is on its way.
    #[must_use]
    pub fn is_busy(self) -> bool {
        self.busy.get()
    }

    /// Fetches again.
    pub fn retry(self) {
        self.attempts.update(|attempts| *attempts += 1);
    }

    fn settle(self, answer: Result<T, Problem>, auth: Auth) {
        // The page may have been left in the meantime; its signals are gone then.
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

/// Ends the request that it belongs to when it is dropped: by a newer one, or with the page that asked.
struct Abort(AbortHandle);

impl Drop for Abort {
    fn drop(&mut self) {
        self.0.abort();
    }
}
