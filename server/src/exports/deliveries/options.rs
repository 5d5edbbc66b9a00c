//! The settings of deliveries, and their texts.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use api::deliveries::DeliveryLimits;
use lettre::message::Mailbox;
use percent_encoding::percent_decode_str;
use secrecy::SecretString;
use url::{Host, Url};

use crate::auth::Caller;

/// The ports of servers that accept mail of users: with STARTTLS, and with TLS from the first byte (RFC 8314).
const SUBMISSION_PORT: u16 = 587;
const SUBMISSIONS_PORT: u16 = 465;

/// The settings of deliveries.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// `None`: this server sends no mail.
    pub mail: Option<MailOptions>,
    /// Hosts that webhooks may reach within a private network, and without TLS.
    pub allowed_hosts: Vec<String>,
    /// Signs requests to webhooks that have no secret of their own.
    pub webhook_secret: Option<SecretString>,
    /// Where links to files begin.
    pub public_url: Option<PublicUrl>,
    /// How long a link is good, at most until its file expires.
    pub link_lifetime: Duration,
    /// The pause before the second attempt.
    pub retry_after: Duration,
}

/// How mail is sent.
#[derive(Clone, Debug)]
pub struct MailOptions {
    pub smtp: SmtpUrl,
    pub from: Mailbox,
    /// The domains of recipients whom everybody may name, in small letters.
    pub domains: Vec<String>,
    /// The greatest size of an attached file in bytes.
    pub attachment_max: u64,
}

/// The server that takes mail.
#[derive(Clone)]
pub struct SmtpUrl {
    pub host: String,
    pub port: u16,
    pub tls: SmtpTls,
    pub credentials: Option<(String, SecretString)>,
}

/// Whether mail is encrypted on its way to the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SmtpTls {
    /// From the first byte.
    Wrapped,
    /// By STARTTLS. A server without it gets no mail.
    Required,
    /// By STARTTLS where the server has it, whatever its certificate is: the connection does not leave this machine.
    OnThisMachine,
}

/// An address of the page, for links. It ends with no slash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicUrl(String);

impl Options {
    /// Returns whether the webhooks of a host may be within a private network.
    #[must_use]
    pub fn allows_host(&self, url: &Url) -> bool {
        let host = url.host_str().unwrap_or_default();
        let is_this = |allowed: &String| allowed.trim_matches(['[', ']']) == host.trim_matches(['[', ']']);
        self.allowed_hosts.iter().any(is_this)
    }

    /// Returns the recipients that a caller may name.
    #[must_use]
    pub fn limits_of(&self, caller: &Caller) -> DeliveryLimits {
        let domains = self.mail.as_ref().map(|mail| mail.domains.as_slice());
        let is_any = caller.is_administrator();
        DeliveryLimits {
            email: domains.is_some_and(|domains| is_any || !domains.is_empty()),
            email_domains: domains.filter(|_| !is_any).map(<[String]>::to_vec),
            webhook_secret_required: self.webhook_secret.is_none(),
        }
    }
}

/// Host and port; never the password.
impl fmt::Debug for SmtpUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "SmtpUrl({}:{}, {:?})", self.host, self.port, self.tls)
    }
}

impl FromStr for SmtpUrl {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const FORM: &str =
            "it must be smtp://user:password@host:587, or smtps://…; percent-encode reserved characters";
        let url = Url::parse(text).map_err(|_| FORM)?;
        let host = url.host_str().filter(|host| !host.is_empty()).ok_or(FORM)?;
        let is_required = match url.query() {
            None => false,
            Some("tls=required") => true,
            Some(_) => return Err("after `?` it may have tls=required only"),
        };
        let (tls, port) = match url.scheme() {
            "smtps" => (SmtpTls::Wrapped, SUBMISSIONS_PORT),
            "smtp" if is_this_machine(host) && !is_required => (SmtpTls::OnThisMachine, SUBMISSION_PORT),
            "smtp" => (SmtpTls::Required, SUBMISSION_PORT),
            _ => return Err(FORM),
        };
        let decode = |part: &str| {
            percent_decode_str(part)
                .decode_utf8()
                .map(String::from)
                .map_err(|_| FORM)
        };
        let credentials = match (url.username(), url.password()) {
            ("", None) => None,
            (user, password) => Some((decode(user)?, decode(password.unwrap_or_default())?.into())),
        };
        Ok(Self {
            // An address of IPv6 is written in brackets.
            host: host.trim_matches(['[', ']']).to_owned(),
            port: url.port().unwrap_or(port),
            tls,
            credentials,
        })
    }
}

/// Returns whether a host is a name or an address of the loopback interface.
fn is_this_machine(host: &str) -> bool {
    match Host::parse(host) {
        // The parser of addresses takes a host of another scheme as it is, so it is read again.
        Ok(Host::Domain(name)) => name == "localhost",
        Ok(Host::Ipv4(address)) => address.is_loopback(),
        Ok(Host::Ipv6(address)) => address.is_loopback(),
        Err(_) => false,
    }
}

impl fmt::Display for PublicUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl FromStr for PublicUrl {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let url = Url::parse(text).map_err(|_| "it must be an address such as https://decant.example.com")?;
        if !matches!(url.scheme(), "https" | "http") || url.host_str().is_none() {
            return Err("it must begin with https:// or http://");
        }
        if url.query().is_some() || url.fragment().is_some() || !url.username().is_empty() {
            return Err("it must have no user, no `?` and no `#`");
        }
        Ok(Self(url.as_str().trim_end_matches('/').to_owned()))
    }
}

/// Parses domains of e-mail, separated by commas.
///
/// # Errors
/// A predicate whose subject is the setting.
pub fn parse_domains(text: &str) -> Result<Vec<String>, String> {
    let domains: Vec<_> = parts(text)
        .map(|domain| domain.trim_start_matches('@').to_owned())
        .collect();
    let is_good = |domain: &String| !domain.is_empty() && !domain.contains(['@', ' ', '*', '/']);
    match domains.iter().all(is_good) {
        true => Ok(domains),
        false => Err("must be domains such as example.com, separated by commas".to_owned()),
    }
}

/// Parses names or addresses of hosts, separated by commas.
///
/// # Errors
/// A predicate whose subject is the setting.
pub fn parse_hosts(text: &str) -> Result<Vec<String>, String> {
    let hosts: Vec<_> = parts(text).collect();
    match hosts.iter().any(|host| host.contains(['/', '@', ' ', '*'])) {
        true => Err("must be hosts such as hooks.internal or 10.0.0.7, separated by commas".to_owned()),
        false => Ok(hosts),
    }
}

fn parts(text: &str) -> impl Iterator<Item = String> {
    let parts = text.split(',').map(|part| part.trim().to_lowercase());
    parts.filter(|part| !part.is_empty())
}

/// Parses the sender of mail.
///
/// # Errors
/// A predicate whose subject is the setting.
pub fn parse_sender(text: &str) -> Result<Mailbox, String> {
    let sender = text.trim().parse();
    sender.map_err(|_| {
        "must be an address such as decant@example.com, or Decant <decant@example.com>".to_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mail_is_encrypted_unless_it_stays_on_this_machine() {
        for (text, host, port, tls) in [
            (
                "smtp://mail.example.com",
                "mail.example.com",
                587,
                SmtpTls::Required,
            ),
            ("smtp://user@10.0.0.5:25", "10.0.0.5", 25, SmtpTls::Required),
            (
                "smtps://mail.example.com",
                "mail.example.com",
                465,
                SmtpTls::Wrapped,
            ),
            ("smtp://localhost", "localhost", 587, SmtpTls::OnThisMachine),
            ("smtp://127.0.0.1:25", "127.0.0.1", 25, SmtpTls::OnThisMachine),
            ("smtp://[::1]:25", "::1", 25, SmtpTls::OnThisMachine),
            (
                "smtp://localhost.example.com",
                "localhost.example.com",
                587,
                SmtpTls::Required,
            ),
            (
                "smtp://127.0.0.1?tls=required",
                "127.0.0.1",
                587,
                SmtpTls::Required,
            ),
        ] {
            let url: SmtpUrl = text.parse().expect(text);
            assert_eq!(
                (url.host.as_str(), url.port, url.tls),
                (host, port, tls),
                "{text}"
            );
        }
        for wrong in [
            "mail.example.com",
            "http://mail.example.com",
            "smtp://",
            "smtp://a?tls=none",
        ] {
            assert!(wrong.parse::<SmtpUrl>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_password_is_decoded_and_not_shown() {
        use secrecy::ExposeSecret;

        let url: SmtpUrl = "smtp://u%40x:p%2Fw@mail.example.com".parse().unwrap();
        assert!(!format!("{url:?}").contains("p/w"));
        let (user, password) = url.credentials.unwrap();
        assert_eq!((user.as_str(), password.expose_secret()), ("u@x", "p/w"));
    }

    #[test]
    fn links_begin_with_an_address_of_the_page() {
        for (text, expected) in [
            ("https://decant.example.com/", "https://decant.example.com"),
            ("http://10.0.0.1:8080/decant/", "http://10.0.0.1:8080/decant"),
        ] {
            assert_eq!(text.parse::<PublicUrl>().unwrap().to_string(), expected);
        }
        for wrong in ["decant.example.com", "ftp://a", "https://a/?b", "https://u:p@a/"] {
            assert!(wrong.parse::<PublicUrl>().is_err(), "{wrong}");
        }
    }
}
