//! Secrets compared in constant time.

use subtle::ConstantTimeEq;

/// Returns whether a given text is the secret. The time depends on the lengths only, so that it gives no part of the secret away.
#[must_use]
pub fn is_same_secret(secret: &str, given: &str) -> bool {
    secret.as_bytes().ct_eq(given.as_bytes()).into()
}
