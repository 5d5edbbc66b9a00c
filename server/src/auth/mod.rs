//! Who calls: a session cookie, a bearer token or a key of the hub; and what that caller may see.

mod attempts;
mod caller;
mod hub;
mod jwt;
mod origin;
mod session;

use actix_web::HttpRequest;
use actix_web::http::header;
use secrecy::{ExposeSecret, SecretString};
use subtle::ConstantTimeEq;

pub use attempts::Attempts;
pub use caller::{Administrator, Caller, Role, Scope};
pub use jwt::{JwksError, TokenKeys};
pub use session::{COOKIE, Sessions, kept_secret};

use crate::app::App;
use crate::error::ApiError;

/// What Decant needs to tell callers apart.
pub struct Authority {
    /// What signs in the administrator.
    pub admin_token: Option<SecretString>,
    /// What bearer tokens are checked with.
    pub token_keys: TokenKeys,
    /// Signs and reads session cookies.
    pub sessions: Sessions,
    /// Counts wrong credentials.
    pub attempts: Attempts,
    /// Whether X-Forwarded-For is believed.
    pub trust_proxy: bool,
}

/// What was shown as proof, once it has been found good.
#[derive(Clone, Debug)]
pub enum Proof {
    /// The administrator's token.
    AdminToken,
    /// A key of the hub: its id, so that it can be looked at again later.
    HubKey(i64, Caller),
}

impl Proof {
    /// Who it proves the caller to be.
    #[must_use]
    pub fn caller(&self) -> Caller {
        match self {
            Self::AdminToken => Caller::administrator("Administrator"),
            Self::HubKey(_, caller) => caller.clone(),
        }
    }
}

/// The caller of a request.
///
/// # Errors
/// 401 without proof or with a wrong one, 429 after too many wrong ones, 403 for another site's request.
pub async fn authenticate(app: &App, request: &HttpRequest) -> Result<Caller, ApiError> {
    if let Some(credential) = presented(request) {
        let address = address(app, request);
        app.authority.attempts.admit(address)?;
        let caller = match app.authority.token_keys.verify(&credential) {
            Some(verdict) => verdict,
            None => check(app, &credential).await?.map(|proof| proof.caller()),
        };
        return caller.ok_or_else(|| app.authority.attempts.refuse(address, request));
    }
    let Some(claim) = app.authority.sessions.read(request) else {
        return Err(ApiError::Unauthenticated);
    };
    origin::refuse_foreign(request)?;
    match claim.key {
        None => Ok(Caller::administrator("Administrator")),
        Some(key) => match hub::by_id(app, key).await? {
            Some(caller) => Ok(caller),
            None => Err(ApiError::Unauthenticated),
        },
    }
}

/// Signs a caller in with the administrator's token or a key of the hub that may use the web.
///
/// # Errors
/// 401 for a wrong credential, 429 after too many, 403 for another site's request.
pub async fn sign_in(app: &App, request: &HttpRequest, credential: &str) -> Result<Proof, ApiError> {
    origin::refuse_foreign(request)?;
    let address = address(app, request);
    app.authority.attempts.admit(address)?;
    match check(app, credential.trim()).await? {
        Some(Proof::HubKey(key, _)) if !hub::may_use_web(app, key).await? => Err(ApiError::KeyWithoutWeb),
        Some(proof) => Ok(proof),
        None => Err(app.authority.attempts.refuse(address, request)),
    }
}

/// The bearer token or the API key that a request shows.
fn presented(request: &HttpRequest) -> Option<String> {
    let text = |name: header::HeaderName| {
        request
            .headers()
            .get(name)
            .map(|value| value.to_str().unwrap_or("").trim())
    };
    let bearer = text(header::AUTHORIZATION).map(|value| match value.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => token.trim(),
        // Another scheme is a credential all the same, and a wrong one.
        _ => "",
    });
    bearer
        .or_else(|| text(header::HeaderName::from_static("x-api-key")))
        .map(str::to_owned)
}

async fn check(app: &App, credential: &str) -> Result<Option<Proof>, ApiError> {
    let admin = app
        .authority
        .admin_token
        .as_ref()
        .is_some_and(|token| same(token.expose_secret(), credential));
    if admin {
        return Ok(Some(Proof::AdminToken));
    }
    match credential.is_empty() || credential.contains('\0') {
        true => Ok(None),
        false => Ok(hub::by_key(app, credential)
            .await?
            .map(|(key, caller)| Proof::HubKey(key, caller))),
    }
}

/// Compares in a time that tells nothing but the lengths.
fn same(secret: &str, given: &str) -> bool {
    secret.as_bytes().ct_eq(given.as_bytes()).into()
}

fn address(app: &App, request: &HttpRequest) -> std::net::IpAddr {
    let peer = request
        .peer_addr()
        .map_or(std::net::Ipv4Addr::UNSPECIFIED.into(), |peer| peer.ip());
    // The last entry is the one that the proxy itself added; those before it are the client's own words.
    let forwarded = request
        .headers()
        .get_all("x-forwarded-for")
        .last()
        .and_then(|value| value.to_str().ok());
    let last = forwarded
        .and_then(|list| list.rsplit(',').next())
        .and_then(|last| last.trim().parse().ok());
    last.filter(|_| app.authority.trust_proxy).unwrap_or(peer)
}
