//! Backups that only some can read: age files (<https://age-encryption.org/v1>), which the `age` program reads, too.

use std::fmt;
use std::fs::File;
use std::io::{self, BufReader, Cursor, Read, Write};
use std::path::Path;

use age::{DecryptError, Decryptor, Encryptor, Identity, IdentityFile, Recipient, scrypt, x25519};
use secrecy::{ExposeSecret, SecretString};

/// What every age file begins with.
const MAGIC: &[u8] = b"age-encryption.org/";

/// scrypt may ask for so much work, 2 to the power of it, to open a file: 2 GB of memory.
const WORK_FACTOR_MAX: u8 = 21;

/// Who can read the backups.
#[derive(Default)]
pub enum Encryption {
    /// Whoever can read the storage.
    #[default]
    None,
    /// Whoever knows the passphrase.
    Passphrase(SecretString),
    /// Whoever has the secret key of one of these.
    Keys {
        /// The public keys.
        recipients: Vec<x25519::Recipient>,
        /// The secret keys, so that Decant can itself read what it wrote. Without them it cannot prove a backup.
        identities: Vec<Box<dyn Identity + Send + Sync>>,
    },
}

/// Why an encrypted backup cannot be read.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say it")]
pub enum NotReadable {
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

/// No secret is shown.
impl fmt::Debug for Encryption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl Encryption {
    /// The word for people and in records.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Passphrase(_) => "passphrase",
            Self::Keys { .. } => "keys",
        }
    }

    /// What is added to the name of a file.
    #[must_use]
    pub fn ending(&self) -> &'static str {
        match self {
            Self::None => "",
            _ => ".age",
        }
    }

    /// Whether Decant can read what it writes.
    #[must_use]
    pub fn can_read(&self) -> bool {
        !matches!(self, Self::Keys { identities, .. } if identities.is_empty())
    }

    /// Writes everything that `content` writes, encrypted.
    ///
    /// # Errors
    /// What either of them says.
    pub fn write<W: Write>(
        &self,
        mut output: W,
        content: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> io::Result<W> {
        let encryptor = match self {
            Self::None => {
                content(&mut output)?;
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
        content(&mut encrypted)?;
        encrypted.finish()
    }

    /// What was written, be it encrypted or not.
    ///
    /// # Errors
    /// [`NotReadable`]. The reader's own errors say that the file is damaged.
    pub fn read<'a>(&self, mut input: impl Read + 'a) -> Result<Box<dyn Read + 'a>, NotReadable> {
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
            Decryptor::new_buffered(BufReader::with_capacity(64 * 1024, input)).map_err(not_readable)?;
        let decrypted = match self {
            Self::None => return Err(NotReadable::NoKey),
            Self::Keys { .. } if !self.can_read() => return Err(NotReadable::NoKey),
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
        Ok(Box::new(decrypted.map_err(not_readable)?))
    }
}

fn not_readable(error: DecryptError) -> NotReadable {
    match error {
        DecryptError::Io(error) => NotReadable::Io(error),
        DecryptError::NoMatchingKeys | DecryptError::KeyDecryptionFailed | DecryptError::DecryptionFailed => {
            NotReadable::WrongKey
        }
        error => NotReadable::Damaged(error),
    }
}

/// Public keys, separated by commas or blanks.
///
/// # Errors
/// What is wrong, for people.
pub fn parse_recipients(text: &str) -> Result<Vec<x25519::Recipient>, String> {
    let keys = text.split([',', ' ', '\n']).filter(|key| !key.is_empty());
    let keys = keys.map(|key| {
        key.parse()
            .map_err(|_| "must be public keys of age, age1…, separated by commas".to_owned())
    });
    keys.collect()
}

/// The secret keys of a file as `age-keygen` writes it.
///
/// # Errors
/// What is wrong, for people.
pub fn read_identities(path: &Path) -> Result<Vec<Box<dyn Identity + Send + Sync>>, String> {
    let file = File::open(path).map_err(|error| format!("names a file that cannot be read: {error}"))?;
    let file = IdentityFile::from_buffer(BufReader::new(file))
        .map_err(|_| "names a file that is none of age's with secret keys".to_owned())?;
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

    const CONTENT: &[u8] = b"PGDMP and whatever follows";

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

    fn read(encryption: &Encryption, bytes: &[u8]) -> Result<Vec<u8>, NotReadable> {
        let mut content = Vec::new();
        encryption.read(bytes)?.read_to_end(&mut content)?;
        Ok(content)
    }

    #[test]
    fn what_was_written_is_read_by_who_may() {
        let secret = x25519::Identity::generate();
        for encryption in [Encryption::None, passphrase("correct horse"), keys(&secret, true)] {
            let bytes = written(&encryption);
            assert_eq!(bytes.starts_with(MAGIC), encryption.word() != "none");
            assert_eq!(read(&encryption, &bytes).unwrap(), CONTENT);
        }
        let others = x25519::Identity::generate();
        let bytes = written(&keys(&secret, false));
        assert!(matches!(
            read(&keys(&others, true), &bytes),
            Err(NotReadable::WrongKey)
        ));
        assert!(matches!(
            read(&keys(&secret, false), &bytes),
            Err(NotReadable::NoKey)
        ));
        assert!(matches!(read(&Encryption::None, &bytes), Err(NotReadable::NoKey)));
        let bytes = written(&passphrase("correct horse"));
        assert!(matches!(
            read(&passphrase("battery staple"), &bytes),
            Err(NotReadable::WrongKey)
        ));
    }

    #[test]
    fn what_is_damaged_is_not_read() {
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
