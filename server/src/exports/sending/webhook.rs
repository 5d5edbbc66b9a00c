//! Sends the requests of webhooks.

use std::net::SocketAddr;
use std::time::Duration;

use api::webhook_events::DeliveryEvent;
use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::redirect::Policy;
use reqwest::{Client, Response, header};
use sha2::Sha256;
use tokio::net::lookup_host;
use tokio::time::timeout;
use url::Url;
use uuid::Uuid;

use super::claim::Outcome;
use crate::exports::deliveries::Options;
use crate::exports::deliveries::address::is_public;
use crate::exports::deliveries::destinations::parse_webhook;
use crate::hex::to_hex;

/// The longest time of a request, with the search for the host's addresses.
const REQUEST_MAX: Duration = Duration::from_secs(5);

/// The most bytes of an answer that are read, and the time for that. They are not kept: a person must not read with them what
/// other machines answer.
const ANSWER_MAX: usize = 64 * 1024;
const READ_MAX: Duration = Duration::from_secs(1);

/// A request of a webhook, signed when it is sent.
pub(super) struct WebhookRequest<'a> {
    /// The same in every attempt.
    pub delivery: Uuid,
    pub event: DeliveryEvent,
    pub target: Target<'a>,
    pub secret: &'a str,
    pub body: String,
}

/// The address of a webhook, by who gave it.
#[derive(Clone, Copy, Debug)]
pub(super) enum Target<'a> {
    /// It must be public, unless a setting allows its host.
    OfPerson(&'a str),
    /// From the settings. It may be within the private network.
    OfOperator(&'a str),
}

/// Answers every question for a name with addresses that were checked, so that a second look-up cannot give others.
struct CheckedAddresses(Vec<SocketAddr>);

impl Resolve for CheckedAddresses {
    fn resolve(&self, _: Name) -> Resolving {
        let addresses: Addrs = Box::new(self.0.clone().into_iter());
        Box::pin(std::future::ready(Ok(addresses)))
    }
}

/// Sends a request, and returns how that ended. A status from 200 to 299 is a delivery. Redirects are not followed.
pub(super) async fn send(request: &WebhookRequest<'_>, options: &Options) -> Outcome {
    let url = match request.target {
        // The settings may have changed since the request of the person.
        Target::OfPerson(address) => parse_webhook(address, options).map_err(|error| error.to_string()),
        Target::OfOperator(address) => Url::parse(address).map_err(|error| error.to_string()),
    };
    let url = match url {
        Ok(url) => url,
        Err(error) => return Outcome::Failed(error),
    };
    let sending = timeout(REQUEST_MAX, send_to(&url, request, options)).await;
    let seconds = REQUEST_MAX.as_secs();
    let answer = match sending {
        Ok(Ok(answer)) => answer,
        Ok(Err(outcome)) => return outcome,
        Err(_) => {
            return Outcome::Retry(format!("The webhook gave no answer within {seconds} seconds"));
        }
    };
    let status = answer.status();
    if status.is_redirection() {
        return Outcome::Retry(format!(
            "The webhook answers {}, a redirect, which is not followed; give the address that it leads to",
            status.as_u16()
        ));
    }
    if !status.is_success() {
        return Outcome::Retry(format!("The webhook answers {}", status.as_u16()));
    }
    // A receiver may take the end of the connection within its answer for a failure.
    let _ = timeout(READ_MAX, skip(answer)).await;
    Outcome::Delivered
}

/// Reads the begin of an answer.
async fn skip(mut answer: Response) {
    let mut read = 0;
    while let Ok(Some(chunk)) = answer.chunk().await {
        read += chunk.len();
        if read > ANSWER_MAX {
            return;
        }
    }
}

async fn send_to(url: &Url, request: &WebhookRequest<'_>, options: &Options) -> Result<Response, Outcome> {
    let addresses = match request.target {
        Target::OfPerson(_) => checked_addresses(url, options).await?,
        Target::OfOperator(_) => addresses(url).await?,
    };
    // The other TLS connections of this process use ring, too. An error means that it is installed already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = Client::builder()
        .dns_resolver(CheckedAddresses(addresses))
        .redirect(Policy::none())
        // A proxy would look the name up again.
        .no_proxy()
        .user_agent(concat!("decant/", env!("CARGO_PKG_VERSION")))
        .build();
    let client = client.map_err(|error| Outcome::Retry(format!("The request cannot be made: {error}")))?;
    let at = Timestamp::now().as_second();
    let sent = client
        .post(url.clone())
        .header(header::CONTENT_TYPE, "application/json")
        .header("x-decant-event", request.event.word())
        .header("x-decant-delivery", request.delivery.to_string())
        .header("x-decant-signature", signature(request.secret, at, &request.body))
        .body(request.body.clone())
        .send()
        .await;
    // The text of the error may have the address of the webhook, which may be secret.
    sent.map_err(|error| {
        let reason = match error.is_connect() {
            true => "The webhook's host accepts no connection, or its certificate is not good",
            false => "The webhook has ended the connection without an answer",
        };
        Outcome::Retry(reason.to_owned())
    })
}

/// Returns the addresses of the webhook's host.
async fn addresses(url: &Url) -> Result<Vec<SocketAddr>, Outcome> {
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    let port = url.port_or_known_default().unwrap_or(443);
    let found = lookup_host((host, port)).await;
    let addresses: Vec<_> = found.into_iter().flatten().collect();
    match addresses.is_empty() {
        true => Err(Outcome::Retry("The webhook's host has no address".to_owned())),
        false => Ok(addresses),
    }
}

/// Returns the addresses of the webhook's host. If one of them is not public, the host gets no request unless a setting allows it.
async fn checked_addresses(url: &Url, options: &Options) -> Result<Vec<SocketAddr>, Outcome> {
    let addresses = addresses(url).await?;
    if !options.allows_host(url) && !addresses.iter().all(|address| is_public(address.ip())) {
        return Err(Outcome::Failed(
            "The webhook's host is within a private network; an administrator can allow it with DECANT_WEBHOOK_ALLOW"
                .to_owned(),
        ));
    }
    Ok(addresses)
}

/// Returns the header `X-Decant-Signature` of a body that is sent at this second since 1970.
fn signature(secret: &str, at: i64, body: &str) -> String {
    let code = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("a key of HMAC has any length");
    let code = code.chain_update(format!("{at}.{body}")).finalize().into_bytes();
    format!("t={at},v1={}", to_hex(&code))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_is_that_of_the_time_and_the_body() {
        // printf '1769596200.{"a":1}' | openssl dgst -sha256 -hmac 'a secret of these tests'
        assert_eq!(
            signature("a secret of these tests", 1_769_596_200, r#"{"a":1}"#),
            "t=1769596200,v1=46dc104028dfa49f6dc56a11a7547c4d258c7b8faa69d6e7c6ae1d4e0a3ef13a"
        );
    }

    #[tokio::test]
    async fn a_name_that_leads_into_a_private_network_is_refused_unless_its_host_is_allowed() {
        let url = Url::parse("https://localhost:1/").unwrap();
        let refused = checked_addresses(&url, &Options::default()).await;
        assert!(matches!(refused, Err(Outcome::Failed(_))), "{refused:?}");
        let options = Options {
            allowed_hosts: vec!["localhost".to_owned()],
            ..Options::default()
        };
        let allowed = checked_addresses(&url, &options).await.unwrap();
        assert!(
            allowed.iter().all(|address| address.ip().is_loopback()),
            "{allowed:?}"
        );
    }
}
