//! Encryption in the age format (<https://age-encryption.org/v1>), so that the `age` program can read the files, too.

use std::fmt;
use std::fs::File;
use std::io::{self, BufReader, Cursor, Read, Write};
use std::path::Path;

use age::stream::StreamWriter;
use age::{DecryptError, Decryptor, Encryptor, Identity, IdentityFile, Recipient, scrypt, x25519};
use api::backups::BackupEncryption;
use secrecy::{ExposeSecret, SecretString};

/// Every age file starts with these bytes.
const MAGIC: &[u8] = b"age-encryption.org/";

/// The scrypt work factor of files that are encrypted with a passphrase, as a power of 2: that of the program `age`. It takes
/// 256 MB of memory and about a second.
pub(super) const WORK_FACTOR: u8 = 18;

/// Older versions of Decant chose the work factor that takes their machine a second. 20 takes 1 GB of memory. The factor
/// stands in the file, so a forged file could ask for more.
const WORK_FACTOR_OF_OLDER: u8 = 20;

/// Returns whether a file with this beginning is encrypted.
#[must_use]
pub fn is_encrypted(beginning: &[u8]) -> bool {
    beginning.starts_with(MAGIC)
}

/// What a reader of stored files accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Accept {
    /// Whether a file may be unencrypted although encryption is set.
    plaintext: bool,
    work_factor_max: u8,
}

impl Accept {
    /// Files as this version writes them.
    pub const OWN: Self = Self {
        plaintext: false,
        work_factor_max: WORK_FACTOR,
    };

    /// Encrypted files of older versions, too.
    pub const OLDER: Self = Self {
        plaintext: false,
        work_factor_max: WORK_FACTOR_OF_OLDER,
    };

    /// Files that were made before encryption was set, too. Only an explicit request may use this.
    pub const PLAINTEXT: Self = Self {
        plaintext: true,
        work_factor_max: WORK_FACTOR_OF_OLDER,
    };
}

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
    #[error("it is not encrypted, but encryption is set, so it was replaced or made before that")]
    NotEncrypted,
    #[error("its decryption would take more than {}: the file asks for the scrypt work factor {factor}", memory(*max))]
    TooMuchWork { factor: u8, max: u8 },
    #[error("it is damaged: {0}")]
    Damaged(DecryptError),
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Returns the memory that scrypt takes with this work factor.
fn memory(factor: u8) -> String {
    format!("{} MB of memory", (1_u64 << factor) / 1024)
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

    /// Returns whether files are encrypted.
    #[must_use]
    pub fn is_on(&self) -> bool {
        !matches!(self, Self::None)
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
        match self.encryptor()? {
            None => {
                write_content(&mut output)?;
                Ok(output)
            }
            Some(encryptor) => {
                let mut encrypted = encryptor.wrap_output(output)?;
                write_content(&mut encrypted)?;
                encrypted.finish()
            }
        }
    }

    /// Returns a writer that encrypts to `output`; `None` without encryption.
    ///
    /// # Errors
    /// The first error of `output`; the recipients cannot be used.
    pub(super) fn encrypt_to<W: Write>(&self, output: W) -> io::Result<Option<StreamWriter<W>>> {
        let encryptor = self.encryptor()?;
        encryptor
            .map(|encryptor| encryptor.wrap_output(output))
            .transpose()
    }

    fn encryptor(&self) -> io::Result<Option<Encryptor>> {
        let encryptor = match self {
            Self::None => return Ok(None),
            Self::Passphrase(passphrase) => {
                let mut recipient = scrypt::Recipient::new(passphrase.expose_secret().into());
                recipient.set_work_factor(WORK_FACTOR);
                Encryptor::with_recipients(std::iter::once(&recipient as &dyn Recipient))
            }
            Self::Keys { recipients, .. } => {
                Encryptor::with_recipients(recipients.iter().map(|recipient| recipient as &dyn Recipient))
            }
        };
        Ok(Some(encryptor.map_err(io::Error::other)?))
    }

    /// Returns a reader of the decrypted bytes.
    ///
    /// # Errors
    /// [`DecryptionError`]. An error of the returned reader means that the file is damaged.
    pub fn read<'a>(
        &self,
        mut input: impl Read + 'a,
        accept: Accept,
    ) -> Result<Box<dyn Read + 'a>, DecryptionError> {
        let mut beginning = Vec::with_capacity(MAGIC.len());
        input
            .by_ref()
            .take(MAGIC.len() as u64)
            .read_to_end(&mut beginning)?;
        let is_encrypted = is_encrypted(&beginning);
        let input = Cursor::new(beginning).chain(input);
        if !is_encrypted {
            return match self {
                Self::None => Ok(Box::new(input)),
                _ if accept.plaintext => Ok(Box::new(input)),
                _ => Err(DecryptionError::NotEncrypted),
            };
        }
        let decryptor =
            Decryptor::new_buffered(BufReader::with_capacity(64 * 1024, input)).map_err(decryption_error)?;
        let decrypted = match self {
            Self::None => return Err(DecryptionError::NoKey),
            Self::Keys { .. } if !self.can_read() => return Err(DecryptionError::NoKey),
            Self::Passphrase(passphrase) => {
                let mut identity = scrypt::Identity::new(passphrase.expose_secret().into());
                identity.set_max_work_factor(accept.work_factor_max);
                decryptor.decrypt(std::iter::once(&identity as &dyn Identity))
            }
            Self::Keys { identities, .. } => decryptor.decrypt(
                identities
                    .iter()
                    .map(|identity| identity.as_ref() as &dyn Identity),
            ),
        };
        let max = accept.work_factor_max;
        Ok(Box::new(decrypted.map_err(|error| match error {
            DecryptError::ExcessiveWork { required: factor, .. } => {
                DecryptionError::TooMuchWork { factor, max }
            }
            error => decryption_error(error),
        })?))
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
        encryption.read(bytes, Accept::OWN)?.read_to_end(&mut content)?;
        Ok(content)
    }

    #[test]
    fn plaintext_is_read_only_on_request_when_encryption_is_set() {
        let encryption = passphrase("correct horse");
        assert!(matches!(
            read(&encryption, CONTENT),
            Err(DecryptionError::NotEncrypted)
        ));
        assert!(matches!(
            encryption.read(CONTENT, Accept::OLDER),
            Err(DecryptionError::NotEncrypted)
        ));
        let mut content = Vec::new();
        let mut reader = encryption.read(CONTENT, Accept::PLAINTEXT).unwrap();
        reader.read_to_end(&mut content).unwrap();
        assert_eq!(content, CONTENT);
    }

    #[test]
    fn the_file_does_not_choose_the_cost_of_its_decryption() {
        // A header of `age` whose body is no key: the factor is checked before scrypt runs.
        let header = format!(
            "age-encryption.org/v1\n-> scrypt AAAAAAAAAAAAAAAAAAAAAA 21\n{}\n--- {}\n{}",
            "A".repeat(43),
            "A".repeat(43),
            "x".repeat(100)
        );
        let read = read(&passphrase("correct horse"), header.as_bytes());
        let error = read.unwrap_err();
        assert!(
            matches!(error, DecryptionError::TooMuchWork { factor: 21, max: 18 }),
            "{error}"
        );
        assert!(error.to_string().contains("256 MB"), "{error}");
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
            assert!(read.is_err(), "byte {at}");
            assert!(self::read(&encryption, &bytes[..at]).is_err(), "{at}");
        }
    }
}
