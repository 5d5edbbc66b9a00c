//! The requests that webhooks get.

use serde::{Deserialize, Serialize};

use crate::alerts::Alert;
use crate::exports::Export;

crate::examples! {
    WebhookEvent = "webhook_event",
}

/// The event that a webhook or a mail is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum DeliveryEvent {
    #[serde(rename = "export.completed")]
    Completed,
    #[serde(rename = "export.failed")]
    Failed,
    /// A schedule has failed too often in a row.
    #[serde(rename = "schedule.stopped")]
    ScheduleStopped,
    /// An alert for operators has begun, or is over.
    #[serde(rename = "export.alert")]
    Alert,
}

impl DeliveryEvent {
    /// Returns the word as in JSON.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Completed => "export.completed",
            Self::Failed => "export.failed",
            Self::ScheduleStopped => "schedule.stopped",
            Self::Alert => "export.alert",
        }
    }
}

/// The body of a request to a webhook.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WebhookEvent {
    pub event: DeliveryEvent,
    /// Absent where the event is of a schedule, or an alert.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub export: Option<Export>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schedule: Option<StoppedSchedule>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alert: Option<Alert>,
    /// An address of the file that needs no other credential; null without a file, or where the server has no public address.
    pub link: Option<String>,
}

impl WebhookEvent {
    /// Returns an event that is about nothing yet.
    #[must_use]
    pub fn new(event: DeliveryEvent) -> Self {
        Self {
            event,
            export: None,
            schedule: None,
            alert: None,
            link: None,
        }
    }
}

/// A schedule that has failed too often in a row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct StoppedSchedule {
    pub id: u64,
    pub name: String,
    pub dataset: String,
    /// The number of failures in a row.
    pub failures: u32,
    pub last_error: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_those_of_json() {
        let events = [
            DeliveryEvent::Completed,
            DeliveryEvent::Failed,
            DeliveryEvent::ScheduleStopped,
            DeliveryEvent::Alert,
        ];
        for event in events {
            assert_eq!(serde_json::to_value(event).unwrap(), event.word());
        }
    }
}
