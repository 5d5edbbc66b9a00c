//! Secrets that Decant makes up itself and keeps in its data folder.

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use rand::distr::{Alphanumeric, SampleString};
use secrecy::SecretString;

/// 40 letters and digits hold 238 bits.
const CHARACTERS: usize = 40;

/// Returns the secret in this file of the data folder. Where there is none yet, makes one up and writes it there, readable
/// by its owner only.
///
/// # Errors
/// If the folder cannot be read or written.
pub fn read_or_create_secret(data_dir: &Path, file: &str) -> io::Result<SecretString> {
    let path = data_dir.join(file);
    match fs::read_to_string(&path) {
        Ok(secret) if !secret.trim().is_empty() => return Ok(SecretString::from(secret.trim().to_owned())),
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    fs::create_dir_all(data_dir)?;
    let secret = Alphanumeric.sample_string(&mut rand::rng(), CHARACTERS);
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)?;
    writeln!(file, "{secret}")?;
    Ok(SecretString::from(secret))
}
