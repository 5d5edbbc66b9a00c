//! The list of the visitor's exports.

use leptos::prelude::*;

use super::export_run::ExportRun;

/// Exports that run or have stopped, oldest first. A finished one is a result of the tray.
#[derive(Clone, Copy)]
pub struct Runs(RwSignal<Vec<ExportRun>>);

impl Runs {
    pub(super) fn new() -> Self {
        Self(RwSignal::default())
    }

    pub fn ids(self) -> Vec<u32> {
        self.0.with(|runs| runs.iter().map(|run| run.id).collect())
    }

    /// Returns `None` if the export has ended.
    pub fn with<T>(self, id: u32, look: impl FnOnce(&ExportRun) -> T) -> Option<T> {
        self.0.with(|runs| runs.iter().find(|run| run.id == id).map(look))
    }

    /// Returns the number of those that run.
    pub fn running(self) -> usize {
        self.0
            .with(|runs| runs.iter().filter(|run| run.is_running()).count())
    }

    /// Returns the progress of each that runs.
    pub fn percents(self) -> Vec<Option<u64>> {
        self.0.with(|runs| {
            let running = runs.iter().filter(|run| run.is_running());
            running.map(ExportRun::percent).collect()
        })
    }

    pub(super) fn are_under_way(self) -> bool {
        self.0.with(|runs| runs.iter().any(ExportRun::is_under_way))
    }

    pub(super) fn look<T>(self, id: u32, look: impl FnOnce(&ExportRun) -> T) -> Option<T> {
        untrack(|| self.with(id, look))
    }

    pub(super) fn push(self, run: ExportRun) {
        self.0.update(|runs| runs.push(run));
    }

    pub(super) fn change(self, id: u32, change: impl FnOnce(&mut ExportRun)) {
        self.0.update(|runs| {
            if let Some(run) = runs.iter_mut().find(|run| run.id == id) {
                change(run);
            }
        });
    }

    pub(super) fn remove(self, id: u32) -> Option<ExportRun> {
        let place = self
            .0
            .with_untracked(|runs| runs.iter().position(|run| run.id == id))?;
        self.0.try_update(|runs| runs.remove(place))
    }

    pub(super) fn waiting_for_sign_in(self) -> Vec<u32> {
        self.0.with_untracked(|runs| {
            let waiting = runs.iter().filter(|run| run.waits_for_sign_in());
            waiting.map(|run| run.id).collect()
        })
    }
}
