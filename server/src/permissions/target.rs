//! The exports that a question is about.

use api::exports::ExportType;
use api::workspaces::WorkspaceRole;

/// An export that is to be made, or was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExportTarget {
    pub kind: ExportType,
    /// A dataset, or a bundle.
    pub name: String,
    /// The datasets of a bundle. A row that names one of them counts for the bundle, too.
    pub parts: Vec<String>,
    /// The words of the formats that the file may have: one, or for raw rows all, because any file can be made of them.
    pub formats: Vec<String>,
    /// The caller's role in the workspace of the rows.
    pub workspace_role: Option<WorkspaceRole>,
}
