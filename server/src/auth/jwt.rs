//! Bearer tokens that other services sign (RFC 7519), with a shared secret or with a key of a JSON Web Key Set.

use std::path::{Path, PathBuf};

use api::login::Role;
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use super::caller::Caller;

/// Signatures by public keys. A token may not choose a shared secret where a public key is expected (RFC 8725, 2.1), so
/// `HS256` is not among them.
const PUBLIC: &[Algorithm] = &[
    Algorithm::RS256,
    Algorithm::RS384,
    Algorithm::RS512,
    Algorithm::PS256,
    Algorithm::PS384,
    Algorithm::PS512,
    Algorithm::ES256,
    Algorithm::ES384,
    Algorithm::EdDSA,
];

/// The keys that verify bearer tokens.
#[derive(Default)]
pub struct TokenKeys {
    secret: Option<DecodingKey>,
    set: Option<JwkSet>,
}

/// The file of JWKS_FILE is no usable key set.
#[derive(Debug, thiserror::Error)]
#[error("JWKS_FILE: the key set {path} cannot be used: {problem}")]
pub struct JwksError {
    path: PathBuf,
    problem: String,
}

/// The claims of a token that are read.
#[derive(Deserialize)]
struct Claims {
    sub: String,
    role: Option<String>,
    name: Option<String>,
}

/// The outcome of [`TokenKeys::verify`].
pub(super) enum TokenCheck {
    /// The credential has not the form of a token. It may be a key of the hub.
    NotAToken,
    /// Forged, expired, or without a usable claim.
    Invalid,
    Valid(Caller),
}

impl TokenKeys {
    /// Takes the shared secret, the key set in the file, or both.
    ///
    /// # Errors
    /// [`JwksError`] if the file is not a key set.
    pub fn load(secret: Option<&SecretString>, file: Option<&Path>) -> Result<Self, JwksError> {
        let set = file.map(read_set).transpose()?;
        Ok(Self {
            secret: secret.map(|secret| DecodingKey::from_secret(secret.expose_secret().as_bytes())),
            set,
        })
    }

    /// Verifies the signature, the times and the claims of a token.
    pub(super) fn verify(&self, token: &str) -> TokenCheck {
        let Ok(header) = decode_header(token) else {
            return TokenCheck::NotAToken;
        };
        let key = match (header.alg, &self.secret) {
            (Algorithm::HS256, Some(secret)) => Some(secret.clone()),
            (algorithm, _) if PUBLIC.contains(&algorithm) => self.public_key(header.kid.as_deref()),
            _ => None,
        };
        match key.and_then(|key| claimed(token, header.alg, &key)) {
            Some(caller) => TokenCheck::Valid(caller),
            None => TokenCheck::Invalid,
        }
    }

    fn public_key(&self, id: Option<&str>) -> Option<DecodingKey> {
        let keys = &self.set.as_ref()?.keys;
        let key = match id {
            Some(id) => keys.iter().find(|key| key.common.key_id.as_deref() == Some(id)),
            None if keys.len() == 1 => keys.first(),
            None => None,
        };
        DecodingKey::from_jwk(key?).ok()
    }
}

/// Returns the caller of a token, or `None` if its signature, its times or its claims are wrong.
fn claimed(token: &str, algorithm: Algorithm, key: &DecodingKey) -> Option<Caller> {
    let mut rules = Validation::new(algorithm);
    rules.set_required_spec_claims(&["exp", "sub"]);
    rules.validate_nbf = true;
    rules.validate_aud = false;
    let claims = decode::<Claims>(token, key, &rules).ok()?.claims;
    let user_id = claims.sub.parse().ok();
    let role = if claims.role.as_deref() == Some("admin") {
        Role::Admin
    } else {
        Role::User
    };
    // A user without an id in the hub owns no row and would get empty answers, so the token is refused instead.
    (role == Role::Admin || user_id.is_some()).then(|| Caller {
        name: claims.name.unwrap_or(claims.sub),
        role,
        user_id,
    })
}

fn read_set(path: &Path) -> Result<JwkSet, JwksError> {
    let unusable = |problem: String| JwksError {
        path: path.to_owned(),
        problem,
    };
    let text = std::fs::read_to_string(path).map_err(|error| unusable(error.to_string()))?;
    let set: JwkSet = serde_json::from_str(&text).map_err(|error| unusable(error.to_string()))?;
    let broken = set.keys.iter().find(|key| DecodingKey::from_jwk(key).is_err());
    match (set.keys.is_empty(), broken) {
        (true, _) => Err(unusable("it holds no key".into())),
        (_, Some(key)) => Err(unusable(format!(
            "its key {:?} is of no known kind",
            key.common.key_id
        ))),
        (false, None) => Ok(set),
    }
}
