//! The meaning of a value: how pages and reports colour it.

use serde::{Deserialize, Serialize};

/// The meaning of a value, which a page shows by colour and sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum Tone {
    /// As it should be.
    Good,
    /// It is doubtful and needs attention.
    Warn,
    /// It is wrong or urgent.
    Bad,
    /// Neither good nor bad.
    Neutral,
}
