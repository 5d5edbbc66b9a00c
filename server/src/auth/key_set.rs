//! The JSON Web Key Set of JWKS_FILE. The issuer changes it when it changes its keys.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use jsonwebtoken::jwk::{CommonParameters, Jwk, JwkSet, KeyAlgorithm, KeyOperations, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey};

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
        if read.set.keys.is_empty() {
            return Err(JwksError {
                path: path.to_owned(),
                problem: "it holds no key".into(),
            });
        }
        Ok(Self {
            path: path.to_owned(),
            read: Mutex::new(read),
        })
    }

    /// Returns the key with this id, or the only key for a token that names none, if it may verify signatures of this
    /// algorithm. A file that cannot be read leaves the keys as they were. An empty set withdraws them all.
    pub fn key(&self, id: Option<&str>, algorithm: Algorithm) -> Option<DecodingKey> {
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
        DecodingKey::from_jwk(key.filter(|key| verifies(key, algorithm))?).ok()
    }
}

/// Returns whether the key is for signatures of this algorithm (RFC 7517, 4.2 to 4.4).
fn verifies(key: &Jwk, algorithm: Algorithm) -> bool {
    let CommonParameters {
        public_key_use,
        key_operations,
        key_algorithm,
        ..
    } = &key.common;
    let is_for_signatures = matches!(public_key_use, None | Some(PublicKeyUse::Signature));
    let may_verify = key_operations
        .as_ref()
        .is_none_or(|operations| operations.contains(&KeyOperations::Verify));
    let has_algorithm = |only: &KeyAlgorithm| {
        only.to_string()
            .parse::<Algorithm>()
            .is_ok_and(|only| only == algorithm)
    };
    is_for_signatures && may_verify && key_algorithm.as_ref().is_none_or(has_algorithm)
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
    match broken {
        Some(key) => Err(unusable(format!(
            "its key {:?} is of no known kind",
            key.common.key_id
        ))),
        None => Ok(set),
    }
}
