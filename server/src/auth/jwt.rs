//! Bearer tokens of others (RFC 7519): signed with a shared secret, or with a key of a JSON Web Key Set.

use std::path::{Path, PathBuf};

use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use super::caller::{Caller, Role};

/// Signatures by public keys. A token may not choose a shared secret where a public key is expected (RFC 8725, 2.1).
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

/// What bearer tokens are checked with.
#[derive(Default)]
pub struct TokenKeys {
    secret: Option<DecodingKey>,
    set: Option<JwkSet>,
}

/// A key set that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("JWKS_FILE: the key set {path} cannot be used: {problem}")]
pub struct JwksError {
    path: PathBuf,
    problem: String,
}

/// What a token says.
#[derive(Deserialize)]
struct Claims {
    sub: String,
    role: Option<String>,
    name: Option<String>,
}

impl TokenKeys {
    /// The shared secret, the key set's file, or both.
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

    /// `None`: this is no such token. Otherwise its caller, or `None` again if it is forged, expired or not usable.
    pub fn verify(&self, token: &str) -> Option<Option<Caller>> {
        let header = decode_header(token).ok()?;
        let key = match (header.alg, &self.secret) {
            (Algorithm::HS256, Some(secret)) => Some(secret.clone()),
            (algorithm, _) if PUBLIC.contains(&algorithm) => self.public_key(header.kid.as_deref()),
            _ => None,
        };
        Some(key.and_then(|key| claimed(token, header.alg, &key)))
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
    // A user who is no user of the hub would own nothing, and not know why.
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
