//! Dumps, and the state of the database.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize};

use crate::cleanup::CleanupStatus;
use crate::restore::RestoreStatus;

crate::examples! {
    DatabaseStatus = "database_status",
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct DatabaseStatus {
    /// Whether the database answers. If not, the fields from `databaseSize` to `postgresVersion` are empty.
    pub is_available: bool,
    /// The host, or the folder of the socket.
    pub container_name: String,
    pub database_name: String,
    /// As PostgreSQL formats it: `133 MB`.
    pub database_size: String,
    pub database_bytes: u64,
    pub table_count: u64,
    /// The answer to `select version()`.
    pub postgres_version: String,
    /// Why the database does not answer.
    #[cfg_attr(feature = "openapi", schema(required))]
    pub error: Option<String>,
    /// The operation that holds the lock now.
    #[cfg_attr(feature = "openapi", schema(required))]
    pub lock: Option<LockHolder>,
    /// Made by this server or on the command line with the same data folder.
    #[cfg_attr(feature = "openapi", schema(required))]
    pub last_dump: Option<OperationRecord<DumpStatus>>,
    #[cfg_attr(feature = "openapi", schema(required))]
    pub last_restore: Option<OperationRecord<RestoreStatus>>,
    #[cfg_attr(feature = "openapi", schema(required))]
    pub last_cleanup: Option<OperationRecord<CleanupStatus>>,
}

/// The holder of the lock that all operations on the database share.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LockHolder {
    /// `null` when the holder is another program than Decant, or a Decant that knows operations this one does not.
    #[serde(default, deserialize_with = "known_operation")]
    #[cfg_attr(feature = "openapi", schema(required))]
    pub operation: Option<Operation>,
    /// The name of the caller, as the audit log has it.
    pub holder: String,
    /// `null` when the time is not known.
    #[cfg_attr(feature = "openapi", schema(required))]
    pub since: Option<Timestamp>,
}

/// An operation that holds the lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub enum Operation {
    /// A dump.
    Export,
    /// A restore.
    Import,
    /// A clean-up of the hub's log.
    Cleanup,
    /// The proof of a backup: a restore beside the live database.
    Proof,
    /// A previous database takes the place of the live one.
    Rollback,
    /// A database that a restore has left is dropped.
    Removal,
    /// The rows of an archive come back into the hub's log.
    LogRestore,
}

impl Operation {
    pub const ALL: [Self; 7] = [
        Self::Export,
        Self::Import,
        Self::Cleanup,
        Self::Proof,
        Self::Rollback,
        Self::Removal,
        Self::LogRestore,
    ];

    /// Returns the word in JSON, in the log and in the name of the lock's session.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Export => "export",
            Self::Import => "import",
            Self::Cleanup => "cleanup",
            Self::Proof => "proof",
            Self::Rollback => "rollback",
            Self::Removal => "removal",
            Self::LogRestore => "logRestore",
        }
    }

    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|operation| operation.word() == word)
    }
}

fn known_operation<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Operation>, D::Error> {
    let word = Option::<String>::deserialize(deserializer)?;
    Ok(word.and_then(|word| Operation::from_word(&word)))
}

/// An operation that has begun, and how it ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OperationRecord<T> {
    pub began: Timestamp,
    /// `null` while it runs.
    #[cfg_attr(feature = "openapi", schema(required))]
    pub ended: Option<Timestamp>,
    pub caller: String,
    #[serde(flatten)]
    pub details: T,
    /// `null` while it runs.
    #[serde(rename = "ending")]
    #[cfg_attr(feature = "openapi", schema(required))]
    pub outcome: Option<Outcome>,
}

/// How an operation ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "state", rename_all = "lowercase")]
pub enum Outcome {
    Complete,
    Failed {
        reason: String,
    },
    /// The client left, or the server stopped.
    Cancelled,
}

/// The details of a dump in an [`OperationRecord`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DumpStatus {
    pub mode: DumpMode,
    /// Bytes sent so far.
    pub bytes: u64,
    /// The table whose rows `pg_dump` reads, as `public.users`. `None` before the first one, and when the dump has ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub table: Option<String>,
}

/// Which part of the database a dump holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub enum DumpMode {
    #[default]
    Full,
    /// Without the rows of `message_request`; the table itself is included.
    ExcludeLogs,
    /// Only the table `usage_ledger`, which the database must have.
    LedgerOnly,
}

impl DumpMode {
    pub const ALL: &[Self] = &[Self::Full, Self::ExcludeLogs, Self::LedgerOnly];

    /// The words of [`DumpMode::ALL`], in its order.
    pub const WORDS: &[&str] = &["full", "excludeLogs", "ledgerOnly"];

    /// Returns the word of the query parameter `mode`.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::ExcludeLogs => "excludeLogs",
            Self::LedgerOnly => "ledgerOnly",
        }
    }
}

impl fmt::Display for DumpMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl FromStr for DumpMode {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        let mode = Self::ALL.iter().find(|mode| mode.word() == word);
        mode.copied()
            .ok_or_else(|| format!("it is none of {}", Self::WORDS.join(", ")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_operation_is_read_as_it_is_written_and_others_are_not_known() {
        for operation in Operation::ALL {
            assert_eq!(serde_json::to_value(operation).unwrap(), operation.word());
            assert_eq!(Operation::from_word(operation.word()), Some(operation));
        }
        let json = r#"{"operation":"later","holder":"Ada","since":null}"#;
        let holder: LockHolder = serde_json::from_str(json).unwrap();
        assert_eq!(holder.operation, None);
    }

    #[test]
    fn each_mode_is_read_as_it_is_written() {
        for (mode, word) in DumpMode::ALL.iter().zip(DumpMode::WORDS) {
            assert_eq!(mode.word(), *word);
            assert_eq!(word.parse(), Ok(*mode));
            assert_eq!(serde_json::to_string(mode).unwrap(), format!("\"{word}\""));
        }
        assert!("everything".parse::<DumpMode>().is_err());
    }
}
