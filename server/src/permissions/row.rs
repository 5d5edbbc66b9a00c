//! A row of the table.

use api::export_permissions::{ExportPermission, PermissionRole};
use jiff::Timestamp;
use serde::Deserialize;

/// A row of `decant.export_permissions`, as PostgreSQL's `row_to_json` writes it.
#[derive(Clone, Debug, Deserialize)]
pub struct PermissionRow {
    pub id: u64,
    pub subject: Option<String>,
    pub role: Option<PermissionRole>,
    /// `*` in this and the next two is any.
    pub export_type: String,
    pub dataset: String,
    pub format: String,
    pub can_create: Option<bool>,
    pub can_download: Option<bool>,
    pub can_view_logs: Option<bool>,
    pub can_manage: Option<bool>,
    pub can_schedule: Option<bool>,
    pub can_deliver: Option<bool>,
    pub rows_max: Option<u64>,
    pub granted_by: String,
    pub granted_at: Timestamp,
    pub expires_at: Option<Timestamp>,
}

impl PermissionRow {
    /// Returns the person or the role, for records.
    #[must_use]
    pub fn holder(&self) -> &str {
        let role = self.role.map(PermissionRole::word);
        self.subject.as_deref().or(role).unwrap_or_default()
    }
}

impl From<PermissionRow> for ExportPermission {
    fn from(row: PermissionRow) -> Self {
        Self {
            id: row.id,
            subject: row.subject,
            role: row.role,
            export_type: row.export_type,
            dataset: row.dataset,
            format: row.format,
            can_create: row.can_create,
            can_download: row.can_download,
            can_view_logs: row.can_view_logs,
            can_manage: row.can_manage,
            can_schedule: row.can_schedule,
            can_deliver: row.can_deliver,
            rows_max: row.rows_max,
            granted_by: row.granted_by,
            granted_at: row.granted_at,
            expires_at: row.expires_at,
        }
    }
}
