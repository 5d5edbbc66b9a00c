//! One attempt to send a delivery.

use api::deliveries::DeliveryKind;
use api::webhook_events::{DeliveryEvent, StoppedSchedule, WebhookEvent};
use futures_util::TryStreamExt;
use lettre::Address;
use secrecy::ExposeSecret;

use super::claim::Outcome;
use super::mail::{self, Attachment};
use super::message::{self, Letter, Way};
use super::webhook::{self, Target, WebhookRequest};
use crate::auth::Caller;
use crate::exports::ExportError;
use crate::exports::deliveries::Options;
use crate::exports::deliveries::destinations::{check_recipient, check_role};
use crate::exports::deliveries::record::DeliveryRecord;
use crate::exports::failure::{Failure, NO_LONGER_ALLOWED};
use crate::exports::file_access::NoFile;
use crate::exports::files::{ExportFiles, StoredExport};
use crate::exports::link_signature::LinkSigner;
use crate::exports::links::Links;
use crate::exports::plan::Planner;
use crate::exports::record::{ExportRecord, RecordedScope};
use crate::exports::schedules::ScheduleRecord;
use crate::exports::store::ExportStore;

/// Sends deliveries with the rights that their persons have now. Any number of attempts use one.
pub struct Sender {
    pub options: Options,
    pub store: ExportStore,
    pub planner: Planner,
    pub files: ExportFiles,
    pub links: Links,
    pub signer: LinkSigner,
}

/// Why an attempt ends before anything is sent.
struct Early(Outcome);

impl From<Failure> for Early {
    fn from(failure: Failure) -> Self {
        Self(match failure {
            Failure {
                is_retryable: true,
                message,
                ..
            } => Outcome::Retry(message),
            Failure { code, message, .. } if code == NO_LONGER_ALLOWED => Outcome::Cancelled(message),
            Failure { message, .. } => Outcome::Failed(message),
        })
    }
}

impl From<NoFile> for Early {
    fn from(error: NoFile) -> Self {
        Self(Outcome::Cancelled(error.to_string()))
    }
}

impl From<ExportError> for Early {
    fn from(error: ExportError) -> Self {
        Self(match error {
            ExportError::Unknown(_)
            | ExportError::UnknownSchedule(_)
            | ExportError::NoMail
            | ExportError::Recipient => Outcome::Cancelled(error.to_string()),
            error => Outcome::Retry(error.to_string()),
        })
    }
}

impl Sender {
    /// Makes one attempt, and returns how it ended.
    pub(super) async fn send(&self, delivery: &DeliveryRecord) -> Outcome {
        match self.attempt(delivery).await {
            Ok(outcome) | Err(Early(outcome)) => outcome,
        }
    }

    async fn attempt(&self, delivery: &DeliveryRecord) -> Result<Outcome, Early> {
        if let Some(alert) = &delivery.alert {
            let body = WebhookEvent {
                alert: Some(alert.clone()),
                ..WebhookEvent::new(DeliveryEvent::Alert)
            };
            return Ok(self.post(delivery, &body).await);
        }
        if let Some(schedule) = delivery.schedule_id {
            let schedule = self.store.find_schedule(&schedule.to_string()).await?;
            return self.send_stop(delivery, &schedule).await;
        }
        let export = delivery.export_id.unwrap_or_default();
        let record = self.store.find(&export.to_string()).await?;
        match delivery.event {
            Some(DeliveryEvent::Completed) => self.send_file(delivery, &record).await,
            _ => self.send_failure(delivery, &record).await,
        }
    }

    /// Sends a file, or a link to it, with the right that its person has now.
    async fn send_file(&self, delivery: &DeliveryRecord, record: &ExportRecord) -> Result<Outcome, Early> {
        let stored = record.stored_file()?;
        let caller = self.planner.present_person(record).await?;
        let scope = RecordedScope::new(&caller.scope(), &caller);
        check_role(&scope, &caller).map_err(Failure::from)?;
        match delivery.kind {
            DeliveryKind::Webhook => {
                let link = self.link(record, &stored, &caller).await?;
                let body = WebhookEvent {
                    export: Some(record.to_export(None)),
                    link,
                    ..WebhookEvent::new(DeliveryEvent::Completed)
                };
                Ok(self.post(delivery, &body).await)
            }
            DeliveryKind::Email => self.mail_file(delivery, record, &stored, &caller).await,
        }
    }

    async fn mail_file(
        &self,
        delivery: &DeliveryRecord,
        record: &ExportRecord,
        stored: &StoredExport,
        caller: &Caller,
    ) -> Result<Outcome, Early> {
        let mail = self.options.mail.as_ref().ok_or(ExportError::NoMail)?;
        let address = address(delivery)?;
        check_recipient(&address, caller, &self.options)?;
        let stays_encrypted = self.files.stays_encrypted(stored);
        let name = record.download_name(stays_encrypted);
        if stored.bytes > mail.attachment_max {
            let link = self.link(record, stored, caller).await?;
            let letter = message::completed(record, &name, Way::Link(link.as_deref()));
            return Ok(mail::send(mail, &address, delivery.id, letter, None).await);
        }
        let pieces = self.files.read(stored, None).await.map_err(Failure::from)?;
        let content = pieces.try_fold(Vec::new(), |mut content, piece| {
            content.extend_from_slice(&piece);
            std::future::ready(Ok(content))
        });
        // The check of the hash is part of the reading.
        let content = content
            .await
            .map_err(|error| Early(Outcome::Retry(format!("The stored file cannot be read: {error}"))))?;
        let letter = message::completed(record, &name, Way::Attached);
        let attachment = Attachment {
            name,
            media_type: record.media_type(stays_encrypted),
            content,
        };
        Ok(mail::send(mail, &address, delivery.id, letter, Some(attachment)).await)
    }

    async fn send_failure(&self, delivery: &DeliveryRecord, record: &ExportRecord) -> Result<Outcome, Early> {
        match delivery.kind {
            DeliveryKind::Webhook => {
                let body = WebhookEvent {
                    export: Some(record.to_export(None)),
                    ..WebhookEvent::new(DeliveryEvent::Failed)
                };
                Ok(self.post(delivery, &body).await)
            }
            DeliveryKind::Email => self.mail_letter(delivery, message::failed(record)).await,
        }
    }

    async fn send_stop(
        &self,
        delivery: &DeliveryRecord,
        schedule: &ScheduleRecord,
    ) -> Result<Outcome, Early> {
        let stopped = StoppedSchedule {
            id: schedule.id.unsigned_abs(),
            name: schedule.name.clone(),
            dataset: schedule.dataset.clone(),
            failures: schedule.failure_count,
            last_error: schedule.last_error.clone(),
        };
        match delivery.kind {
            DeliveryKind::Webhook => {
                let body = WebhookEvent {
                    schedule: Some(stopped),
                    ..WebhookEvent::new(DeliveryEvent::ScheduleStopped)
                };
                Ok(self.post(delivery, &body).await)
            }
            DeliveryKind::Email => self.mail_letter(delivery, message::stopped(&stopped)).await,
        }
    }

    async fn mail_letter(&self, delivery: &DeliveryRecord, letter: Letter) -> Result<Outcome, Early> {
        let mail = self.options.mail.as_ref().ok_or(ExportError::NoMail)?;
        let address = address(delivery)?;
        Ok(mail::send(mail, &address, delivery.id, letter, None).await)
    }

    async fn post(&self, delivery: &DeliveryRecord, body: &WebhookEvent) -> Outcome {
        let own = delivery.secret.as_ref().map(|secret| secret.0.as_str());
        let of_server = self.options.webhook_secret.as_ref();
        let Some(secret) = own.or(of_server.map(ExposeSecret::expose_secret)) else {
            return Outcome::Failed(
                "The server has no secret for webhooks any more (DECANT_WEBHOOK_SECRET)".to_owned(),
            );
        };
        let request = WebhookRequest {
            delivery: delivery.id,
            event: body.event,
            target: match delivery.alert {
                Some(_) => Target::OfOperator(&delivery.target),
                None => Target::OfPerson(&delivery.target),
            },
            secret,
            // Its keys are texts, so it can be written.
            body: serde_json::to_string(body).unwrap_or_default(),
        };
        webhook::send(&request, &self.options).await
    }
}

/// Returns the recipient of a mail.
fn address(delivery: &DeliveryRecord) -> Result<Address, Early> {
    let address = delivery.target.parse();
    address.map_err(|error| Early(Outcome::Failed(format!("The address is none of e-mail: {error}"))))
}
