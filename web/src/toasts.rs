//! Short messages about finished or failed operations.

use std::time::Duration;

use leptos::prelude::*;

/// An error stays until the visitor dismisses it.
const GOOD_NEWS_SHOWN: Duration = Duration::from_secs(6);

/// More would cover the page on a small screen.
const TOASTS_MAX: usize = 4;

/// A handle to the messages, one for the whole page.
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
    pub fn new() -> Self {
        Self {
            toasts: RwSignal::new(Vec::new()),
            next_id: StoredValue::new(0),
        }
    }

    pub fn success(self, title: String) {
        let id = self.push(false, title, String::new());
        set_timeout(move || self.dismiss(id), GOOD_NEWS_SHOWN);
    }

    pub fn error(self, title: String, detail: String) {
        self.push(true, title, detail);
    }

    /// Call it when a new operation starts: the messages are about the one before.
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
