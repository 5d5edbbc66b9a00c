//! The API keys of a demo database, made from a secret: Decant's source alone gives none of them away.

use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

/// A shorter secret could be guessed, and the keys with it.
const SECRET_CHARACTERS_MIN: usize = 32;

/// The part of the digest that a key shows: 128 bits, as in the hub's own keys.
const KEY_BYTES: usize = 16;

/// The secret has fewer than 32 characters.
#[derive(Debug, thiserror::Error)]
#[error(
    "the secret that the demo's keys are made from must have at least {SECRET_CHARACTERS_MIN} characters"
)]
pub struct ShortSecret;

/// Makes the keys of a demo database. The same secret gives the same keys.
#[derive(Clone, Debug)]
pub struct KeyMaker(SecretString);

impl KeyMaker {
    /// Makes keys from this secret.
    ///
    /// # Errors
    /// [`ShortSecret`] if it has fewer than 32 characters.
    pub fn new(secret: SecretString) -> Result<Self, ShortSecret> {
        match secret.expose_secret().chars().count() {
            ..SECRET_CHARACTERS_MIN => Err(ShortSecret),
            _ => Ok(Self(secret)),
        }
    }

    /// Returns the key with this label. Keys with different labels have nothing in common, so one of them gives no other away.
    pub(crate) fn key(&self, label: &str) -> String {
        let mut hash = Sha256::new();
        hash.update(self.0.expose_secret());
        hash.update("\0");
        hash.update(label);
        let digits = hash.finalize()[..KEY_BYTES]
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect::<String>();
        format!("sk-decant-{digits}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn maker(secret: &str) -> KeyMaker {
        KeyMaker::new(SecretString::from(secret.repeat(32))).unwrap()
    }

    #[test]
    fn keys_depend_on_the_secret_and_the_label_only() {
        assert_eq!(maker("a").key("admin"), maker("a").key("admin"));
        assert_ne!(maker("a").key("admin"), maker("a").key("user"));
        assert_ne!(maker("a").key("admin"), maker("b").key("admin"));
    }

    #[test]
    fn a_short_secret_is_refused() {
        assert!(matches!(
            KeyMaker::new(SecretString::from("x".repeat(31))),
            Err(ShortSecret)
        ));
    }
}
