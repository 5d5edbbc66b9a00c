//! The recipients that a request names, checked.

use std::net::IpAddr;

use api::deliveries::DeliveryRequest;
use api::workspaces::WorkspaceRole;
use lettre::Address;
use serde::{Deserialize, Serialize};
use url::{Host, Url};

use super::address::is_public;
use super::options::Options;
use super::signing_secret::SigningSecret;
use crate::auth::Caller;
use crate::datasets::query::AccessError;
use crate::exports::error::ExportError;
use crate::exports::order_error::OrderError;
use crate::exports::record::RecordedScope;
use crate::parameter::ParameterError;

/// The most addresses of e-mail of one export.
const EMAIL_MAX: usize = 10;

/// The greatest length of a webhook's address in bytes.
const URL_MAX: usize = 2_000;

const SECRET_MIN: usize = 16;
const SECRET_MAX: usize = 256;

const EMAIL: &str = "delivery.email";
const WEBHOOK: &str = "delivery.webhook";
const WEBHOOK_SECRET: &str = "delivery.webhookSecret";

/// Where the file of an export goes, as it is recorded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Destinations {
    pub(super) email: Vec<String>,
    pub(super) webhook: Option<String>,
    pub(super) secret: Option<SigningSecret>,
    /// Whether addresses of e-mail hear of a failure. A webhook always does.
    pub(super) notify: bool,
}

impl Destinations {
    /// Checks the recipients that a caller names for an export with these rows; `None` without any.
    ///
    /// # Errors
    /// [`AccessError::RoleTooLow`] for a workspace in which the caller is no administrator; [`ExportError::NoMail`],
    /// [`ExportError::Recipient`]; [`OrderError::Parameter`].
    pub fn check(
        wanted: Option<&DeliveryRequest>,
        notify: Option<bool>,
        scope: &RecordedScope,
        caller: &Caller,
        options: &Options,
    ) -> Result<Option<Self>, OrderError> {
        let email = wanted.map(|wanted| wanted.email.as_slice()).unwrap_or_default();
        if notify == Some(true) && email.is_empty() {
            let problem = "has no effect without addresses in `delivery.email`";
            return Err(ParameterError::contradictory("notify", problem).into());
        }
        let Some(wanted) = wanted.filter(|wanted| **wanted != DeliveryRequest::default()) else {
            return Ok(None);
        };
        check_role(scope, caller)?;
        if email.len() > EMAIL_MAX {
            let problem = format!("must have at most {EMAIL_MAX} addresses");
            return Err(ParameterError::invalid(EMAIL, problem).into());
        }
        let mut addresses: Vec<String> = Vec::with_capacity(email.len());
        for text in email {
            let problem = || ParameterError::invalid(EMAIL, "must have addresses such as alice@example.com");
            let address: Address = text.trim().parse().map_err(|_| problem())?;
            check_recipient(&address, caller, options)?;
            let address = address.to_string();
            if !addresses.contains(&address) {
                addresses.push(address);
            }
        }
        let webhook = wanted.webhook.as_deref();
        let webhook = webhook.map(|url| parse_webhook(url, options)).transpose()?;
        let secret = check_secret(wanted, options)?;
        Ok(Some(Self {
            email: addresses,
            webhook: webhook.map(|url| url.to_string()),
            secret,
            notify: notify.unwrap_or_default(),
        }))
    }
}

/// Returns a request without its secrets, as it is kept and shown.
#[must_use]
pub fn without_secrets(request: &DeliveryRequest) -> DeliveryRequest {
    DeliveryRequest {
        email: request.email.clone(),
        webhook: request.webhook.as_deref().map(public_target),
        webhook_secret: None,
    }
}

/// Returns scheme and host of a webhook's address. The rest may be secret.
#[must_use]
pub fn public_target(address: &str) -> String {
    match Url::parse(address) {
        Ok(url) => format!("{}://{}/…", url.scheme(), url.host_str().unwrap_or_default()),
        Err(_) => "…".to_owned(),
    }
}

/// Checks that a caller may have the rows of a scope delivered: those of a workspace leave it by its administrators only.
///
/// # Errors
/// [`AccessError::RoleTooLow`].
pub fn check_role(scope: &RecordedScope, caller: &Caller) -> Result<(), AccessError> {
    match scope {
        RecordedScope::Workspace { role, .. }
            if *role < WorkspaceRole::Admin && !caller.is_administrator() =>
        {
            Err(AccessError::RoleTooLow(WorkspaceRole::Admin))
        }
        RecordedScope::All { .. } | RecordedScope::Owner { .. } | RecordedScope::Workspace { .. } => Ok(()),
    }
}

/// Checks that a caller may send files to an address of e-mail.
///
/// # Errors
/// [`ExportError::NoMail`], [`ExportError::Recipient`].
pub fn check_recipient(address: &Address, caller: &Caller, options: &Options) -> Result<(), ExportError> {
    let mail = options.mail.as_ref().ok_or(ExportError::NoMail)?;
    let domain = address.domain().to_lowercase();
    match caller.is_administrator() || mail.domains.contains(&domain) {
        true => Ok(()),
        false => Err(ExportError::Recipient),
    }
}

/// Reads the address of a webhook. A name is resolved when a request is sent.
///
/// # Errors
/// [`ParameterError::Invalid`].
pub fn parse_webhook(text: &str, options: &Options) -> Result<Url, ParameterError> {
    let invalid = |problem: &str| ParameterError::invalid(WEBHOOK, problem);
    if text.len() > URL_MAX {
        return Err(invalid("must have at most 2,000 bytes"));
    }
    let mut url = Url::parse(text.trim())
        .map_err(|_| invalid("must be an address such as https://hooks.example.com/decant"))?;
    let host = url.host().ok_or_else(|| invalid("has no host"))?.to_owned();
    if !url.username().is_empty() || url.password().is_some() {
        return Err(invalid(
            "must have no user and no password; the signature proves the sender",
        ));
    }
    let is_allowed = options.allows_host(&url);
    match url.scheme() {
        "https" => {}
        "http" if is_allowed => {}
        _ => return Err(invalid("must begin with https://")),
    }
    let literal = match host {
        Host::Domain(_) => None,
        Host::Ipv4(address) => Some(IpAddr::V4(address)),
        Host::Ipv6(address) => Some(IpAddr::V6(address)),
    };
    if !is_allowed && literal.is_some_and(|address| !is_public(address)) {
        return Err(invalid(
            "is within a private network; an administrator can allow it with DECANT_WEBHOOK_ALLOW",
        ));
    }
    url.set_fragment(None);
    Ok(url)
}

fn check_secret(
    wanted: &DeliveryRequest,
    options: &Options,
) -> Result<Option<SigningSecret>, ParameterError> {
    let Some(secret) = &wanted.webhook_secret else {
        return match wanted.webhook.is_some() && options.webhook_secret.is_none() {
            true => {
                let problem =
                    "is missing: the server has none (DECANT_WEBHOOK_SECRET), and requests are signed";
                Err(ParameterError::invalid(WEBHOOK_SECRET, problem))
            }
            false => Ok(None),
        };
    };
    if wanted.webhook.is_none() {
        return Err(ParameterError::contradictory(
            WEBHOOK_SECRET,
            "has no effect without `delivery.webhook`",
        ));
    }
    let length = secret.chars().count();
    match (SECRET_MIN..=SECRET_MAX).contains(&length) && !secret.contains('\0') {
        true => Ok(Some(SigningSecret(secret.clone()))),
        false => {
            let problem = format!("must have from {SECRET_MIN} to {SECRET_MAX} characters, and no NUL");
            Err(ParameterError::invalid(WEBHOOK_SECRET, problem))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(allowed: &[&str]) -> Options {
        Options {
            allowed_hosts: allowed.iter().map(|host| (*host).to_owned()).collect(),
            ..Options::default()
        }
    }

    #[test]
    fn a_webhook_is_public_and_encrypted_unless_its_host_is_allowed() {
        let options = options(&["hooks.internal", "10.1.2.3", "[::1]"]);
        for good in [
            "https://hooks.example.com/a?b=c",
            "https://1.1.1.1/",
            "http://hooks.internal:8080/",
            "http://HOOKS.internal/",
            "https://10.1.2.3/",
            "http://[::1]:9000/",
        ] {
            assert!(parse_webhook(good, &options).is_ok(), "{good}");
        }
        for refused in [
            "",
            "hooks.example.com",
            "http://hooks.example.com/",
            "ftp://hooks.internal/",
            "file:///etc/passwd",
            "https://user:secret@hooks.example.com/",
            "https://10.1.2.4/",
            "https://0x0a010204/",
            "https://167838212/",
            "https://127.1/",
            "https://[::ffff:127.0.0.1]/",
            "https://[64:ff9b::7f00:1]/",
            "https://169.254.169.254/latest/meta-data/",
            "https://sub.hooks.internal@10.0.0.1/",
        ] {
            assert!(parse_webhook(refused, &options).is_err(), "{refused}");
        }
    }

    #[test]
    fn the_path_of_a_webhook_is_not_shown() {
        for (address, shown) in [
            (
                "https://hooks.example.com/T0/B0/secret?key=x",
                "https://hooks.example.com/…",
            ),
            ("https://hooks.example.com/…", "https://hooks.example.com/…"),
            ("nonsense", "…"),
        ] {
            assert_eq!(public_target(address), shown);
        }
    }
}
