//! An export as permissions see it.

use super::record::ExportRecord;
use crate::auth::{Caller, Membership};
use crate::datasets::Catalog;
use crate::permissions::ExportTarget;

impl ExportRecord {
    /// Returns what permissions decide about. The caller is within the workspace of the export, if it is of one.
    #[must_use]
    pub fn target(&self, catalog: &Catalog, caller: &Caller) -> ExportTarget {
        ExportTarget {
            kind: self.export_type,
            name: self.dataset.clone(),
            parts: catalog.parts_of(&self.dataset),
            formats: vec![self.format.clone()],
            workspace_role: caller.membership().map(Membership::role),
        }
    }
}
