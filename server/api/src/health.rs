//! Whether Decant can work.

use serde::{Deserialize, Serialize};

use crate::data_exports::QueueFigures;

crate::examples! {
    Readiness = "readiness",
}

/// Whether Decant can work, and each part that it needs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Readiness {
    pub status: ReadinessStatus,
    pub checks: Vec<ReadinessCheck>,
    /// The background exports of all processes with the same state database; null while it is off or away.
    pub queue: Option<QueueFigures>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub enum ReadinessStatus {
    Ready,
    /// A part failed without which some functions are away.
    Degraded,
    /// The exported database does not answer.
    Down,
}

/// A part that was checked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct ReadinessCheck {
    pub name: ReadinessPart,
    pub status: CheckStatus,
    /// The consequence of a failure or an absence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub enum ReadinessPart {
    /// The database that is exported, of the setting DSN.
    Database,
    StateDatabase,
    Redis,
    Storage,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub enum CheckStatus {
    Good,
    Failed,
    /// No setting asks for it.
    Off,
}
