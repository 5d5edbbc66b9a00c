//! The session cookie. It is signed and stored nowhere; the key that it names is looked up again on each request.

use std::time::{Duration, SystemTime};

use actix_web::cookie::{Cookie, CookieBuilder, CookieJar, Key, SameSite, time};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha512};

use super::credential::VerifiedCredential;
use super::request::RequestParts;

pub const COOKIE: &str = "decant_session";

/// Signs and reads session cookies.
pub struct Sessions {
    key: Key,
    lifetime: Duration,
}

/// The content of a session cookie.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Claim {
    /// `keys.id` of the hub's key that signed in; `None` where the administrator's token did.
    pub(super) key: Option<i64>,
    /// The end of the session, in seconds since 1970.
    expires: u64,
}

impl Sessions {
    /// Signs sessions with this secret. The administrator's token is part of the signing key, so that a changed token ends
    /// the sessions that it started.
    #[must_use]
    pub fn new(secret: &SecretString, admin_token: Option<&SecretString>, lifetime: Duration) -> Self {
        let mut hash = Sha512::new();
        hash.update("decant session\0");
        hash.update(secret.expose_secret());
        hash.update("\0");
        hash.update(admin_token.map_or("", |token| token.expose_secret()));
        Self {
            key: Key::from(&hash.finalize()),
            lifetime,
        }
    }

    /// Returns the cookie that starts a session. `secure` restricts it to TLS.
    #[must_use]
    pub fn start(&self, credential: &VerifiedCredential, secure: bool) -> Cookie<'static> {
        let key = match credential {
            VerifiedCredential::AdminToken => None,
            VerifiedCredential::HubKey(key) => Some(key.id),
        };
        let claim = Claim {
            key,
            expires: now() + self.lifetime.as_secs(),
        };
        let value = serde_json::to_string(&claim).expect("a claim is two numbers");
        let mut jar = CookieJar::new();
        jar.signed_mut(&self.key).add(Cookie::new(COOKIE, value));
        let signed = jar
            .get(COOKIE)
            .map_or_else(String::new, |cookie| cookie.value().to_owned());
        let lifetime = i64::try_from(self.lifetime.as_secs()).unwrap_or(i64::MAX);
        cookie(signed, secure)
            .max_age(time::Duration::seconds(lifetime))
            .finish()
    }

    /// Returns the cookie that removes the session's cookie from the browser.
    #[must_use]
    pub fn end(secure: bool) -> Cookie<'static> {
        cookie(String::new(), secure)
            .max_age(time::Duration::ZERO)
            .finish()
    }

    /// Returns the claim of the request's cookie, if the cookie is signed with our key and has not expired.
    pub(super) fn read(&self, request: RequestParts<'_>) -> Option<Claim> {
        let mut jar = CookieJar::new();
        jar.add_original(request.cookie(COOKIE)?);
        let cookie = jar.signed(&self.key).get(COOKIE)?;
        serde_json::from_str(cookie.value())
            .ok()
            .filter(|claim: &Claim| claim.expires > now())
    }
}

fn cookie(value: String, secure: bool) -> CookieBuilder<'static> {
    Cookie::build(COOKIE, value)
        .path("/")
        .http_only(true)
        .same_site(SameSite::Strict)
        .secure(secure)
}

fn now() -> u64 {
    SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .map_or(0, |since| since.as_secs())
}
