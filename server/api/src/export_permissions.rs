//! Permissions: they limit exports of people and roles.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::login::Role;
use crate::workspaces::WorkspaceRole;

crate::examples! {
    ExportPermissionRequest = "export_permission_request",
    ExportPermissionAnswer = "export_permission_answer",
    ExportPermissionList = "export_permission_list",
}

/// Any type, dataset or format.
pub const ANY: &str = "*";

/// A role that a permission is for: of Decant, or in a workspace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum PermissionRole {
    #[serde(rename = "admin")]
    Administrator,
    #[serde(rename = "user")]
    User,
    #[serde(rename = "OWNER")]
    WorkspaceOwner,
    #[serde(rename = "ADMIN")]
    WorkspaceAdmin,
    #[serde(rename = "MEMBER")]
    WorkspaceMember,
}

impl PermissionRole {
    pub const ALL: [Self; 5] = [
        Self::Administrator,
        Self::User,
        Self::WorkspaceOwner,
        Self::WorkspaceAdmin,
        Self::WorkspaceMember,
    ];

    /// Returns the word as in JSON.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Administrator => "admin",
            Self::User => "user",
            Self::WorkspaceOwner => WorkspaceRole::Owner.name(),
            Self::WorkspaceAdmin => WorkspaceRole::Admin.name(),
            Self::WorkspaceMember => WorkspaceRole::Member.name(),
        }
    }

    /// Returns the role with this word, if there is one.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.word() == word)
    }
}

impl From<Role> for PermissionRole {
    fn from(role: Role) -> Self {
        match role {
            Role::Admin => Self::Administrator,
            Role::User => Self::User,
        }
    }
}

impl From<WorkspaceRole> for PermissionRole {
    fn from(role: WorkspaceRole) -> Self {
        match role {
            WorkspaceRole::Owner => Self::WorkspaceOwner,
            WorkspaceRole::Admin => Self::WorkspaceAdmin,
            WorkspaceRole::Member => Self::WorkspaceMember,
        }
    }
}

/// A permission of a person or a role for some exports. A member that is null decides nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct ExportPermissionRequest {
    /// A person: `hub:` with the id of a user of the hub, `jwt:` with the claim `sub` of a token, or `token:admin`. Give either this or
    /// `role`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<PermissionRole>,
    /// `dataset`, `user_data`, `bulk_data`, `conversations`, `report`, or `*` for any.
    #[serde(default = "any")]
    pub export_type: String,
    /// The name of a dataset or a bundle, or `*` for any.
    #[serde(default = "any")]
    pub dataset: String,
    /// The word of a format, or `*` for any.
    #[serde(default = "any")]
    pub format: String,
    /// Export, directly or in the background.
    #[serde(default)]
    pub can_create: Option<bool>,
    /// Download stored files, and make and use links to them.
    #[serde(default)]
    pub can_download: Option<bool>,
    /// See the messages of an export.
    #[serde(default)]
    pub can_view_logs: Option<bool>,
    /// Cancel, repeat, verify and delete exports of others, and withdraw links to them.
    #[serde(default)]
    pub can_manage: Option<bool>,
    #[serde(default)]
    pub can_schedule: Option<bool>,
    #[serde(default)]
    pub can_deliver: Option<bool>,
    /// The greatest number of rows of one export.
    #[serde(default)]
    pub rows_max: Option<u64>,
    /// When it ends; null: never.
    #[serde(default)]
    pub expires_at: Option<Timestamp>,
}

fn any() -> String {
    ANY.to_owned()
}

/// A permission that was given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct ExportPermission {
    pub id: u64,
    /// The person, or null for a role.
    pub subject: Option<String>,
    pub role: Option<PermissionRole>,
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
    /// The name of the administrator who gave it last.
    pub granted_by: String,
    pub granted_at: Timestamp,
    pub expires_at: Option<Timestamp>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ExportPermissionAnswer {
    pub permission: ExportPermission,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ExportPermissionList {
    /// Those of roles first, then those of persons.
    pub permissions: Vec<ExportPermission>,
    /// How many there are, also beyond the limit of the request.
    pub total: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_those_of_json() {
        for role in PermissionRole::ALL {
            assert_eq!(serde_json::to_value(role).unwrap(), role.word());
            assert_eq!(PermissionRole::from_word(role.word()), Some(role));
        }
        assert_eq!(PermissionRole::from_word("owner"), None);
    }
}
