//! Manifests: JSON files beside stored files, with their size and hash. A code in each (HMAC-SHA256) shows that a holder of
//! the secret wrote it: without it, whoever can write to the storage could replace a file together with its hash.

use std::io;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::task::spawn_blocking;

use super::manifest_keys::ManifestKeys;
use super::{PutIf, Storage, StorageError};

/// The field of a manifest that holds the code, in hexadecimal digits.
const CODE: &str = "mac";

/// A manifest that was read.
#[derive(Debug)]
pub struct Manifest<T> {
    pub content: T,
    /// Whether a holder of a secret of this storage wrote it. Manifests of older versions have no code.
    pub is_authentic: bool,
}

/// Why a manifest cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    #[error(transparent)]
    Storage(#[from] StorageError),
    #[error("it is not a manifest: {0}")]
    Json(#[from] serde_json::Error),
}

/// Takes the code out of a manifest, and returns it with the bytes that it covers: all other fields, sorted by name.
fn split(mut manifest: Value) -> (Option<String>, Vec<u8>) {
    let found = match manifest.as_object_mut().and_then(|fields| fields.remove(CODE)) {
        Some(Value::String(found)) => Some(found),
        _ => None,
    };
    manifest.sort_all_objects();
    (found, manifest.to_string().into_bytes())
}

impl Storage {
    async fn manifest_keys(&self) -> Result<&ManifestKeys, StorageError> {
        let read = async || {
            let options = self.options.clone();
            let reading = spawn_blocking(move || {
                let secret = options.manifest_secret.as_ref();
                ManifestKeys::new(&options.encryption, secret, &options.data_dir)
            });
            let keys = reading.await;
            keys.map_err(io::Error::other)
                .flatten()
                .map_err(StorageError::Secret)
        };
        self.manifest_keys.get_or_try_init(read).await
    }

    /// Writes a manifest with its code.
    ///
    /// # Errors
    /// As [`put`](Self::put); [`StorageError::Secret`].
    pub async fn write_manifest(
        &self,
        name: &str,
        content: &impl Serialize,
        condition: PutIf,
    ) -> Result<(), StorageError> {
        let keys = self.manifest_keys().await?;
        let mut manifest = serde_json::to_value(content).expect("a manifest has only texts and numbers");
        let (_, covered) = split(manifest.clone());
        if let Some(fields) = manifest.as_object_mut() {
            fields.insert(CODE.to_owned(), keys.code(&covered).into());
        }
        self.put(name, format!("{manifest:#}").into_bytes(), condition)
            .await
    }

    /// Reads a manifest from the storage.
    ///
    /// # Errors
    /// [`ManifestError`].
    pub async fn read_manifest<T: DeserializeOwned>(&self, name: &str) -> Result<Manifest<T>, ManifestError> {
        let text = self.get(name).await?;
        self.parse_manifest(&text).await
    }

    /// Parses a manifest and verifies its code.
    ///
    /// # Errors
    /// [`ManifestError::Json`]; [`StorageError::Secret`].
    pub async fn parse_manifest<T: DeserializeOwned>(
        &self,
        text: &[u8],
    ) -> Result<Manifest<T>, ManifestError> {
        let manifest: Value = serde_json::from_slice(text)?;
        let (found, covered) = split(manifest.clone());
        let is_authentic = match found {
            Some(found) => self.manifest_keys().await?.is_authentic(&covered, &found),
            None => false,
        };
        Ok(Manifest {
            content: serde_json::from_value(manifest)?,
            is_authentic,
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_code_covers_every_other_field_in_any_order() {
        let one = json!({ "name": "a", "bytes": 1, "proof": { "rows": 2, "at": "x" }, "mac": "00" });
        let other = json!({ "proof": { "at": "x", "rows": 2 }, "bytes": 1, "name": "a" });
        assert_eq!(split(one.clone()).1, split(other).1);
        let changed = json!({ "name": "a", "bytes": 1, "proof": { "rows": 3, "at": "x" }, "mac": "00" });
        assert_ne!(split(one).1, split(changed).1);
    }
}
