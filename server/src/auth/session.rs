//! The session cookie. It is signed and stored nowhere. The key that it names is looked up again on each request, and must
//! still be the same key.

use std::time::Duration;

use actix_web::cookie::{Cookie, CookieBuilder, CookieJar, Key, SameSite, time};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256, Sha512};
use uuid::Uuid;

use super::credential::VerifiedCredential;
use super::hub::HubKey;
use super::request::RequestParts;
use crate::state::SessionIdentity;

/// The cookie's name over plain HTTP.
pub const COOKIE: &str = "decant_session";

/// The cookie's name over TLS. A browser takes a cookie with this prefix only over TLS and only from this host, so that no
/// other host of the domain can plant one (RFC 6265bis, 4.1.3.2).
pub const HOST_COOKIE: &str = "__Host-decant_session";

/// Signs and reads session cookies.
pub struct Sessions {
    key: Key,
    /// The key of [`Self::bound_to`].
    binding: [u8; 64],
    lifetime: Duration,
}

/// The content of a session cookie.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Claim {
    /// 122 random bits: no two sessions have the same id.
    id: String,
    /// The key that signed in; `None` where the administrator's token did.
    pub key: Option<ClaimedKey>,
    // Both in milliseconds since 1970.
    started: i64,
    expires: i64,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct ClaimedKey {
    /// `keys.id` of the hub.
    pub id: i64,
    /// HMAC-SHA-256 of the key's digest, in base64url.
    bound_to: String,
}

impl Claim {
    /// Returns the identity of the session; `subject` is the caller who started it.
    pub fn identity<'a>(&'a self, subject: &'a str) -> SessionIdentity<'a> {
        SessionIdentity {
            id: &self.id,
            subject,
            began: self.began(),
        }
    }

    fn began(&self) -> Timestamp {
        Timestamp::from_millisecond(self.started).unwrap_or(Timestamp::MIN)
    }

    /// Returns the time at which the session ends by itself, on a server with the lifetime of its start or a longer one.
    pub fn expires(&self) -> Timestamp {
        Timestamp::from_millisecond(self.expires).unwrap_or(Timestamp::MAX)
    }
}

impl Sessions {
    /// Signs sessions for this database with this secret. The administrator's token is part of the signing key, so that a
    /// changed token ends the sessions that it started. So is the database: `keys.id` of another one names another key.
    #[must_use]
    pub fn new(
        secret: &SecretString,
        admin_token: Option<&SecretString>,
        database: &str,
        lifetime: Duration,
    ) -> Self {
        let derive = |purpose: &str| {
            let admin_token = admin_token.map_or("", |token| token.expose_secret());
            let mut hash = Sha512::new();
            for part in [purpose, secret.expose_secret(), admin_token, database] {
                hash.update(part);
                hash.update("\0");
            }
            hash.finalize()
        };
        Self {
            key: Key::from(&derive("decant session")),
            binding: derive("decant session's key").into(),
            lifetime,
        }
    }

    /// Returns the cookie that starts a session.
    #[must_use]
    pub fn start(&self, credential: &VerifiedCredential, over_tls: bool) -> Cookie<'static> {
        let started = Timestamp::now();
        let claim = Claim {
            id: Uuid::new_v4().simple().to_string(),
            key: match credential {
                VerifiedCredential::AdminToken(_) => None,
                VerifiedCredential::HubKey(key) => Some(ClaimedKey {
                    id: key.id,
                    bound_to: URL_SAFE_NO_PAD.encode(self.bound_to(key).finalize().into_bytes()),
                }),
            },
            started: started.as_millisecond(),
            expires: self.end_of_one_started_at(started).as_millisecond(),
        };
        let value = serde_json::to_string(&claim).expect("a claim is numbers and texts");
        let name = name(over_tls);
        let mut jar = CookieJar::new();
        jar.signed_mut(&self.key).add(Cookie::new(name, value));
        let signed = jar
            .get(name)
            .map_or_else(String::new, |cookie| cookie.value().to_owned());
        let lifetime = i64::try_from(self.lifetime.as_secs()).unwrap_or(i64::MAX);
        cookie(name, signed, over_tls)
            .max_age(time::Duration::seconds(lifetime))
            .finish()
    }

    /// Returns the cookie that removes the session's cookie from the browser.
    #[must_use]
    pub fn end(over_tls: bool) -> Cookie<'static> {
        cookie(name(over_tls), String::new(), over_tls)
            .max_age(time::Duration::ZERO)
            .finish()
    }

    /// Returns the claim of the request's cookie, if the cookie is signed with our key and the session has not expired.
    pub(super) fn read(&self, request: RequestParts<'_>) -> Option<Claim> {
        // Over TLS another host of the domain could plant a cookie without the prefix. A proxy may hide that it speaks TLS.
        let plain = || match request.is_over_tls() {
            true => None,
            false => request.cookie(COOKIE),
        };
        let cookie = request.cookie(HOST_COOKIE).or_else(plain)?;
        let name = cookie.name().to_owned();
        let mut jar = CookieJar::new();
        jar.add_original(cookie);
        let cookie = jar.signed(&self.key).get(&name)?;
        let claim: Claim = serde_json::from_str(cookie.value()).ok()?;
        let now = Timestamp::now();
        // The lifetime may be shorter now than when the session started, or here than on the server that started it.
        (claim.expires() > now && self.end_of_one_started_at(claim.began()) > now).then_some(claim)
    }

    /// Returns the time at which a session that starts at this time ends by itself.
    fn end_of_one_started_at(&self, started: Timestamp) -> Timestamp {
        started.checked_add(self.lifetime).unwrap_or(Timestamp::MAX)
    }

    /// Returns whether the session was started with this key. The key with the same id may have got another text since.
    pub(super) fn is_bound_to(&self, claimed: &ClaimedKey, key: &HubKey) -> bool {
        URL_SAFE_NO_PAD
            .decode(&claimed.bound_to)
            .is_ok_and(|bound_to| self.bound_to(key).verify_slice(&bound_to).is_ok())
    }

    fn bound_to(&self, key: &HubKey) -> Hmac<Sha256> {
        let mut mac = Hmac::new_from_slice(&self.binding).expect("HMAC takes a key of any length");
        mac.update(key.digest.as_bytes());
        mac
    }
}

fn name(over_tls: bool) -> &'static str {
    match over_tls {
        true => HOST_COOKIE,
        false => COOKIE,
    }
}

fn cookie(name: &'static str, value: String, over_tls: bool) -> CookieBuilder<'static> {
    Cookie::build(name, value)
        .path("/")
        .http_only(true)
        .same_site(SameSite::Strict)
        .secure(over_tls)
}

#[cfg(test)]
mod tests {
    use actix_web::http::Method;
    use actix_web::http::header::{COOKIE as COOKIE_HEADER, HeaderMap, HeaderValue};

    use super::*;
    use crate::auth::credential_id::TokenFingerprint;

    #[test]
    fn a_session_that_is_older_than_the_lifetime_of_now_has_ended() {
        let secret = SecretString::from("a secret of forty characters, more or less");
        let sessions = |lifetime| Sessions::new(&secret, None, "a database", lifetime);
        let cookie = sessions(Duration::from_secs(60)).start(
            &VerifiedCredential::AdminToken(TokenFingerprint::of(&SecretString::from("token"))),
            false,
        );
        let mut headers = HeaderMap::new();
        let cookie = cookie.stripped().encoded().to_string();
        headers.insert(COOKIE_HEADER, HeaderValue::from_str(&cookie).unwrap());
        let request = RequestParts {
            method: &Method::GET,
            path: "/",
            headers: &headers,
            peer: [192, 0, 2, 1].into(),
        };
        std::thread::sleep(Duration::from_millis(5));
        for (lifetime, is_valid) in [(60_000, true), (3_600_000, true), (3, false)] {
            let sessions = sessions(Duration::from_millis(lifetime));
            assert_eq!(sessions.read(request).is_some(), is_valid, "{lifetime} ms");
        }
    }
}
