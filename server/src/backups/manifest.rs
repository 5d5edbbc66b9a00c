//! What is written beside a backup, last: a backup without it is not one.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::database::dump::Mode;

/// What is known of a backup.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Manifest {
    /// The name of its file: `backup_2026-01-28T03-00-00.dump.age`.
    pub name: String,
    /// When its dump began.
    pub began: Timestamp,
    /// When the whole of it was in the storage.
    pub ended: Timestamp,
    /// The time that it was due, if a schedule had it made: only those are removed by age.
    pub due: Option<Timestamp>,
    /// Who asked for it.
    pub caller: String,
    /// What of the database it holds.
    pub mode: Mode,
    /// Its bytes in the storage.
    pub bytes: u64,
    /// Their SHA-256, in hexadecimal digits.
    pub sha256: String,
    /// Who can read it: `none` (everybody), `passphrase`, `keys`.
    pub encryption: String,
    /// The tables in it.
    pub tables: usize,
    /// The version of PostgreSQL that it is of.
    pub server_version: String,
    /// The last time that it was restored for proof.
    pub proof: Option<Proof>,
}

/// A backup was fetched, read, and restored into a database that was thrown away.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Proof {
    /// When.
    pub at: Timestamp,
    /// The rows that came out, as many as are in the dump.
    pub rows: u64,
    /// Why it is not proved; `None`: it is.
    pub failure: Option<String>,
}

impl Manifest {
    /// Whether it is known to restore.
    #[must_use]
    pub fn is_proved(&self) -> bool {
        self.proof.as_ref().is_some_and(|proof| proof.failure.is_none())
    }
}
