//! Restores a dump, completely or not at all.
//!
//! The file is read to its end and the live database is dumped for safety. Then the dump is restored into a staging
//! database beside the live one. When every row is there, the two databases swap their names in one transaction. The
//! previous database is kept and can be put back. Where Decant's user may not create databases, one transaction replaces
//! the contents of the live database instead.
//!
//! | module | content |
//! |---|---|
//! | `start` | takes the lock, starts the task, records the outcome |
//! | `run` | the steps in their order |
//! | `proof` | a restore that is removed again, to prove a backup |
//! | `checked_dump` | reads the file to its end before anything is changed |
//! | [`row_counts`] | counts the rows of each table |
//! | [`disk_space`] | checks that the rows fit on the disk |
//! | `safety_dump` | dumps the live database first |
//! | [`side_database`] | staging databases and previous databases: create, swap, list, drop |
//! | `load` | runs `pg_restore` |
//! | `in_place` | replaces the contents of the live database in one transaction |
//! | [`merge`], `table_data` | inserts the rows that are missing, table by table |
//! | `pending_transaction` | an open transaction of either |
//! | `migrations` | runs the site's SQL files |
//! | `error` | why a dump is not restored |

mod checked_dump;
pub mod disk_space;
mod error;
mod in_place;
mod load;
pub mod merge;
mod migrations;
mod pending_transaction;
mod proof;
pub mod row_counts;
mod run;
mod safety_dump;
pub mod side_database;
mod start;
mod table_data;

use crate::audit::Action;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;

pub use error::RestoreError;
use merge::TableResult;
pub(super) use safety_dump::SafetyDumps;

/// What is restored of a dump, and how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RestoreOptions {
    pub mode: RestoreMode,
    /// Leaves out the rows of the hub's log, `message_request`.
    pub skip_logs: bool,
}

/// What happens to the data that are in the database.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RestoreMode {
    /// The dump replaces them.
    #[default]
    Clean,
    /// They stay, and rows that are missing come from the dump.
    Merge,
}

/// What a restore does when its client disconnects.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnDisconnect {
    /// It goes on to its end and logs its outcome, so that closing a page by accident does no harm.
    #[default]
    Finish,
    /// It stops, and the database is as it was.
    Stop,
}

impl FromStr for OnDisconnect {
    type Err = &'static str;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        match word {
            "finish" => Ok(Self::Finish),
            "stop" => Ok(Self::Stop),
            _ => Err("it is neither finish nor stop"),
        }
    }
}

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
    /// What could not be restored, such as privileges of roles that do not exist here.
    pub warnings: Vec<String>,
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
struct ProgressReporter {
    /// The name of the log's events.
    action: Action,
    events: mpsc::Sender<RestoreEvent>,
}

impl ProgressReporter {
    fn progress(&self, percent: u8, message: impl Into<String>) {
        let message = message.into();
        tracing::info!(action = self.action.name(), percent, message);
        // Not awaited: a slow client loses progress events and does not slow the restore down.
        let _ = self.events.try_send(RestoreEvent::Progress { message, percent });
    }
}
