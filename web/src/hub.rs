//! Whether the database is that of a hub.

use api::datasets::Datasets;
use leptos::prelude::*;

use crate::load::Load;
use crate::route::AdminPage;

/// A handle to the answer of the server, one for the whole page.
#[derive(Clone, Copy)]
pub struct Hub(Memo<Option<bool>>);

impl Hub {
    pub fn new(datasets: Load<Datasets>) -> Self {
        Self(Memo::new(move |_| {
            datasets.with(|answer| answer.map(|answer| answer.hub))
        }))
    }

    /// Returns false until the server has answered.
    pub fn exists(self) -> bool {
        self.0.get() == Some(true)
    }

    /// Returns whether the database has what the page shows; `None` until the server has answered.
    pub fn has_page(self, page: AdminPage) -> Option<bool> {
        match page.needs_hub() {
            true => self.0.get(),
            false => Some(true),
        }
    }
}
