//! Why the storage cannot do its work.

use std::io;

#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    #[error("the storage cannot be opened: {0}")]
    Open(#[source] object_store::Error),
    #[error("the storage's folder cannot be used: {0}")]
    Folder(#[from] io::Error),
    #[error("there is no {0} in the storage")]
    Missing(String),
    #[error("the storage already has {0}, which is not replaced")]
    Exists(String),
    #[error("the secret of the manifests cannot be read from the data folder or written to it: {0}")]
    Secret(#[source] io::Error),
    #[error("the storage does not list unfinished uploads: {0}")]
    List(String),
    #[error("the storage failed: {}", cause(.0))]
    Failed(#[source] object_store::Error),
}

impl StorageError {
    /// Returns the message for the operator's log: it also has the address or the path, which a person must not see.
    #[must_use]
    pub fn details(&self) -> String {
        match self {
            Self::Failed(error) => error.to_string(),
            error => error.to_string(),
        }
    }
}

/// Returns the first line of the innermost cause, for example `No space left on device (os error 28)`.
fn cause(error: &object_store::Error) -> String {
    let mut innermost: &dyn std::error::Error = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    let message = innermost.to_string();
    let line = message.lines().next().unwrap_or_default();
    // The crate tempfile adds the path.
    line.split(" at path ").next().unwrap_or_default().to_owned()
}

impl From<object_store::Error> for StorageError {
    fn from(error: object_store::Error) -> Self {
        match error {
            object_store::Error::NotFound { path, .. } => Self::Missing(path),
            object_store::Error::AlreadyExists { path, .. } => Self::Exists(path),
            error => Self::Failed(error),
        }
    }
}
