//! The databases that restores have left beside the live one.

use serde::Deserialize;

/// A database that a restore has left.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct KeptCopy {
    /// Its name.
    pub name: String,
    /// What it is.
    pub role: Role,
    /// Since when (RFC 3339).
    pub since: String,
    /// Its size in bytes.
    pub bytes: u64,
}

/// What a database beside the live one is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// A restore fills it, or was broken off while it did.
    Shadow,
    /// It was the live one before a restore.
    Before,
    /// A restore had made it the live one, and was taken back.
    Undone,
}

impl Role {
    /// What it is, in words.
    #[must_use]
    pub fn description(self) -> &'static str {
        match self {
            Self::Shadow => "a restore fills it, or was broken off",
            Self::Before => "what a restore replaced",
            Self::Undone => "what was live until another was put back",
        }
    }

    /// Whether it is a whole database, which can be put back.
    #[must_use]
    pub fn is_whole(self) -> bool {
        self != Self::Shadow
    }
}
