//! The stored files of a workspace, as `/api/workspaces/{id}/storage` gives them.

use serde::Deserialize;

/// Sizes in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub struct WorkspaceStorage {
    pub used: u64,
    /// `None`: any number of bytes.
    pub quota: Option<u64>,
}
