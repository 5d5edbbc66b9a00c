//! The state of the activity tray.

use std::time::Duration;

use leptos::prelude::*;

use super::{OperationResult, RESULTS_MAX, tenth_reached};
use crate::auth::Auth;
use crate::toasts::Toasts;

/// A screen reader misses a text that replaces an empty one in the same moment.
const ANNOUNCED_AFTER: Duration = Duration::from_millis(50);

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedResult {
    pub id: u32,
    pub result: OperationResult,
}

/// A handle to the tray, one for the whole page. Operations report to it.
#[derive(Clone, Copy)]
pub struct ActivityTray {
    is_open: RwSignal<bool>,
    /// Newest first, at most [`RESULTS_MAX`].
    results: RwSignal<Vec<ListedResult>>,
    next_id: StoredValue<u32>,
    status: RwSignal<String>,
    alert: RwSignal<String>,
    toasts: Toasts,
}

impl ActivityTray {
    pub fn new(auth: Auth, toasts: Toasts) -> Self {
        let tray = Self {
            is_open: RwSignal::new(false),
            results: RwSignal::default(),
            next_id: StoredValue::new(0),
            status: RwSignal::default(),
            alert: RwSignal::default(),
            toasts,
        };
        // The next visitor must not read the names of the files.
        auth.on_visitor_change(move || {
            tray.results.set(Vec::new());
            tray.is_open.set(false);
        });
        tray
    }

    pub fn is_open(self) -> bool {
        self.is_open.get()
    }

    /// The same without tracking.
    pub fn is_open_now(self) -> bool {
        self.is_open.get_untracked()
    }

    pub fn open(self) {
        self.is_open.set(true);
    }

    pub fn close(self) {
        self.is_open.set(false);
    }

    pub fn results(self) -> Vec<ListedResult> {
        self.results.get()
    }

    pub fn remove_result(self, id: u32) {
        self.results
            .update(|results| results.retain(|result| result.id != id));
    }

    /// Returns the text for `role="status"`.
    pub fn status(self) -> String {
        self.status.get()
    }

    /// Returns the text for `role="alert"`.
    pub fn alert(self) -> String {
        self.alert.get()
    }

    /// Screen readers announce the text as soon as they are idle.
    pub fn announce(self, text: String) {
        say_again(self.status, text);
    }

    /// An operation starts or continues.
    pub fn begin(self, name: &str) {
        self.open();
        self.announce(format!("{name}: started"));
    }

    /// An operation has got from `before` to `now` per cent.
    pub fn advance(self, name: &str, before: Option<u64>, now: Option<u64>) {
        if let Some(tenth) = tenth_reached(before, now) {
            self.announce(format!("{name}: {tenth} %"));
        }
    }

    /// An operation has stopped because of a problem. Its item in the tray shows the same text.
    pub fn stop(self, title: &str, detail: &str) {
        self.open();
        say_again(self.alert, format!("{title}. {detail}"));
    }

    /// An operation has ended. With the tray closed, a toast shows the result.
    pub fn end(self, result: OperationResult) {
        match self.is_open.get_untracked() {
            true => self.announce(result.sentence()),
            false => self.toasts.success(result.sentence()),
        }
        self.list(result);
    }

    /// Lists the result of an operation that has already been announced.
    pub fn list(self, result: OperationResult) {
        let id = self.next_id.get_value();
        self.next_id.set_value(id + 1);
        self.results.update(|results| {
            results.insert(0, ListedResult { id, result });
            results.truncate(RESULTS_MAX);
        });
    }
}

/// Screen readers announce changes only, so the same text needs an empty one before it.
fn say_again(region: RwSignal<String>, text: String) {
    region.set(String::new());
    set_timeout(move || region.set(text), ANNOUNCED_AFTER);
}
