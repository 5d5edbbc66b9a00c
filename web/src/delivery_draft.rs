//! The recipients of a file as a form holds them, before they are sent.

use api::deliveries::DeliveryRequest;
use api::exports::ExportRequest;
use api::schedules::{Schedule, ScheduleChange, ScheduleRequest};
use serde_json::Value;

/// A field of the form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeliveryField {
    Email,
    Notify,
    Webhook,
    Secret,
}

impl DeliveryField {
    /// Returns the field that a problem of the server names, if it is one of these.
    pub fn from_member(member: &str) -> Option<Self> {
        match member {
            "delivery.email" => Some(Self::Email),
            "notify" => Some(Self::Notify),
            "delivery.webhook" => Some(Self::Webhook),
            "delivery.webhookSecret" => Some(Self::Secret),
            _ => None,
        }
    }

    pub fn label(self) -> &'static str {
        match self {
            Self::Email => "E-mail to",
            Self::Notify => "Mail a failure, too",
            Self::Webhook => "Webhook",
            Self::Secret => "Signing secret",
        }
    }
}

/// Returns the words of the server with the label of the field in the place of the member's name.
pub fn with_label(detail: &str, member: &str, field: DeliveryField) -> String {
    detail.replace(&format!("`{member}`"), &format!("“{}”", field.label()))
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeliveryDraft {
    /// Addresses with commas, semicolons or spaces between them.
    pub email: String,
    /// Whether the addresses hear of a failure, too.
    pub notify: bool,
    pub webhook: String,
    /// Empty: that of the server.
    pub secret: String,
    /// The webhook of a schedule that is changed, as far as it is shown. The rest of its address may be secret.
    pub before: Option<String>,
}

impl DeliveryDraft {
    /// Returns the recipients of a schedule as the form begins with them.
    pub fn of_schedule(schedule: &Schedule) -> Self {
        let delivery = &schedule.parameters["delivery"];
        let email = delivery["email"].as_array().into_iter().flatten();
        let email = email.filter_map(Value::as_str).collect::<Vec<_>>();
        Self {
            email: email.join(", "),
            notify: schedule.parameters["notify"] == true,
            before: delivery["webhook"].as_str().map(str::to_owned),
            ..Self::default()
        }
    }

    pub fn has_email(&self) -> bool {
        self.addresses().next().is_some()
    }

    pub fn has_webhook(&self) -> bool {
        !self.webhook.trim().is_empty()
    }

    pub fn has_recipients(&self) -> bool {
        self.has_email() || self.has_webhook()
    }

    /// Returns an export whose file goes to these recipients.
    pub fn add_to_export(&self, export: ExportRequest) -> ExportRequest {
        ExportRequest {
            delivery: self.delivery(),
            notify: self.notify(),
            ..export
        }
    }

    /// Returns a schedule whose files go to these recipients.
    pub fn add_to_schedule(&self, schedule: ScheduleRequest) -> ScheduleRequest {
        ScheduleRequest {
            delivery: self.delivery(),
            notify: self.notify(),
            ..schedule
        }
    }

    /// Adds the recipients to a change, if they differ from an earlier draft. They replace all.
    pub fn add_to_change(&self, change: ScheduleChange, before: &Self) -> ScheduleChange {
        if self == before {
            return change;
        }
        ScheduleChange {
            delivery: Some(self.delivery().unwrap_or_default()),
            notify: self.notify(),
            ..change
        }
    }

    fn delivery(&self) -> Option<DeliveryRequest> {
        self.has_recipients().then(|| DeliveryRequest {
            email: self.addresses().map(str::to_owned).collect(),
            webhook: given(&self.webhook),
            // A secret that was typed before the address was deleted is not sent.
            webhook_secret: given(&self.secret).filter(|_| self.has_webhook()),
        })
    }

    fn notify(&self) -> Option<bool> {
        (self.notify && self.has_email()).then_some(true)
    }

    fn addresses(&self) -> impl Iterator<Item = &str> {
        let parts = self
            .email
            .split(|letter: char| matches!(letter, ',' | ';') || letter.is_whitespace());
        parts.filter(|part| !part.is_empty())
    }
}

fn given(text: &str) -> Option<String> {
    Some(text.trim().to_owned()).filter(|text| !text.is_empty())
}

/// Returns the recipients in the parameters of an export or a schedule, as they are shown.
pub fn recipients(parameters: &Value) -> Vec<String> {
    let delivery = &parameters["delivery"];
    let email = delivery["email"].as_array().into_iter().flatten();
    let all = email.chain([&delivery["webhook"]]);
    all.filter_map(|recipient| recipient.as_str().map(str::to_owned))
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn sent(draft: &DeliveryDraft) -> Value {
        let export = draft.add_to_export(ExportRequest::default());
        json!([export.delivery, export.notify])
    }

    #[test]
    fn only_what_was_filled_in_is_sent() {
        assert_eq!(sent(&DeliveryDraft::default()), json!([null, null]));
        let without_recipients = DeliveryDraft {
            email: " , ; ".to_owned(),
            secret: "a-secret-of-a-webhook".to_owned(),
            notify: true,
            ..DeliveryDraft::default()
        };
        assert_eq!(sent(&without_recipients), json!([null, null]));
        let by_mail = DeliveryDraft {
            email: "alice@example.com, bob@example.com;carol@example.com".to_owned(),
            ..without_recipients
        };
        let addresses = ["alice@example.com", "bob@example.com", "carol@example.com"];
        assert_eq!(sent(&by_mail), json!([{ "email": addresses }, true]));
        let webhook = DeliveryDraft {
            email: String::new(),
            webhook: " https://hooks.example.com/a ".to_owned(),
            ..by_mail
        };
        let delivery =
            json!({ "webhook": "https://hooks.example.com/a", "webhookSecret": "a-secret-of-a-webhook" });
        assert_eq!(sent(&webhook), json!([delivery, null]));
    }

    #[test]
    fn a_problem_names_the_label_of_its_field() {
        let member = "delivery.webhookSecret";
        let field = DeliveryField::from_member(member).unwrap();
        assert_eq!(
            with_label("`delivery.webhookSecret` is missing.", member, field),
            "“Signing secret” is missing."
        );
        assert_eq!(DeliveryField::from_member("delivery"), None);
    }

    #[test]
    fn a_change_replaces_all_recipients() {
        let example = include_str!("../../server/api/examples/schedule_answer.json");
        let example: api::schedules::ScheduleAnswer = serde_json::from_str(example).unwrap();
        let schedule = Schedule {
            parameters: json!({ "delivery": { "email": ["a@example.com"], "webhook": "https://b.example/…" }, "notify": true }),
            ..example.schedule
        };
        let before = DeliveryDraft::of_schedule(&schedule);
        assert_eq!(before.email, "a@example.com");
        assert_eq!(before.before.as_deref(), Some("https://b.example/…"));
        let change = |now: &DeliveryDraft| {
            let change = now.add_to_change(ScheduleChange::default(), &before);
            serde_json::to_value(change).unwrap()
        };
        assert_eq!(change(&before), json!({}));
        let none = DeliveryDraft {
            email: String::new(),
            ..before.clone()
        };
        assert_eq!(change(&none), json!({ "delivery": {} }));
        let other = DeliveryDraft {
            webhook: "https://b.example/c".to_owned(),
            ..before.clone()
        };
        let delivery = json!({ "email": ["a@example.com"], "webhook": "https://b.example/c" });
        assert_eq!(change(&other), json!({ "delivery": delivery, "notify": true }));
    }

    #[test]
    fn recipients_are_those_of_the_parameters() {
        assert!(recipients(&json!({ "dataset": "usage-logs" })).is_empty());
        let both =
            json!({ "delivery": { "email": ["a@example.com"], "webhook": "https://hooks.example.com/…" } });
        assert_eq!(
            recipients(&both),
            ["a@example.com", "https://hooks.example.com/…"]
        );
    }
}
