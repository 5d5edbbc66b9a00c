//! Deliveries: files of background exports that leave by e-mail, and webhooks that hear of them.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Where the file of an export goes once it is complete.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct DeliveryRequest {
    /// At most 10 addresses. Each gets a message of its own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "openapi", schema(max_items = 10))]
    pub email: Vec<String>,
    /// An address with `https` that hears of the end of the export by `POST`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub webhook: Option<String>,
    /// The secret that signs requests to the webhook. Absent: that of the server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(min_length = 16, max_length = 256))]
    pub webhook_secret: Option<String>,
}

/// The recipients that a caller may name. A webhook is always possible.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct DeliveryLimits {
    /// Whether the server sends mail, and this caller may name an address.
    pub email: bool,
    /// The domains of these addresses; null: any.
    pub email_domains: Option<Vec<String>>,
    /// Whether a webhook needs a secret of its own, because the server has none.
    pub webhook_secret_required: bool,
}

/// A delivery of an export to one recipient.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct ExportDelivery {
    /// A UUID. A webhook gets it as `X-Decant-Delivery`.
    pub id: String,
    pub kind: DeliveryKind,
    /// An address of e-mail, or scheme and host of a webhook.
    pub target: String,
    pub status: DeliveryStatus,
    /// How often it was tried.
    pub attempts: u16,
    /// When it is tried next, if it waits.
    pub next_attempt_at: Option<Timestamp>,
    /// Why the last attempt failed, or why there is none.
    pub last_error: Option<String>,
    pub ended_at: Option<Timestamp>,
}

/// The way of a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum DeliveryKind {
    Email,
    Webhook,
}

impl DeliveryKind {
    pub const ALL: [Self; 2] = [Self::Email, Self::Webhook];

    /// Returns the word as in JSON.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Webhook => "webhook",
        }
    }
}

/// The state of a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum DeliveryStatus {
    /// The export has not ended.
    Waiting,
    /// It waits for its first or next attempt.
    Queued,
    Sending,
    Delivered,
    Failed,
    /// There is nothing to deliver any more, or the person has lost the right to it.
    Cancelled,
}

impl DeliveryStatus {
    /// Returns whether an attempt is still to come, or runs.
    #[must_use]
    pub fn is_open(self) -> bool {
        matches!(self, Self::Waiting | Self::Queued | Self::Sending)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_those_of_json() {
        for kind in DeliveryKind::ALL {
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.word());
        }
    }
}
