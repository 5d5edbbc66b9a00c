//! Encryption in the age format (<https://age-encryption.org/v1>), so that the `age` program can read the files, too.

use std::fmt;
use std::fs::File;
use std::io::{self, BufReader, Cursor, Read, Write};
use std::path::Path;

use age::{DecryptError, Decryptor, Encryptor, Identity, IdentityFile, Recipient, scrypt, x25519};
use api::backups::BackupEncryption;
use secrecy::{ExposeSecret, SecretString};

/// Every age file starts with these bytes.
const MAGIC: &[u8] = b"age-encryption.org/";

/// Largest accepted scrypt work factor, as a power of 2. It stands in the file: 21 needs 2 GB of memory, and a forged
/// file could ask for more.
const WORK_FACTOR_MAX: u8 = 21;

/// Public keys that files are encrypted for.
pub type Recipients = Vec<x25519::Recipient>;

/// Secret keys that files are decrypted with.
pub type Identities = Vec<Box<dyn Identity + Send + Sync>>;

/// How stored files are encrypted.
#[derive(Default)]
pub enum Encryption {
    #[default]
    None,
    Passphrase(SecretString),
    /// Public keys, and the secret keys that belong to them. Without secret keys Decant writes files that it cannot read.
    Keys {
        recipients: Recipients,
        identities: Identities,
    },
}

#[derive(Debug, thiserror::Error)]
pub enum DecryptionError {
    #[error(
        "it is encrypted, and Decant has no key for it: set DECANT_BACKUP_PASSPHRASE or DECANT_BACKUP_IDENTITY_FILE"
    )]
    NoKey,
    #[error("it is encrypted for another key or with another passphrase")]
    WrongKey,
    #[error("it is damaged: {0}")]
    Damaged(DecryptError),
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Prints the name of the method, because the settings, which are printed in tests and logs, hold secrets here.
impl fmt::Debug for Encryption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.kind())
    }
}

impl Encryption {
    /// Returns what manifests name.
    pub fn kind(&self) -> BackupEncryption {
        match self {
            Self::None => BackupEncryption::None,
            Self::Passphrase(_) => BackupEncryption::Passphrase,
            Self::Keys { .. } => BackupEncryption::Keys,
        }
    }

    /// Returns the suffix of an encrypted file's name: `.age`, or nothing.
    #[must_use]
    pub fn suffix(&self) -> &'static str {
        match self {
            Self::None => "",
            _ => ".age",
        }
    }

    /// Returns `false` if only public keys are set.
    #[must_use]
    pub fn can_read(&self) -> bool {
        !matches!(self, Self::Keys { identities, .. } if identities.is_empty())
    }

    /// Encrypts the bytes that `write_content` writes, and returns `output`.
    ///
    /// # Errors
    /// The first error of `write_content` or of `output`.
    pub fn write<W: Write>(
        &self,
        mut output: W,
        write_content: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> io::Result<W> {
        let encryptor = match self {
            Self::None => {
                write_content(&mut output)?;
                return Ok(output);
            }
            Self::Passphrase(passphrase) => {
                Encryptor::with_user_passphrase(passphrase.expose_secret().into())
            }
            Self::Keys { recipients, .. } => {
                Encryptor::with_recipients(recipients.iter().map(|recipient| recipient as &dyn Recipient))
                    .map_err(io::Error::other)?
            }
        };
        let mut encrypted = encryptor.wrap_output(output)?;
        write_content(&mut encrypted)?;
        encrypted.finish()
    }

    /// Returns a reader of the decrypted bytes. A file that is not encrypted is read as it is, so that encryption can be
    /// turned on while older files exist.
    ///
    /// # Errors
    /// [`DecryptionError`]. An error of the returned reader means that the file is damaged.
    pub fn read<'a>(&self, mut input: impl Read + 'a) -> Result<Box<dyn Read + 'a>, DecryptionError> {
        let mut beginning = Vec::with_capacity(MAGIC.len());
        input
            .by_ref()
            .take(MAGIC.len() as u64)
            .read_to_end(&mut beginning)?;
        let is_encrypted = beginning == MAGIC;
        let input = Cursor::new(beginning).chain(input);
        if !is_encrypted {
            return Ok(Box::new(input));
        }
        let decryptor =
            Decryptor::new_buffered(BufReader::with_capacity(64 * 1024, input)).map_err(decryption_error)?;
        let decrypted = match self {
            Self::None => return Err(DecryptionError::NoKey),
            Self::Keys { .. } if !self.can_read() => return Err(DecryptionError::NoKey),
            Self::Passphrase(passphrase) => {
                let mut identity = scrypt::Identity::new(passphrase.expose_secret().into());
                identity.set_max_work_factor(WORK_FACTOR_MAX);
                decryptor.decrypt(std::iter::once(&identity as &dyn Identity))
            }
            Self::Keys { identities, .. } => decryptor.decrypt(
                identities
                    .iter()
                    .map(|identity| identity.as_ref() as &dyn Identity),
            ),
        };
        Ok(Box::new(decrypted.map_err(decryption_error)?))
    }
}

fn decryption_error(error: DecryptError) -> DecryptionError {
    match error {
        DecryptError::Io(error) => DecryptionError::Io(error),
        DecryptError::NoMatchingKeys | DecryptError::KeyDecryptionFailed | DecryptError::DecryptionFailed => {
            DecryptionError::WrongKey
        }
        error => DecryptionError::Damaged(error),
    }
}

/// Parses public keys that are separated by commas or blanks.
///
/// # Errors
/// The predicate of a sentence whose subject is the setting.
pub fn parse_recipients(text: &str) -> Result<Recipients, String> {
    let keys = text.split([',', ' ', '\n']).filter(|key| !key.is_empty());
    let keys = keys.map(|key| {
        key.parse()
            .map_err(|_| "must be public keys of age, age1…, separated by commas".to_owned())
    });
    keys.collect()
}

/// Reads the secret keys from a file of `age-keygen`.
///
/// # Errors
/// The predicate of a sentence whose subject is the setting.
pub fn read_identities(path: &Path) -> Result<Identities, String> {
    let file = File::open(path).map_err(|error| format!("names a file that cannot be read: {error}"))?;
    let file = IdentityFile::from_buffer(BufReader::new(file))
        .map_err(|_| "names a file that is not a key file of age".to_owned())?;
    let identities = file
        .into_identities()
        .map_err(|error| format!("names a file with a key that cannot be used: {error}"))?;
    match identities.is_empty() {
        true => Err("names a file without a secret key".to_owned()),
        false => Ok(identities),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONTENT: &[u8] = b"PGDMP and more bytes";

    fn passphrase(text: &str) -> Encryption {
        Encryption::Passphrase(text.into())
    }

    fn keys(secret: &x25519::Identity, known: bool) -> Encryption {
        Encryption::Keys {
            recipients: vec![secret.to_public()],
            identities: match known {
                true => vec![Box::new(secret.clone())],
                false => Vec::new(),
            },
        }
    }

    fn written(encryption: &Encryption) -> Vec<u8> {
        encryption
            .write(Vec::new(), |output| output.write_all(CONTENT))
            .unwrap()
    }

    fn read(encryption: &Encryption, bytes: &[u8]) -> Result<Vec<u8>, DecryptionError> {
        let mut content = Vec::new();
        encryption.read(bytes)?.read_to_end(&mut content)?;
        Ok(content)
    }

    #[test]
    fn only_the_right_key_decrypts() {
        let secret = x25519::Identity::generate();
        for encryption in [Encryption::None, passphrase("correct horse"), keys(&secret, true)] {
            let bytes = written(&encryption);
            assert_eq!(
                bytes.starts_with(MAGIC),
                encryption.kind() != BackupEncryption::None
            );
            assert_eq!(read(&encryption, &bytes).unwrap(), CONTENT);
        }
        let others = x25519::Identity::generate();
        let bytes = written(&keys(&secret, false));
        assert!(matches!(
            read(&keys(&others, true), &bytes),
            Err(DecryptionError::WrongKey)
        ));
        assert!(matches!(
            read(&keys(&secret, false), &bytes),
            Err(DecryptionError::NoKey)
        ));
        assert!(matches!(
            read(&Encryption::None, &bytes),
            Err(DecryptionError::NoKey)
        ));
        let bytes = written(&passphrase("correct horse"));
        assert!(matches!(
            read(&passphrase("battery staple"), &bytes),
            Err(DecryptionError::WrongKey)
        ));
    }

    #[test]
    fn a_damaged_file_is_refused() {
        let secret = x25519::Identity::generate();
        let encryption = keys(&secret, true);
        let bytes = written(&encryption);
        for at in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[at] ^= 1;
            let read = read(&encryption, &damaged);
            assert!(
                read.is_err() || read.is_ok_and(|content| content == damaged),
                "byte {at}"
            );
            assert!(
                self::read(&encryption, &bytes[..at]).is_ok_and(|content| content == bytes[..at])
                    == (at < MAGIC.len()),
                "{at}"
            );
        }
    }
}
