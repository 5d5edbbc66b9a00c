//! The credential of a caller, as a background export records it.

use std::fmt;
use std::str::FromStr;

use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

use crate::hex::to_hex;

/// The bytes of a [`TokenFingerprint`].
const FINGERPRINT_BYTES: usize = 16;

/// Identifies a credential without its secret. Written `key:12`, `token:` with a fingerprint, `jwt` or `operator`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CredentialId {
    /// `keys.id` of the hub.
    HubKey(i64),
    AdminToken(TokenFingerprint),
    /// A bearer token that was valid when the caller sent it.
    Jwt,
    /// The database's address, which the user of the command line knows.
    CommandLine,
}

/// The beginning of a SHA-256 of ADMIN_TOKEN in hexadecimal digits. A changed token has another one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenFingerprint(String);

/// A text is no [`CredentialId`].
#[derive(Debug, thiserror::Error)]
#[error("is no credential of a record")]
pub struct NoCredentialId;

impl TokenFingerprint {
    #[must_use]
    pub fn of(token: &SecretString) -> Self {
        let mut hash = Sha256::new();
        hash.update("decant admin token\0");
        hash.update(token.expose_secret());
        let digest = hash.finalize();
        Self(to_hex(&digest[..FINGERPRINT_BYTES]))
    }
}

impl fmt::Display for CredentialId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::HubKey(id) => write!(formatter, "key:{id}"),
            Self::AdminToken(TokenFingerprint(digits)) => write!(formatter, "token:{digits}"),
            Self::Jwt => formatter.write_str("jwt"),
            Self::CommandLine => formatter.write_str("operator"),
        }
    }
}

impl FromStr for CredentialId {
    type Err = NoCredentialId;

    fn from_str(text: &str) -> Result<Self, NoCredentialId> {
        match (text, text.split_once(':')) {
            ("jwt", _) => Ok(Self::Jwt),
            ("operator", _) => Ok(Self::CommandLine),
            (_, Some(("key", id))) => id.parse().map(Self::HubKey).map_err(|_| NoCredentialId),
            (_, Some(("token", digits))) => Ok(Self::AdminToken(TokenFingerprint(digits.to_owned()))),
            _ => Err(NoCredentialId),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_credential_is_read_as_it_is_written() {
        let token = TokenFingerprint::of(&SecretString::from("secret"));
        assert_ne!(token, TokenFingerprint::of(&SecretString::from("another")));
        for credential in [
            CredentialId::HubKey(12),
            CredentialId::AdminToken(token),
            CredentialId::Jwt,
            CredentialId::CommandLine,
        ] {
            assert_eq!(
                credential.to_string().parse::<CredentialId>().unwrap(),
                credential
            );
        }
        for text in ["", "key:", "key:x", "session", "hub:7"] {
            assert!(text.parse::<CredentialId>().is_err(), "{text}");
        }
    }
}
