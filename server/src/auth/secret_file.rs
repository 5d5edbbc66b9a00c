//! Secrets that Decant makes up itself and keeps in its data folder, and keys that are derived from secrets.

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use hmac::{Hmac, KeyInit, Mac};
use rand::distr::{Alphanumeric, SampleString};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;
use tempfile::NamedTempFile;

use crate::private_folder;

/// 40 letters and digits hold 238 bits.
const CHARACTERS: usize = 40;

/// Returns the key that is derived from a secret for this purpose, by HMAC-SHA256 (RFC 2104). One secret has other keys for other
/// purposes.
#[must_use]
pub fn derive_key(secret: &SecretString, purpose: &[u8]) -> [u8; 32] {
    let keyed = Hmac::<Sha256>::new_from_slice(secret.expose_secret().as_bytes());
    let code = keyed.expect("a key of HMAC has any length").chain_update(purpose);
    code.finalize().into_bytes().into()
}

/// Returns the secret in this file of the data folder. Where there is none yet, makes one up and writes it there, readable
/// by its owner only.
///
/// # Errors
/// If the folder cannot be read or written.
pub fn read_or_create_secret(data_dir: &Path, file: &str) -> io::Result<SecretString> {
    if let Some(secret) = read_secret(data_dir, file)? {
        return Ok(secret);
    }
    let path = data_dir.join(file);
    private_folder::create(data_dir)?;
    let secret = Alphanumeric.sample_string(&mut rand::rng(), CHARACTERS);
    // Two processes may start with the same new folder. The file appears complete or not at all, and the first one counts.
    let mut temporary = tempfile::Builder::new()
        .permissions(fs::Permissions::from_mode(0o600))
        .tempfile_in(data_dir)?;
    writeln!(temporary, "{secret}")?;
    match temporary.persist_noclobber(&path) {
        Ok(_) => Ok(SecretString::from(secret)),
        Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => read_existing(&path, error.file),
        Err(error) => Err(error.error),
    }
}

/// Returns the secret in this file of the data folder; `None` if there is none yet.
///
/// # Errors
/// If the file cannot be read.
pub fn read_secret(data_dir: &Path, file: &str) -> io::Result<Option<SecretString>> {
    match fs::read_to_string(data_dir.join(file)) {
        Ok(secret) if !secret.trim().is_empty() => Ok(Some(SecretString::from(secret.trim().to_owned()))),
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(None),
    }
}

/// Returns the secret that another process has written meanwhile. An empty file, left by a crash of an older version, is
/// replaced by the new one.
fn read_existing(path: &Path, new: NamedTempFile) -> io::Result<SecretString> {
    let secret = fs::read_to_string(path)?;
    if !secret.trim().is_empty() {
        return Ok(SecretString::from(secret.trim().to_owned()));
    }
    let secret = fs::read_to_string(new.path())?;
    new.persist(path).map_err(|error| error.error)?;
    Ok(SecretString::from(secret.trim().to_owned()))
}
