//! Progress and result of a restore.

use api::restore::{RestoreEvent, RestoreProgress};
use tokio::sync::mpsc;

use crate::audit::Action;

/// Logs the progress of a restore or a proof, and sends it to the client.
#[derive(Clone, Debug)]
pub(super) struct ProgressReporter {
    /// The name of the log's events.
    pub action: Action,
    pub events: mpsc::Sender<RestoreEvent>,
}

impl ProgressReporter {
    pub fn progress(&self, percent: u8, message: impl Into<String>) {
        let message = message.into();
        tracing::info!(action = self.action.name(), percent, message);
        // Not awaited: a slow client loses progress events and does not slow the restore down.
        let _ = self
            .events
            .try_send(RestoreEvent::Progress(RestoreProgress { message, percent }));
    }
}
