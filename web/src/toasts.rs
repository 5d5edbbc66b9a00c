//! Short messages about what has just happened.

use std::time::Duration;

use leptos::prelude::*;

/// How long good news stays; the export's own panel goes on saying it.
const GOOD_NEWS_SHOWN: Duration = Duration::from_secs(15);

/// More than this many would hide the page.
const TOASTS_MAX: usize = 4;

/// The messages on show, for the whole page.
#[derive(Clone, Copy)]
pub struct Toasts {
    toasts: RwSignal<Vec<Toast>>,
    next_id: StoredValue<u32>,
}

#[derive(Clone, Debug)]
pub struct Toast {
    pub id: u32,
    pub is_error: bool,
    pub title: String,
    pub detail: String,
}

impl Default for Toasts {
    fn default() -> Self {
        Self::new()
    }
}

impl Toasts {
    /// No message yet.
    #[must_use]
    pub fn new() -> Self {
        Self {
            toasts: RwSignal::new(Vec::new()),
            next_id: StoredValue::new(0),
        }
    }

    /// Good news; it goes by itself.
    pub fn success(self, title: String) {
        let id = self.push(false, title, String::new());
        set_timeout(move || self.dismiss(id), GOOD_NEWS_SHOWN);
    }

    /// Bad news; it stays until it is dismissed.
    pub fn error(self, title: String, detail: String) {
        self.push(true, title, detail);
    }

    /// Takes everything away that has been said: something new has begun.
    pub fn dismiss_all(self) {
        self.toasts.set(Vec::new());
    }

    pub fn all(self) -> Vec<Toast> {
        self.toasts.get()
    }

    fn push(self, is_error: bool, title: String, detail: String) -> u32 {
        let id = self.next_id.get_value();
        self.next_id.set_value(id + 1);
        self.toasts.update(|toasts| {
            toasts.push(Toast {
                id,
                is_error,
                title,
                detail,
            });
            if toasts.len() > TOASTS_MAX {
                toasts.remove(0);
            }
        });
        id
    }

    pub fn dismiss(self, id: u32) {
        self.toasts.update(|toasts| toasts.retain(|toast| toast.id != id));
    }
}
