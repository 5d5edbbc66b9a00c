//! The options of a restore.

use api::restore::{RestoreMode, RestoreRequest};
use clap::ValueEnum;

/// The options of one restore.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RestoreOptions {
    pub mode: RestoreMode,
    /// Leaves out the rows of the hub's log, `message_request`.
    pub skip_logs: bool,
    /// Lets a clean restore remove tables of the live database that the dump lacks, and rows of tables that it has without rows.
    pub allow_missing_tables: bool,
}

impl From<RestoreRequest> for RestoreOptions {
    fn from(request: RestoreRequest) -> Self {
        Self {
            mode: match request.clean_first {
                true => RestoreMode::Clean,
                false => RestoreMode::Merge,
            },
            skip_logs: request.skip_logs,
            allow_missing_tables: request.allow_missing_tables,
        }
    }
}

/// Whether a restore goes on when its client disconnects.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum OnDisconnect {
    /// It goes on to its end and logs its outcome, so that closing a page by accident does no harm.
    #[default]
    Finish,
    /// It stops, and the database is as it was.
    Stop,
}
