//! The signature in the address of a link. Without it, somebody who guesses an id has no link.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use secrecy::SecretString;
use sha2::Sha256;
use uuid::Uuid;

use crate::auth::derive_key;

/// Separates this use of the secret from the signature of sessions.
const PURPOSE: &[u8] = b"decant export links 1";

/// Signs links and verifies signatures. Servers that share links need the same secret.
pub struct LinkSigner(Hmac<Sha256>);

impl LinkSigner {
    #[must_use]
    pub fn new(secret: &SecretString) -> Self {
        let key = derive_key(secret, PURPOSE);
        Self(Hmac::new_from_slice(&key).expect("a key of HMAC has any length"))
    }

    /// Returns the signature of a link as base64url without padding, 43 characters.
    #[must_use]
    pub fn sign(&self, link: Uuid) -> String {
        let code = self.0.clone().chain_update(link.as_bytes()).finalize();
        URL_SAFE_NO_PAD.encode(code.into_bytes())
    }

    /// Returns whether the signature is that of the link. The comparison takes the same time for every wrong signature.
    #[must_use]
    pub fn verifies(&self, link: Uuid, signature: &str) -> bool {
        let Ok(found) = URL_SAFE_NO_PAD.decode(signature) else {
            return false;
        };
        let code = self.0.clone().chain_update(link.as_bytes());
        code.verify_slice(&found).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_signature_of_this_link_with_this_secret_is_good() {
        let signer = LinkSigner::new(&"a secret of these tests".into());
        let other = LinkSigner::new(&"another secret".into());
        let (link, other_link) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let signature = signer.sign(link);
        assert_eq!(signature.len(), 43);
        assert!(signer.verifies(link, &signature));
        assert!(!signer.verifies(other_link, &signature) && !other.verifies(link, &signature));
        for wrong in [
            "",
            "x",
            &signature[1..],
            &format!("{signature}="),
            &other.sign(link),
        ] {
            assert!(!signer.verifies(link, wrong), "{wrong}");
        }
    }
}
