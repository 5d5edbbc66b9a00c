//! The audit records of one export: that it began, and how it ended.

use tracing::Span;

use crate::audit::Action;
use crate::auth::Caller;

/// An export whose beginning is recorded and whose end is not.
pub(super) struct ExportAudit {
    /// The span of the request, because the rows outlive the request's handler.
    request: Span,
    caller: String,
    dataset: String,
}

/// The rows and bytes that an export has sent so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Sent {
    pub rows: u64,
    pub bytes: u64,
}

impl ExportAudit {
    /// Records that an export begins.
    pub fn begin(caller: &Caller, dataset: &str) -> Self {
        tracing::info!(
            action = Action::ExportInitiated.name(),
            caller = caller.name,
            subject = %caller.subject,
            credential = caller.credential.name(),
            scope = %caller.scope(),
            dataset
        );
        Self {
            request: Span::current(),
            caller: caller.name.clone(),
            dataset: dataset.to_owned(),
        }
    }

    /// Records that the client has taken all rows and the end record.
    pub fn complete(self, sent: Sent) {
        self.end(Action::ExportComplete, sent);
    }

    /// Records that the client left before the end.
    pub fn cancel(self, sent: Sent) {
        self.end(Action::ExportCancelled, sent);
    }

    /// Records that the export ended with this `code` of a problem.
    pub fn fail(self, sent: Sent, code: &str) {
        let Self { caller, dataset, .. } = &self;
        let Sent { rows, bytes } = sent;
        tracing::warn!(parent: &self.request, action = Action::ExportError.name(), caller, dataset, rows, bytes, code);
    }

    fn end(self, action: Action, sent: Sent) {
        let Self { caller, dataset, .. } = &self;
        let Sent { rows, bytes } = sent;
        tracing::info!(parent: &self.request, action = action.name(), caller, dataset, rows, bytes);
    }
}
