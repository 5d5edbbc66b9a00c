//! A permission for exports as its form holds it, before it is sent.

use api::Timestamp;
use api::export_permissions::{ANY, ExportPermission, ExportPermissionRequest, PermissionRole};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PermissionRight {
    Create,
    Download,
    ViewLogs,
    Manage,
    Schedule,
    Deliver,
}

impl PermissionRight {
    pub const ALL: [Self; 6] = [
        Self::Create,
        Self::Download,
        Self::ViewLogs,
        Self::Manage,
        Self::Schedule,
        Self::Deliver,
    ];

    /// Returns whether a permission allows it; `None` if that is not said.
    pub fn of(self, permission: &ExportPermission) -> Option<bool> {
        match self {
            Self::Create => permission.can_create,
            Self::Download => permission.can_download,
            Self::ViewLogs => permission.can_view_logs,
            Self::Manage => permission.can_manage,
            Self::Schedule => permission.can_schedule,
            Self::Deliver => permission.can_deliver,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PermissionDraft {
    /// `None`: it is for a person.
    pub role: Option<PermissionRole>,
    /// The person: `hub:7`, `jwt:…` or `token:admin`.
    pub subject: String,
    pub export_type: String,
    pub dataset: String,
    pub format: String,
    /// In the order of [`PermissionRight::ALL`].
    pub rights: [Option<bool>; 6],
    /// The greatest number of rows of one export. Empty: no limit.
    pub rows_max: String,
    /// `2026-02-01T02:00`, by the clock of the browser. Empty: it has no end.
    pub until: String,
}

impl Default for PermissionDraft {
    fn default() -> Self {
        let any = || ANY.to_owned();
        Self {
            role: Some(PermissionRole::User),
            subject: String::new(),
            export_type: any(),
            dataset: any(),
            format: any(),
            rights: [None; 6],
            rows_max: String::new(),
            until: String::new(),
        }
    }
}

impl PermissionDraft {
    /// `wall` formats a time by the clock of the browser.
    pub fn of_permission(permission: &ExportPermission, wall: impl Fn(Timestamp) -> String) -> Self {
        Self {
            role: permission.role,
            subject: permission.subject.clone().unwrap_or_default(),
            export_type: permission.export_type.clone(),
            dataset: permission.dataset.clone(),
            format: permission.format.clone(),
            rights: PermissionRight::ALL.map(|right| right.of(permission)),
            rows_max: permission
                .rows_max
                .map(|rows| rows.to_string())
                .unwrap_or_default(),
            until: permission.expires_at.map(wall).unwrap_or_default(),
        }
    }

    /// Returns what the visitor has still to fill in.
    pub fn obstacle(&self) -> Option<&'static str> {
        let rows = self.rows_max.trim();
        if self.role.is_none() && self.subject.trim().is_empty() {
            return Some("Type the person.");
        }
        if !rows.is_empty() && self.rows().is_none() {
            return Some("The greatest number of rows is a whole number.");
        }
        let decides = self.rights.iter().any(Option::is_some) || self.rows().is_some();
        (!decides).then_some("Allow or refuse something, or limit the rows.")
    }

    /// Returns the permission. `expires_at` is the time of [`Self::until`].
    pub fn request(&self, expires_at: Option<Timestamp>) -> ExportPermissionRequest {
        let [
            can_create,
            can_download,
            can_view_logs,
            can_manage,
            can_schedule,
            can_deliver,
        ] = self.rights;
        ExportPermissionRequest {
            subject: self.role.is_none().then(|| self.subject.trim().to_owned()),
            role: self.role,
            export_type: self.export_type.clone(),
            dataset: self.dataset.clone(),
            format: self.format.clone(),
            can_create,
            can_download,
            can_view_logs,
            can_manage,
            can_schedule,
            can_deliver,
            rows_max: self.rows(),
            expires_at,
        }
    }

    /// A number may have separators, as the page shows it.
    fn rows(&self) -> Option<u64> {
        self.rows_max.trim().replace(',', "").parse().ok()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_form_sends_what_a_permission_has() {
        let example = include_str!("../../server/api/examples/export_permission_answer.json");
        let example: api::export_permissions::ExportPermissionAnswer = serde_json::from_str(example).unwrap();
        let permission = example.permission;
        let draft = PermissionDraft::of_permission(&permission, |time| time.to_string());
        let sent = draft.request(permission.expires_at);
        assert_eq!((sent.subject, sent.role), (permission.subject, permission.role));
        assert_eq!(
            (sent.export_type, sent.dataset, sent.format),
            (permission.export_type, permission.dataset, permission.format)
        );
        assert_eq!(
            (sent.can_create, sent.can_download, sent.can_view_logs),
            (
                permission.can_create,
                permission.can_download,
                permission.can_view_logs
            )
        );
        assert_eq!(
            (sent.can_manage, sent.can_schedule, sent.can_deliver),
            (
                permission.can_manage,
                permission.can_schedule,
                permission.can_deliver
            )
        );
        assert_eq!(
            (sent.rows_max, sent.expires_at),
            (permission.rows_max, permission.expires_at)
        );
    }

    #[test]
    fn a_permission_decides_something_for_somebody() {
        let nothing = PermissionDraft::default();
        assert!(nothing.obstacle().is_some());
        let rows = PermissionDraft {
            rows_max: "10,000".to_owned(),
            ..nothing.clone()
        };
        assert_eq!(rows.obstacle(), None);
        assert_eq!(rows.request(None).rows_max, Some(10_000));
        let nobody = PermissionDraft {
            role: None,
            ..rows.clone()
        };
        assert!(nobody.obstacle().is_some());
        let person = PermissionDraft {
            subject: " hub:7 ".to_owned(),
            ..nobody
        };
        let sent = serde_json::to_value(person.request(None)).unwrap();
        assert_eq!((&sent["subject"], sent.get("role")), (&json!("hub:7"), None));
        let words = PermissionDraft {
            rows_max: "few".to_owned(),
            ..rows
        };
        assert!(words.obstacle().is_some());
    }
}
