//! The names of secrets, and what stands in the place of their values.

/// The text in the place of a secret.
pub const MASK: &str = "***";

/// A name is secret if it contains one of these texts, in any case. `key` also covers `x-api-key`.
const SECRET_TEXTS: [&str; 11] = [
    "authorization",
    "cookie",
    "credential",
    "jwt",
    "key",
    "passphrase",
    "passwd",
    "password",
    "secret",
    "signature",
    "token",
];

/// A name is secret if one of these is a word of it, in any case. `sig` is the signature of an address in Azure's storage.
const SECRET_WORDS: [&str; 5] = ["auth", "pass", "pwd", "sas", "sig"];

/// Returns whether the value of a header or parameter with this name is a secret.
pub(super) fn is_secret(name: &str) -> bool {
    // All of Unicode, because U+212A (Kelvin) also becomes a `k`.
    let name = name.to_lowercase();
    let mut words = name.split(|letter: char| !letter.is_alphanumeric());
    SECRET_TEXTS.iter().any(|text| name.contains(text)) || words.any(|word| SECRET_WORDS.contains(&word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_with_a_secret_word_are_secret_in_any_case() {
        for name in [
            "authorization",
            "Proxy-Authorization",
            "X-API-KEY",
            "cookie",
            "set-cookie",
            "anthropic-token-x",
            "Client_Secret",
            "x-goog-api-\u{212a}ey",
            "access_token",
            "X-Amz-Credential",
            "x-auth",
            "PWD",
            "db.pass",
        ] {
            assert!(is_secret(name), "{name}");
        }
        for name in [
            "content-type",
            "accept",
            "user-agent",
            "host",
            "anthropic-version",
            "x-author",
            "x-passenger",
        ] {
            assert!(!is_secret(name), "{name}");
        }
    }
}
