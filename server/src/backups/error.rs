//! Why a backup is not made, proved or restored.

use std::io;

use crate::database::dump::DumpError;
use crate::database::restore::RestoreError;
use crate::free_space::NoSpace;
use crate::source::database_message;
use crate::storage::StorageError;
use crate::storage::encrypted::ReadError;

#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    #[error(transparent)]
    Dump(#[from] DumpError),
    #[error(transparent)]
    Restore(#[from] RestoreError),
    #[error(transparent)]
    Storage(#[from] StorageError),
    #[error("the database does not answer: {}", database_message(.0))]
    Database(#[from] sqlx::Error),
    #[error("the backup cannot be used: {0}")]
    Read(#[from] ReadError),
    #[error("the backup could not be fetched: {0}")]
    NoSpace(#[from] NoSpace),
    #[error("the backup could not be stored, and nothing of it is in the storage: {0}")]
    NotStored(#[source] io::Error),
    #[error("pg_dump did not write a complete dump, so it was not stored: {0}")]
    IncompleteDump(#[source] wasm_export::dump::DumpError),
    #[error("a backup is already being made or proved here; try again when it has ended")]
    Busy,
    #[error("there is no backup `{0}` of this database")]
    NoSuchBackup(String),
    #[error("the manifest of the backup {name} cannot be read: {problem}")]
    Manifest { name: String, problem: String },
    #[error(
        "the backup {name} is used only on an explicit request, because {reason}: an older version of Decant, another machine or \
         another passphrase made it, or somebody has replaced it, and a dump runs SQL. If you know that it is yours, fetch it \
         with `decant backups fetch --unverified`, or restore it with `\"unverified\": true`"
    )]
    Unverified { name: String, reason: &'static str },
}
