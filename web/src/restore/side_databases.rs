//! The databases that restores have left beside the live one.

use serde::Deserialize;

/// A database that a restore has left.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct SideDatabase {
    /// Its name.
    pub name: String,
    /// What it is.
    pub role: SideDatabaseKind,
    /// Since when (RFC 3339).
    pub since: String,
    /// Its size in bytes.
    pub bytes: u64,
}

/// What a database beside the live one is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub enum SideDatabaseKind {
    /// A restore fills it, or was broken off while it did.
    #[serde(rename = "shadow")]
    Staging,
    /// It was the live one before a restore.
    #[serde(rename = "before")]
    Previous,
    /// A restore had made it the live one, and was taken back.
    #[serde(rename = "undone")]
    RolledBack,
}

impl SideDatabaseKind {
    /// What it is, in words.
    #[must_use]
    pub fn description(self) -> &'static str {
        match self {
            Self::Staging => "a restore fills it, or was broken off",
            Self::Previous => "what a restore replaced",
            Self::RolledBack => "what was live until another was put back",
        }
    }

    /// Whether it is a whole database, which can be put back.
    #[must_use]
    pub fn is_whole(self) -> bool {
        self != Self::Staging
    }
}
