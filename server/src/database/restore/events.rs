//! Progress and result of a restore.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;

use super::options::RestoreMode;
use crate::audit::Action;

/// An event of a restore. The last one is `complete` or `error`.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "event", rename_all = "lowercase")]
pub enum RestoreEvent {
    Progress {
        /// The current step, for display.
        message: String,
        /// Share of the whole restore, 0 to 100.
        percent: u8,
    },
    Complete(Restored),
    /// The restore failed, and the database is as it was.
    Error {
        /// The cause, and what to do.
        message: String,
    },
}

/// The result of a restore.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Restored {
    /// By the name of the table.
    pub tables: BTreeMap<String, TableResult>,
    /// The name of the database that was live before, kept beside the live one; `None` after a merge.
    pub previous: Option<String>,
    /// The dump of the live database that was made before the restore.
    pub safety_dump: PathBuf,
    /// Entries that could not be restored, such as privileges of roles that do not exist here.
    pub warnings: Vec<String>,
}

/// Row counts of one table after a restore.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct TableResult {
    /// Rows that were missing before.
    pub inserted: u64,
    /// Rows that were already there with the same content.
    pub skipped: u64,
    /// Rows of the dump whose key has other content in the database; the database keeps its own.
    pub conflicting: u64,
}

/// The details of a restore in its operation record.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RestoreStatus {
    #[serde(rename = "manner")]
    pub mode: RestoreMode,
    /// Rows inserted; 0 until the restore is complete.
    pub rows: u64,
}

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
        let _ = self.events.try_send(RestoreEvent::Progress { message, percent });
    }
}
