//! Signing in, and the current caller.

use serde::{Deserialize, Serialize};

use crate::exports::ExportLimits;
use crate::workspaces::Membership;

crate::examples! {
    SignIn = "sign_in",
    Caller = "caller",
    EndSessions = "end_sessions",
}

/// A credential. It has no `Debug`, so that no log can hold it.
#[derive(Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct SignIn {
    /// The administrator's token, or a key of the hub.
    pub token: String,
}

/// The sessions to end.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct EndSessions {
    /// `hub:` with the id of a user of the hub, or `token:admin` for the sessions of the administrator's token. Absent: the
    /// sessions of everybody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
}

/// A caller whose credential was verified.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Caller {
    pub name: String,
    pub role: Role,
    /// `users.id` in the hub; absent for an administrator who is not a user of the hub.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_id: Option<i64>,
    /// The workspaces of the caller; of an administrator, all of them. At most 1,000.
    #[serde(default)]
    pub workspaces: Vec<Membership>,
    /// The limits of the caller's exports, as `/api/exports/limits` shows them. Absent while there is no state database, or none that answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limits: Option<ExportLimits>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// May see all rows and use the administrators' operations.
    Admin,
    /// Sees only rows of this user.
    User,
}
