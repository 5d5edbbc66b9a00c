//! What a clean-up of exports reports: why it ended early, and what it left.

use std::io;

use api::export_files::{ExportCleanup, FileFailure};

use super::files::FileError;
use crate::state::StateError;
use crate::storage::StorageError;

/// Rows that one statement changes, and files that are removed before the next one.
pub(super) const BATCH_ROWS: i64 = 500;

/// Failures that an answer names. There may be as many as files when the storage is away.
const FAILURES_MAX: usize = 100;

/// Why a clean-up ended early.
#[derive(Debug, thiserror::Error)]
pub enum CleanupError {
    #[error("another server cleans up the exports at this moment; see its log for the result")]
    Running,
    #[error(transparent)]
    State(#[from] StateError),
    #[error(transparent)]
    Storage(#[from] StorageError),
    #[error(transparent)]
    File(#[from] FileError),
    #[error("the storage's folder cannot be swept: {0}")]
    Sweep(#[source] io::Error),
}

impl From<sqlx::Error> for CleanupError {
    fn from(error: sqlx::Error) -> Self {
        Self::State(error.into())
    }
}

/// Notes what was left.
pub(super) fn fail(result: &mut ExportCleanup, id: String, reason: &impl ToString) {
    let reason = reason.to_string();
    tracing::warn!(id, reason, "the clean-up leaves a file of an export");
    if result.failed.len() < FAILURES_MAX {
        result.failed.push(FileFailure { id, reason });
    }
}

/// Returns the result as a sentence.
pub(super) fn message(result: &ExportCleanup, is_dry_run: bool) -> String {
    let files = result.deleted_files + result.orphan_files;
    let bytes = result.freed_bytes;
    let files = match files {
        1 => "1 file".to_owned(),
        files => format!("{files} files"),
    };
    match (is_dry_run, result.failed.len()) {
        (true, _) => format!("Would remove {files} ({bytes} bytes)"),
        (false, 0) => format!("Removed {files} ({bytes} bytes)"),
        (false, left) => format!("Removed {files} ({bytes} bytes); {left} were left for the next clean-up"),
    }
}
