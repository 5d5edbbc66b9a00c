//! Alerts of background exports, for the operators of a server.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The trouble that an alert is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum AlertKind {
    /// At least three exports, and more than 20 % of those that ended, failed within `DECANT_ALERT_WINDOW_MINUTES`.
    Failures,
    /// An export waits for a worker for more than five minutes.
    Waiting,
    /// More than 90 % of the disk of the storage, or of an owner's quota, is used.
    Storage,
}

impl AlertKind {
    pub const ALL: [Self; 3] = [Self::Failures, Self::Waiting, Self::Storage];

    /// Returns the word as in JSON.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Failures => "failures",
            Self::Waiting => "waiting",
            Self::Storage => "storage",
        }
    }
}

/// Whether an alert has begun, or is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum AlertStatus {
    Began,
    Over,
}

impl AlertStatus {
    /// Returns the word as in JSON.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Began => "began",
            Self::Over => "over",
        }
    }
}

/// An alert that has begun, or is over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Alert {
    pub kind: AlertKind,
    pub status: AlertStatus,
    /// The trouble in words, with the numbers at its begin.
    pub message: String,
    /// The time at which a server noticed it.
    pub since: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_those_of_json() {
        for kind in AlertKind::ALL {
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.word());
        }
        for status in [AlertStatus::Began, AlertStatus::Over] {
            assert_eq!(serde_json::to_value(status).unwrap(), status.word());
        }
    }
}
