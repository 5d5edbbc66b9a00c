//! Sends mail by SMTP.

use std::time::Duration;

use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Attachment as AttachedPart, Mailbox, MultiPart};
use lettre::transport::smtp;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::{Address, AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use secrecy::ExposeSecret;
use uuid::Uuid;

use super::claim::Outcome;
use super::message::Letter;
use crate::exports::deliveries::{MailOptions, SmtpTls, SmtpUrl};

/// The longest wait for one answer of the server.
const ANSWER_MAX: Duration = Duration::from_secs(30);

/// Marks a message that no person has written, so that programs send no notes of absence (RFC 3834).
const AUTO_SUBMITTED: (HeaderName, &str) =
    (HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-generated");

/// A file in a message.
pub(super) struct Attachment {
    pub name: String,
    pub media_type: &'static str,
    pub content: Vec<u8>,
}

/// Sends a message to one recipient. `id` is that of the delivery, so that a message that comes twice has the same id.
pub(super) async fn send(
    mail: &MailOptions,
    to: &Address,
    id: Uuid,
    letter: Letter,
    attachment: Option<Attachment>,
) -> Outcome {
    let cannot =
        |error: &dyn std::fmt::Display| Outcome::Failed(format!("The message cannot be written: {error}"));
    let message = match message(mail, to, id, letter, attachment) {
        Ok(message) => message,
        Err(error) => return cannot(&error),
    };
    let sent = match transport(&mail.smtp) {
        Ok(transport) => transport.send(message).await,
        Err(error) => return Outcome::Retry(reason(&error)),
    };
    match sent {
        Ok(_) => Outcome::Delivered,
        // A code from 500 to 599, which the server would give again.
        Err(error) if error.is_permanent() => Outcome::Failed(reason(&error)),
        Err(error) => Outcome::Retry(reason(&error)),
    }
}

/// Connects to the server as for a message, and sends none.
///
/// # Errors
/// The reason, for an administrator.
pub async fn check_connection(mail: &MailOptions) -> Result<(), String> {
    let transport = transport(&mail.smtp).map_err(|error| reason(&error))?;
    match transport.test_connection().await {
        Ok(true) => Ok(()),
        Ok(false) => Err("The mail server ends the connection".to_owned()),
        Err(error) => Err(reason(&error)),
    }
}

fn message(
    mail: &MailOptions,
    to: &Address,
    id: Uuid,
    letter: Letter,
    attachment: Option<Attachment>,
) -> Result<Message, String> {
    let Letter { subject, text, html } = letter;
    let texts = MultiPart::alternative_plain_html(text, html);
    let body = match attachment {
        None => texts,
        Some(Attachment {
            name,
            media_type,
            content,
        }) => {
            let kind = ContentType::parse(media_type).map_err(|error| error.to_string())?;
            MultiPart::mixed()
                .multipart(texts)
                .singlepart(AttachedPart::new(name).body(content, kind))
        }
    };
    let domain = mail.from.email.domain();
    let message = Message::builder()
        .from(mail.from.clone())
        .to(Mailbox::new(None, to.clone()))
        .subject(subject)
        .message_id(Some(format!("<{id}@{domain}>")))
        .multipart(body);
    let mut message = message.map_err(|error| error.to_string())?;
    let (name, value) = AUTO_SUBMITTED;
    message
        .headers_mut()
        .insert_raw(HeaderValue::new(name, value.to_owned()));
    Ok(message)
}

fn transport(smtp: &SmtpUrl) -> Result<AsyncSmtpTransport<Tokio1Executor>, smtp::Error> {
    let parameters = TlsParameters::builder(smtp.host.clone());
    let tls = match smtp.tls {
        SmtpTls::Wrapped => Tls::Wrapper(parameters.build()?),
        SmtpTls::Required => Tls::Required(parameters.build()?),
        SmtpTls::OnThisMachine => {
            Tls::Opportunistic(parameters.dangerous_accept_invalid_certs(true).build()?)
        }
    };
    let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&smtp.host)
        .port(smtp.port)
        .timeout(Some(ANSWER_MAX))
        .tls(tls);
    if let Some((user, password)) = &smtp.credentials {
        let password = password.expose_secret().to_owned();
        builder = builder.credentials(Credentials::new(user.clone(), password));
    }
    Ok(builder.build())
}

/// Returns what went wrong, with the server's words.
fn reason(error: &smtp::Error) -> String {
    match error.status() {
        Some(_) => format!("The mail server answers: {error}"),
        None => format!("The mail server cannot be used: {error}"),
    }
}
