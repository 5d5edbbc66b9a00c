//! Workspaces: groups of a site's users who share rows.

use serde::{Deserialize, Serialize};

crate::examples! {
    Workspaces = "workspaces",
}

/// The role of a user in a workspace. A greater role may do all that a lesser one may.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "UPPERCASE")]
pub enum WorkspaceRole {
    #[default]
    Member,
    Admin,
    Owner,
}

impl WorkspaceRole {
    const ALL: [Self; 3] = [Self::Member, Self::Admin, Self::Owner];

    /// Returns the role with this name, if there is one.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.name() == name)
    }

    /// Returns the name as in JSON.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Member => "MEMBER",
            Self::Admin => "ADMIN",
            Self::Owner => "OWNER",
        }
    }
}

/// The workspaces of the caller; of an administrator, all of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Workspaces {
    /// In the order of the site's list, at most 1,000.
    pub workspaces: Vec<Workspace>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Workspace {
    /// The value of the query parameter `workspace`.
    pub id: String,
    pub name: String,
    /// A short name for addresses and files; null where the site has none.
    pub slug: Option<String>,
    /// The caller's role; `OWNER` for an administrator.
    pub role: WorkspaceRole,
}

/// A workspace of the caller, as `/api/me` names it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Membership {
    /// The value of the query parameter `workspace`.
    pub id: String,
    pub name: String,
    pub role: WorkspaceRole,
}

impl From<Workspace> for Membership {
    fn from(Workspace { id, name, role, .. }: Workspace) -> Self {
        Self { id, name, role }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_greater_role_is_greater() {
        assert!(WorkspaceRole::Owner > WorkspaceRole::Admin && WorkspaceRole::Admin > WorkspaceRole::Member);
        assert_eq!(WorkspaceRole::from_name("ADMIN"), Some(WorkspaceRole::Admin));
        for name in ["admin", "", "VIEWER"] {
            assert_eq!(WorkspaceRole::from_name(name), None, "{name}");
        }
    }
}
