//! The JSON Web Key Set of JWKS_FILE. The issuer changes it when it changes its keys.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use jsonwebtoken::DecodingKey;
use jsonwebtoken::jwk::JwkSet;

use crate::json_input;

/// How long a change of the file may go unnoticed.
const CHECK_EVERY: Duration = Duration::from_secs(1);

/// The file of JWKS_FILE is no usable key set.
#[derive(Debug, thiserror::Error)]
#[error("JWKS_FILE: the key set {path} cannot be used: {problem}")]
pub struct JwksError {
    path: PathBuf,
    problem: String,
}

/// The keys in a file. A key that is removed from the file verifies no token any more.
#[derive(Debug)]
pub(super) struct KeySet {
    path: PathBuf,
    read: Mutex<Read>,
}

#[derive(Debug)]
struct Read {
    set: JwkSet,
    modified: Option<SystemTime>,
    checked: Instant,
}

impl KeySet {
    /// # Errors
    /// [`JwksError`] if the file is not a key set.
    pub fn read(path: &Path) -> Result<Self, JwksError> {
        let read = Read {
            modified: modified(path),
            set: read_set(path)?,
            checked: Instant::now(),
        };
        Ok(Self {
            path: path.to_owned(),
            read: Mutex::new(read),
        })
    }

    /// Returns the key with this id, or the only key for a token that names none. A file that cannot be read leaves the keys
    /// as they were.
    pub fn key(&self, id: Option<&str>) -> Option<DecodingKey> {
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        if read.checked.elapsed() >= CHECK_EVERY {
            read.checked = Instant::now();
            let modified = modified(&self.path);
            if modified != read.modified {
                match read_set(&self.path) {
                    Ok(set) => (read.set, read.modified) = (set, modified),
                    Err(error) => tracing::error!(%error, "the key set as it was before stays in use"),
                }
            }
        }
        let keys = &read.set.keys;
        let key = match id {
            Some(id) => keys.iter().find(|key| key.common.key_id.as_deref() == Some(id)),
            None if keys.len() == 1 => keys.first(),
            None => None,
        };
        DecodingKey::from_jwk(key?).ok()
    }
}

fn modified(path: &Path) -> Option<SystemTime> {
    std::fs::metadata(path).ok()?.modified().ok()
}

fn read_set(path: &Path) -> Result<JwkSet, JwksError> {
    let unusable = |problem: String| JwksError {
        path: path.to_owned(),
        problem,
    };
    let text = std::fs::read_to_string(path).map_err(|error| unusable(error.to_string()))?;
    let set: JwkSet = json_input::parse(&text).map_err(|error| unusable(error.to_string()))?;
    let broken = set.keys.iter().find(|key| DecodingKey::from_jwk(key).is_err());
    match (set.keys.is_empty(), broken) {
        (true, _) => Err(unusable("it holds no key".into())),
        (_, Some(key)) => Err(unusable(format!(
            "its key {:?} is of no known kind",
            key.common.key_id
        ))),
        (false, None) => Ok(set),
    }
}
