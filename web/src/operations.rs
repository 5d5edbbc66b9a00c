//! All operations of this browser tab together.

use leptos::ev;
use leptos::prelude::*;

use crate::activity::percent_of_all;
use crate::background::BackgroundExports;
use crate::download::{DumpState, Dumper, Exporter};
use crate::log_cleanup::run::{Cleaner, CleanupState};
use crate::restore::run::Restorer;

#[derive(Clone, Copy)]
pub struct Operations {
    pub exporter: Exporter,
    pub background: BackgroundExports,
    pub dumper: Dumper,
    pub restorer: Restorer,
    pub cleaner: Cleaner,
}

impl Operations {
    /// Returns the number of running ones. A stopped export that can be resumed does not run.
    pub fn running(self) -> usize {
        self.exporter.runs().running()
            + self.background.running()
            + usize::from(self.dumper.is_under_way())
            + usize::from(self.restorer.is_under_way())
            + usize::from(self.cleaner.is_under_way())
    }

    /// Returns whether the tray has an item for one that runs or has stopped.
    pub fn are_listed(self) -> bool {
        !self.exporter.runs().ids().is_empty()
            || self.background.running() > 0
            || !matches!(self.dumper.state(), DumpState::Idle)
            || self.restorer.is_under_way()
            || self.cleaner.state() != CleanupState::Idle
    }

    /// See [`percent_of_all`].
    pub fn percent(self) -> Option<u64> {
        let exports = self.exporter.runs().percents();
        let in_background = self.background.percents();
        let others = [self.restorer.percent(), self.cleaner.percent()];
        percent_of_all(exports.into_iter().chain(in_background).chain(others))
    }

    /// An export, a dump, an upload or a clean-up stops with the page, so the browser asks first.
    pub fn ask_before_leaving(self) {
        window_event_listener(ev::beforeunload, move |event| {
            if untrack(|| self.ends_with_the_page()) {
                event.prevent_default();
            }
        });
    }

    fn ends_with_the_page(self) -> bool {
        self.exporter.is_under_way()
            || self.dumper.is_under_way()
            || self.restorer.is_sending()
            || self.cleaner.is_under_way()
    }
}
