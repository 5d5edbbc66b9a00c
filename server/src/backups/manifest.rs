//! The record beside each backup. It is written last, so a file without one is not a complete backup.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::database::dump::Mode;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Manifest {
    /// File name: `backup_2026-01-28T03-00-00.dump.age`.
    pub name: String,
    /// Start of the dump.
    pub began: Timestamp,
    /// When the complete dump was in the storage.
    pub ended: Timestamp,
    /// The time of the schedule; `None`: on request. Only scheduled backups are removed by age.
    pub due: Option<Timestamp>,
    pub caller: String,
    pub mode: Mode,
    /// Size in the storage.
    pub bytes: u64,
    /// Of the file in the storage, in hexadecimal digits.
    pub sha256: String,
    /// `none`, `passphrase` or `keys`.
    pub encryption: String,
    /// Number of tables in the dump.
    pub tables: usize,
    /// Version of the PostgreSQL server that was dumped.
    pub server_version: String,
    pub proof: Option<BackupProof>,
}

/// The last proof of a backup.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BackupProof {
    pub at: Timestamp,
    /// Rows that were restored, as many as the dump has; 0 after a failure.
    pub rows: u64,
    /// Why the backup does not restore; `None`: it does.
    pub failure: Option<String>,
}

impl Manifest {
    #[must_use]
    pub fn is_proved(&self) -> bool {
        self.proof.as_ref().is_some_and(|proof| proof.failure.is_none())
    }
}
