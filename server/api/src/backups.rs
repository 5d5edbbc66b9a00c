//! Dumps in the storage.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::database::DumpMode;

crate::examples! {
    BackupRequest = "backup_request",
    BackupRestoreRequest = "backup_restore_request",
    BackupOverview = "backup_overview",
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct BackupRequest {
    #[serde(default)]
    pub mode: DumpMode,
}

/// How a backup is restored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct BackupRestoreRequest {
    /// `true`: the backup replaces the database. `false`: only rows that are missing are inserted.
    pub clean_first: bool,
    /// Leaves out the rows of `message_request` and its partitions.
    #[serde(default)]
    pub skip_logs: bool,
    /// As in [`RestoreRequest`](crate::restore::RestoreRequest).
    #[serde(default)]
    pub allow_missing_tables: bool,
    /// Restores a backup whose manifest is not authentic, or that is not encrypted although encryption is set. The dump runs
    /// SQL of whoever made it.
    #[serde(default)]
    pub unverified: bool,
}

/// The backups, their schedules, and what this server does with them now.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct BackupOverview {
    /// The folder or bucket.
    pub storage: String,
    /// How new backups are encrypted.
    pub encryption: BackupEncryption,
    /// Whether the server has the key to what it encrypts.
    pub can_prove: bool,
    /// When backups are made: a time of day or a cron pattern. `null`: only on request.
    #[cfg_attr(feature = "openapi", schema(required))]
    pub schedule: Option<String>,
    /// When the next backup is due.
    #[cfg_attr(feature = "openapi", schema(required))]
    pub next: Option<Timestamp>,
    /// When the newest backup is proved.
    #[cfg_attr(feature = "openapi", schema(required))]
    pub proof_schedule: Option<String>,
    /// When the next proof is due.
    #[cfg_attr(feature = "openapi", schema(required))]
    pub next_proof: Option<Timestamp>,
    /// Which scheduled backups are kept: `daily=7,weekly=4`.
    pub keep: String,
    #[cfg_attr(feature = "openapi", schema(required))]
    pub running: Option<RunningTask>,
    /// The last failure on this server; `null` after the same task succeeds.
    #[cfg_attr(feature = "openapi", schema(required))]
    pub failure: Option<TaskFailure>,
    /// Ordered by `began`, the newest first.
    pub backups: Vec<Backup>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RunningTask {
    pub task: BackupTask,
    pub since: Timestamp,
    /// Bytes stored or fetched so far.
    pub bytes: u64,
    /// The current step, for display.
    pub message: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum BackupTask {
    Make,
    /// Restores a backup beside the live database.
    Prove,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TaskFailure {
    pub task: BackupTask,
    pub at: Timestamp,
    /// The cause, and what to do.
    pub reason: String,
}

/// A backup. The same JSON lies beside it in the storage as its manifest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Backup {
    /// File name: `backup_hub_2026-01-28T03-00-00_1f0c8a52.dump.age`.
    pub name: String,
    /// Name of the database; `null` in manifests of older versions.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(required))]
    pub database: Option<String>,
    /// System identifier of the database's cluster, or its host and port; `null` in manifests of older versions.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(required))]
    pub system: Option<String>,
    /// Start of the dump.
    pub began: Timestamp,
    /// When the whole dump was in the storage.
    pub ended: Timestamp,
    /// When the schedule required it; `null` for a backup on request, which is never removed by age.
    #[cfg_attr(feature = "openapi", schema(required))]
    pub due: Option<Timestamp>,
    pub caller: String,
    pub mode: DumpMode,
    /// Size in the storage.
    pub bytes: u64,
    /// Of the file in the storage, in hexadecimal digits.
    pub sha256: String,
    pub encryption: BackupEncryption,
    /// Number of tables in the dump.
    pub tables: usize,
    /// Version of the PostgreSQL server that was dumped.
    pub server_version: String,
    /// Whether the manifest was written with the secret of this storage. Manifests of older versions never were.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(required))]
    pub authentic: bool,
    #[cfg_attr(feature = "openapi", schema(required))]
    pub proof: Option<BackupProof>,
}

/// The last time that a backup was fetched, decrypted and restored beside the live database.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct BackupProof {
    pub at: Timestamp,
    /// Rows restored, as many as the dump has; 0 after a failure.
    pub rows: u64,
    /// Why it does not restore; `null`: it does.
    #[cfg_attr(feature = "openapi", schema(required))]
    pub failure: Option<String>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum BackupEncryption {
    #[default]
    None,
    Passphrase,
    /// For the holders of age keys.
    Keys,
}

impl fmt::Display for BackupEncryption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "none",
            Self::Passphrase => "passphrase",
            Self::Keys => "keys",
        })
    }
}
