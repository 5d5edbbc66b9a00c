//! What the log tells of an export: that it began, and how it ended.

use tracing::Span;

use super::Gathered;
use crate::audit::Action;
use crate::auth::Caller;

/// An export of which it has been told that it began.
pub(super) struct Record {
    /// The request, which the rows outlive.
    request: Span,
    caller: String,
    dataset: String,
}

impl Record {
    pub(super) fn begin(caller: &Caller, dataset: &str) -> Self {
        tracing::info!(action = Action::ExportInitiated.name(), caller = caller.name, dataset, scope = ?caller.scope());
        Self {
            request: Span::current(),
            caller: caller.name.clone(),
            dataset: dataset.to_owned(),
        }
    }

    /// All rows, and that those were all, have been taken by whoever reads them.
    pub(super) fn complete(&self, gathered: &Gathered) {
        self.end(Action::ExportComplete, gathered);
    }

    /// Whoever read the rows has gone.
    pub(super) fn cancel(&self, gathered: &Gathered) {
        self.end(Action::ExportCancelled, gathered);
    }

    fn end(&self, action: Action, gathered: &Gathered) {
        let Self { caller, dataset, .. } = self;
        let Gathered { rows, bytes, .. } = gathered;
        tracing::info!(parent: &self.request, action = action.name(), caller, dataset, rows, bytes);
    }

    pub(super) fn fail(&self, gathered: &Gathered, code: &str) {
        let Self { caller, dataset, .. } = self;
        let Gathered { rows, bytes, .. } = gathered;
        tracing::warn!(parent: &self.request, action = Action::ExportError.name(), caller, dataset, rows, bytes, code);
    }
}
