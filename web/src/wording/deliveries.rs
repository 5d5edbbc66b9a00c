//! Deliveries of exports as text. `moment` formats a time for the visitor.

use api::Timestamp;
use api::deliveries::{DeliveryKind, DeliveryStatus, ExportDelivery};

use super::count;

pub const WEBHOOK_HINT: &str = "Gets a signed request when the export ends, with a link to the file.";

pub const SECRET_HINT: &str = "Signs the requests. Copy it to the receiver now: it is not shown again.";

/// Returns the heading of the fields.
pub fn summary(has_email: bool) -> &'static str {
    match has_email {
        true => "Deliver by e-mail or webhook",
        false => "Deliver by webhook",
    }
}

/// Returns what a change of recipients does to a webhook, of which only the host is known.
pub fn webhook_before(webhook: &str) -> String {
    format!(
        "Files also go to {webhook}. A change of recipients replaces all of them: type its whole address and its secret again to keep it."
    )
}

/// Returns which addresses may be named.
pub fn domains(allowed: Option<&[String]>) -> String {
    match allowed {
        None => "At most 10 addresses.".to_owned(),
        Some(domains) => format!("At most 10 addresses of {}.", domains.join(", ")),
    }
}

/// Returns what stands in an empty field. A secret that is `required` has none of the server in its place.
pub fn secret_placeholder(required: bool) -> &'static str {
    match required {
        true => "16 to 256 characters",
        false => "That of the server",
    }
}

/// Returns the name of a state.
pub fn status(status: DeliveryStatus) -> &'static str {
    match status {
        DeliveryStatus::Waiting => "Waiting for the file",
        DeliveryStatus::Queued => "Queued",
        DeliveryStatus::Sending => "Sending",
        DeliveryStatus::Delivered => "Delivered",
        DeliveryStatus::Failed => "Failed",
        DeliveryStatus::Cancelled => "Cancelled",
    }
}

/// `E-mail · 2 attempts · next 2026-01-28 12:00:00 UTC`
pub fn facts(delivery: &ExportDelivery, moment: impl Fn(Timestamp) -> String) -> String {
    let kind = match delivery.kind {
        DeliveryKind::Email => "E-mail",
        DeliveryKind::Webhook => "Webhook",
    };
    let attempts = match delivery.attempts {
        0 => None,
        1 => Some("1 attempt".to_owned()),
        attempts => Some(format!("{} attempts", count(attempts.into()))),
    };
    // The first attempt comes at once.
    let next = delivery.next_attempt_at.filter(|_| delivery.attempts > 0);
    let parts = [
        Some(kind.to_owned()),
        attempts,
        next.map(|next| format!("next {}", moment(next))),
        delivery.ended_at.map(|end| format!("ended {}", moment(end))),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(" · ")
}

/// `2 recipients`; `None` without any.
pub fn recipients(number: usize) -> Option<String> {
    match number {
        0 => None,
        1 => Some("1 recipient".to_owned()),
        number => Some(format!("{} recipients", count(number as u64))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn delivery(status: DeliveryStatus, attempts: u16) -> ExportDelivery {
        let time: Timestamp = "2026-01-28T12:00:00Z".parse().unwrap();
        ExportDelivery {
            id: String::new(),
            kind: DeliveryKind::Email,
            target: "alice@example.com".to_owned(),
            status,
            attempts,
            next_attempt_at: (status == DeliveryStatus::Queued).then_some(time),
            last_error: None,
            ended_at: (status == DeliveryStatus::Delivered).then_some(time),
        }
    }

    #[test]
    fn facts_are_those_of_the_state() {
        let facts = |status, attempts| facts(&delivery(status, attempts), |time| time.to_string());
        assert_eq!(facts(DeliveryStatus::Waiting, 0), "E-mail");
        assert_eq!(facts(DeliveryStatus::Queued, 0), "E-mail");
        assert_eq!(
            facts(DeliveryStatus::Queued, 2),
            "E-mail · 2 attempts · next 2026-01-28T12:00:00Z"
        );
        assert_eq!(
            facts(DeliveryStatus::Delivered, 1),
            "E-mail · 1 attempt · ended 2026-01-28T12:00:00Z"
        );
    }

    #[test]
    fn addresses_are_those_of_the_allowed_domains() {
        let allowed = ["example.com".to_owned(), "example.org".to_owned()];
        assert_eq!(
            domains(Some(&allowed)),
            "At most 10 addresses of example.com, example.org."
        );
        assert_eq!(recipients(0), None);
        assert_eq!(recipients(2).as_deref(), Some("2 recipients"));
    }
}
