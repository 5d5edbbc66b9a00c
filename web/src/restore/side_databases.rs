//! Databases that restores have left beside the live one.

use serde::Deserialize;

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct SideDatabase {
    pub name: String,
    pub role: SideDatabaseKind,
    pub since: String,
    pub bytes: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub enum SideDatabaseKind {
    #[serde(rename = "shadow")]
    Staging,
    #[serde(rename = "before")]
    Previous,
    #[serde(rename = "undone")]
    RolledBack,
}

impl SideDatabaseKind {
    pub fn description(self) -> &'static str {
        match self {
            Self::Staging => "staging database of a running or interrupted restore",
            Self::Previous => "replaced by a restore",
            Self::RolledBack => "replaced by a roll-back",
        }
    }

    /// Returns whether it can become the live database again.
    pub fn is_whole(self) -> bool {
        self != Self::Staging
    }
}
