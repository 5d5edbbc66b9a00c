//! The session cookie: signed, not stored. What it names is looked at anew on each request.

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::{Duration, SystemTime};

use actix_web::HttpRequest;
use actix_web::cookie::{Cookie, CookieJar, Key, SameSite, time};
use rand::distr::{Alphanumeric, SampleString};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha512};

use super::Proof;

/// The cookie's name.
pub const COOKIE: &str = "decant_session";

/// Signs and reads session cookies.
pub struct Sessions {
    key: Key,
    lasts: Duration,
}

/// What a session cookie says.
#[derive(Debug, Serialize, Deserialize)]
pub struct Claim {
    /// The id of the hub's key that signed in; `None`: the administrator's token did.
    pub key: Option<i64>,
    /// Until when it is good, in seconds since 1970.
    expires: u64,
}

impl Sessions {
    /// Sessions signed with this secret. The administrator's token is part of the signature, so that changing it
    /// ends the sessions it began.
    #[must_use]
    pub fn new(secret: &SecretString, admin_token: Option<&SecretString>, lasts: Duration) -> Self {
        let mut hash = Sha512::new();
        hash.update("decant session\0");
        hash.update(secret.expose_secret());
        hash.update("\0");
        hash.update(admin_token.map_or("", |token| token.expose_secret()));
        Self {
            key: Key::from(&hash.finalize()),
            lasts,
        }
    }

    /// The cookie of somebody who has just signed in.
    #[must_use]
    pub fn begin(&self, proof: &Proof, secure: bool) -> Cookie<'static> {
        let key = match proof {
            Proof::AdminToken => None,
            Proof::HubKey(key, _) => Some(*key),
        };
        let claim = Claim {
            key,
            expires: now() + self.lasts.as_secs(),
        };
        let value = serde_json::to_string(&claim).expect("a claim is two numbers");
        let mut jar = CookieJar::new();
        jar.signed_mut(&self.key).add(Cookie::new(COOKIE, value));
        let signed = jar
            .get(COOKIE)
            .map_or_else(String::new, |cookie| cookie.value().to_owned());
        let lasts = i64::try_from(self.lasts.as_secs()).unwrap_or(i64::MAX);
        shaped(signed, secure)
            .max_age(time::Duration::seconds(lasts))
            .finish()
    }

    /// The cookie that ends a session.
    #[must_use]
    pub fn end(secure: bool) -> Cookie<'static> {
        shaped(String::new(), secure)
            .max_age(time::Duration::ZERO)
            .finish()
    }

    /// What the request's cookie says, if it is one of ours and still good.
    #[must_use]
    pub fn read(&self, request: &HttpRequest) -> Option<Claim> {
        let mut jar = CookieJar::new();
        jar.add_original(request.cookie(COOKIE)?);
        let cookie = jar.signed(&self.key).get(COOKIE)?;
        serde_json::from_str(cookie.value())
            .ok()
            .filter(|claim: &Claim| claim.expires > now())
    }
}

/// The secret of this data folder; made up when there is none yet.
///
/// # Errors
/// If the folder cannot be read or written.
pub fn kept_secret(data_dir: &Path, file: &str) -> io::Result<SecretString> {
    let path = data_dir.join(file);
    match fs::read_to_string(&path) {
        Ok(secret) if !secret.trim().is_empty() => return Ok(SecretString::from(secret.trim().to_owned())),
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    fs::create_dir_all(data_dir)?;
    let secret = Alphanumeric.sample_string(&mut rand::rng(), 40);
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)?;
    writeln!(file, "{secret}")?;
    Ok(SecretString::from(secret))
}

fn shaped(value: String, secure: bool) -> actix_web::cookie::CookieBuilder<'static> {
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
