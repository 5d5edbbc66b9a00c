//! The membership of a caller in a workspace.

use api::workspaces::WorkspaceRole;

/// A workspace that a caller may enter, and their role there. Only a look-up in the site's tables makes one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Membership {
    workspace: String,
    role: WorkspaceRole,
}

impl Membership {
    pub(crate) fn new(workspace: String, role: WorkspaceRole) -> Self {
        Self { workspace, role }
    }

    /// Returns the id of the workspace, as PostgreSQL writes it.
    #[must_use]
    pub fn workspace(&self) -> &str {
        &self.workspace
    }

    #[must_use]
    pub fn role(&self) -> WorkspaceRole {
        self.role
    }
}
