//! Bearer tokens that other services sign (RFC 7519), with a shared secret or with a key of a JSON Web Key Set.

use std::path::Path;

use api::login::Role;
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::Value;

use super::key_set::{JwksError, KeySet};
use super::options::TokenRules;

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

/// The most characters of a subject (OpenID Connect Core 1.0, section 2) and of a name.
const TEXT_CHARACTERS_MAX: usize = 255;

const NO_AUDIENCE: &str = "it has `aud`, and JWT_AUDIENCE is not set";

/// The keys that verify bearer tokens, and the claims that a token must have.
#[derive(Default)]
pub struct TokenKeys {
    secret: Option<DecodingKey>,
    set: Option<KeySet>,
    rules: TokenRules,
}

/// The claims of a token that are read.
#[derive(Deserialize)]
struct Claims {
    sub: String,
    aud: Option<Value>,
    role: Option<String>,
    name: Option<String>,
}

/// The claims of a token whose signature and times are right.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Token {
    /// The claim `sub`: 1 to 255 characters, without control characters and without blanks around it.
    pub subject: String,
    pub name: Option<String>,
    pub role: Role,
}

/// The outcome of [`TokenKeys::verify`].
pub(super) enum TokenCheck {
    /// The credential has not the form of a token. It may be a key of the hub.
    NotAToken,
    /// The token is refused. The reason is for the log.
    Invalid(String),
    Valid(Token),
}

impl TokenKeys {
    /// Takes the shared secret, the key set in the file, or both.
    ///
    /// # Errors
    /// [`JwksError`] if the file is not a key set.
    pub fn load(
        secret: Option<&SecretString>,
        file: Option<&Path>,
        rules: TokenRules,
    ) -> Result<Self, JwksError> {
        let set = file.map(KeySet::read).transpose()?;
        Ok(Self {
            secret: secret.map(|secret| DecodingKey::from_secret(secret.expose_secret().as_bytes())),
            set,
            rules,
        })
    }

    /// Returns whether every token with `aud` is refused, because no audience is set.
    #[must_use]
    pub fn refuses_any_audience(&self) -> bool {
        (self.secret.is_some() || self.set.is_some()) && self.rules.audience.is_none()
    }

    /// Returns a warning if the issuer's tokens for any other service are accepted as well.
    #[must_use]
    pub fn warning(&self) -> Option<&'static str> {
        let is_open = self.set.is_some() && self.rules.audience.is_none() && self.rules.issuer.is_none();
        is_open.then_some(
            "JWKS_FILE is set without JWT_AUDIENCE and JWT_ISSUER. Decant accepts every token without `aud` that a key of the \
             file has signed, also one that was made for another service: any service that receives such a token can use \
             it here. Set JWT_AUDIENCE to the value of `aud` in tokens for Decant (RFC 8725, 3.9)",
        )
    }

    /// Returns the id of the hub's user whom this subject names, if tokens name users of the hub.
    pub(super) fn hub_user(&self, subject: &str) -> Option<i64> {
        let id: i64 = subject.parse().ok().filter(|_| self.rules.are_hub_users)?;
        // Other notations of the number are other subjects to the issuer.
        (id.to_string() == subject).then_some(id)
    }

    /// Verifies the signature, the times and the claims of a token.
    pub(super) fn verify(&self, token: &str) -> TokenCheck {
        let Ok(header) = decode_header(token) else {
            return TokenCheck::NotAToken;
        };
        // Extensions that must be understood (RFC 7515, 4.1.11). Decant understands none.
        if header.crit.is_some() {
            return TokenCheck::Invalid("its header has `crit`".to_owned());
        }
        let key = match (header.alg, &self.secret) {
            (Algorithm::HS256, Some(secret)) => Some(secret.clone()),
            (algorithm, _) if PUBLIC.contains(&algorithm) => {
                let set = self.set.as_ref();
                set.and_then(|set| set.key(header.kid.as_deref(), algorithm))
            }
            _ => None,
        };
        let Some(key) = key else {
            return TokenCheck::Invalid("no key for it is set".to_owned());
        };
        match self.claimed(token, header.alg, &key) {
            Ok(token) => TokenCheck::Valid(token),
            Err(reason) => TokenCheck::Invalid(reason),
        }
    }

    /// Returns the claims of a token, or the reason for which its signature, its times or its claims are refused.
    fn claimed(&self, token: &str, algorithm: Algorithm, key: &DecodingKey) -> Result<Token, String> {
        let TokenRules { audience, issuer, .. } = &self.rules;
        let mut required = vec!["exp", "sub"];
        let mut rules = Validation::new(algorithm);
        if let Some(audience) = audience {
            rules.set_audience(&[audience]);
            required.push("aud");
        }
        if let Some(issuer) = issuer {
            rules.set_issuer(&[issuer]);
            required.push("iss");
        }
        rules.set_required_spec_claims(&required);
        rules.validate_nbf = true;
        let claims = decode::<Claims>(token, key, &rules)
            .map_err(|error| match error.kind() {
                // The message of this one may quote a claim.
                ErrorKind::Json(_) => "its claims cannot be read".to_owned(),
                ErrorKind::InvalidAudience if audience.is_none() => NO_AUDIENCE.to_owned(),
                _ => error.to_string(),
            })?
            .claims;
        // Without JWT_AUDIENCE, Decant is not among the receivers of a token that names some (RFC 7519, 4.1.3).
        if audience.is_none() && claims.aud.is_some() {
            return Err(NO_AUDIENCE.to_owned());
        }
        if !is_plain(&claims.sub) {
            return Err("its `sub` cannot be used".to_owned());
        }
        Ok(Token {
            role: match claims.role.as_deref() {
                Some("admin") => Role::Admin,
                _ => Role::User,
            },
            name: claims.name.filter(|name| is_plain(name)),
            subject: claims.sub,
        })
    }
}

/// Returns whether the text can be shown in a log and bound in SQL.
fn is_plain(text: &str) -> bool {
    !text.is_empty()
        && text.trim() == text
        && !text.contains(char::is_control)
        && text.chars().count() <= TEXT_CHARACTERS_MAX
}
