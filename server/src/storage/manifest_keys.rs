//! The keys that authenticate manifests.
//!
//! With a passphrase, the key is derived from it. So another machine that has the passphrase can verify the manifests after
//! this machine is lost. Otherwise the secret is a setting, or a file in the data folder: everybody can encrypt for a public
//! key.

use std::path::Path;
use std::{fmt, io};

use hmac::{Hmac, KeyInit, Mac};
use scrypt::{Params, scrypt};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;

use super::encryption::{Encryption, WORK_FACTOR};
use crate::auth::{derive_key, read_or_create_secret, read_secret};
use crate::hex::to_hex;

/// The file of the data folder with the secret of the manifests.
const SECRET_FILE: &str = "manifest.secret";

/// Separates this use of the passphrase from the encryption of files, which has a random salt for each file.
const SALT: &[u8] = b"decant manifests 1";

const KEY_BYTES: usize = 32;

type Key = [u8; KEY_BYTES];

/// The keys of the codes.
pub(super) struct ManifestKeys {
    /// Writes codes, and verifies them.
    own: Key,
    /// Only verifies codes: manifests that were written before a passphrase or a secret was set.
    earlier: Option<Key>,
}

impl ManifestKeys {
    /// Returns the keys. `secret` is the setting. With a passphrase this takes a second of processor time, as long as the
    /// decryption of one file.
    ///
    /// # Errors
    /// The secret of the data folder cannot be read or created.
    pub fn new(encryption: &Encryption, secret: Option<&SecretString>, data_dir: &Path) -> io::Result<Self> {
        let of_secret = |secret: &SecretString| derive_key(secret, SALT);
        let own = match (secret, encryption) {
            (Some(secret), _) => of_secret(secret),
            (None, Encryption::Passphrase(passphrase)) => of_passphrase(passphrase),
            (None, Encryption::None | Encryption::Keys { .. }) => {
                let own = of_secret(&read_or_create_secret(data_dir, SECRET_FILE)?);
                return Ok(Self { own, earlier: None });
            }
        };
        let kept = read_secret(data_dir, SECRET_FILE)?;
        Ok(Self {
            own,
            earlier: kept.as_ref().map(of_secret),
        })
    }

    /// Returns the code of this content, in hexadecimal digits.
    #[must_use]
    pub fn code(&self, content: &[u8]) -> String {
        to_hex(&code(&self.own, content))
    }

    /// Returns whether a code was made from this content with one of the keys.
    #[must_use]
    pub fn is_authentic(&self, content: &[u8], found: &str) -> bool {
        let keys = std::iter::once(&self.own).chain(&self.earlier);
        let Some(found) = from_hex(found) else {
            return false;
        };
        // The comparison takes the same time for every wrong code.
        keys.into_iter()
            .any(|key| hmac(key, content).verify_slice(&found).is_ok())
    }
}

fn of_passphrase(passphrase: &SecretString) -> Key {
    let parameters = Params::new(WORK_FACTOR, 8, 1, KEY_BYTES).expect("the parameters are those of age");
    let mut key = [0; KEY_BYTES];
    scrypt(passphrase.expose_secret().as_bytes(), SALT, &parameters, &mut key).expect("32 bytes are allowed");
    key
}

fn hmac(key: &[u8], content: &[u8]) -> Hmac<Sha256> {
    let mut code = Hmac::<Sha256>::new_from_slice(key).expect("a key of HMAC has any length");
    code.update(content);
    code
}

fn code(key: &[u8], content: &[u8]) -> Key {
    hmac(key, content).finalize().into_bytes().into()
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digits = text.as_bytes();
    let is_whole = digits.len() == 2 * KEY_BYTES && digits.iter().all(u8::is_ascii_hexdigit);
    let pairs = is_whole.then(|| digits.chunks(2))?;
    pairs
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
        .collect()
}

/// Prints no key.
impl fmt::Debug for ManifestKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ManifestKeys")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_code_of_a_known_key_is_authentic() {
        let keys = ManifestKeys {
            own: [1; KEY_BYTES],
            earlier: Some([2; KEY_BYTES]),
        };
        let text = |key| to_hex(&code(&[key; KEY_BYTES], b"content"));
        for (found, expected) in [
            (text(1), true),
            (text(2), true),
            (text(3), false),
            (String::new(), false),
            ("zz".repeat(KEY_BYTES), false),
            (text(1)[1..].to_owned(), false),
        ] {
            assert_eq!(keys.is_authentic(b"content", &found), expected, "{found}");
        }
        assert!(!keys.is_authentic(b"other content", &text(1)));
    }
}
