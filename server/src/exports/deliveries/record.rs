//! A delivery as it is recorded, and as callers see it.

use api::alerts::Alert;
use api::deliveries::{DeliveryKind, DeliveryStatus, ExportDelivery};
use api::webhook_events::DeliveryEvent;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::destinations::public_target;
use super::signing_secret::SigningSecret;

/// A row of `decant.export_deliveries` that is to be recorded.
#[derive(Clone, Debug, Serialize)]
pub(super) struct NewDelivery {
    pub id: Uuid,
    pub export_id: Option<Uuid>,
    pub schedule_id: Option<i64>,
    pub alert: Option<Alert>,
    pub kind: DeliveryKind,
    pub target: String,
    pub secret: Option<SigningSecret>,
    pub on_failure: bool,
    pub event: Option<DeliveryEvent>,
    pub status: DeliveryStatus,
}

/// A row of `decant.export_deliveries`, as PostgreSQL's `row_to_json` writes it.
#[derive(Clone, Debug, Deserialize)]
pub struct DeliveryRecord {
    pub id: Uuid,
    pub export_id: Option<Uuid>,
    pub schedule_id: Option<i64>,
    pub alert: Option<Alert>,
    pub kind: DeliveryKind,
    pub target: String,
    pub secret: Option<SigningSecret>,
    pub event: Option<DeliveryEvent>,
    pub status: DeliveryStatus,
    pub attempts: u16,
    pub not_before: Timestamp,
    pub lease_fence: i64,
    pub last_error: Option<String>,
    pub created_at: Timestamp,
    pub ended_at: Option<Timestamp>,
}

impl DeliveryRecord {
    /// Returns the recipient without what may be secret: of a webhook, scheme and host.
    #[must_use]
    pub fn public_target(&self) -> String {
        match self.kind {
            DeliveryKind::Email => self.target.clone(),
            DeliveryKind::Webhook => public_target(&self.target),
        }
    }

    /// Returns it for a caller.
    #[must_use]
    pub fn to_delivery(&self) -> ExportDelivery {
        ExportDelivery {
            id: self.id.to_string(),
            kind: self.kind,
            target: self.public_target(),
            status: self.status,
            attempts: self.attempts,
            next_attempt_at: (self.status == DeliveryStatus::Queued).then_some(self.not_before),
            last_error: self.last_error.clone(),
            ended_at: self.ended_at,
        }
    }
}
