//! Why the file of an export cannot be had now.

use std::time::Duration;

/// The file of an export is not there, or not for this caller.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoFile {
    #[error("the export is not ready: its status is {status}; ask again in {} seconds", wait.as_secs())]
    NotReady { status: &'static str, wait: Duration },
    #[error("the time of the file is over, and it was removed; export again")]
    Expired,
    #[error("the export was cancelled, so it has no file; export again")]
    Cancelled,
    /// The recorded cause.
    #[error("the export has failed: {0}")]
    Failed(String),
    /// A clean-up marks the export.
    #[error("the file is missing from the storage; export again")]
    Missing,
}
