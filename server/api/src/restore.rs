//! Restores, and the databases that they leave beside the live one.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

crate::examples! {
    RestoreRequest = "restore_request",
    RestoreEvent = "restore_event",
    SideDatabases = "side_databases",
    RollbackResult = "rollback_result",
}

/// How a dump is restored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RestoreRequest {
    /// `true`: the dump replaces the database. `false`: only rows that are missing are inserted.
    pub clean_first: bool,
    /// Leaves out the rows of `message_request` and its partitions.
    #[serde(default)]
    pub skip_logs: bool,
    /// `true`: with `cleanFirst`, tables of the database that the dump lacks are removed, and the rows of tables whose rows it
    /// lacks. `false`: such a dump is refused.
    #[serde(default)]
    pub allow_missing_tables: bool,
}

/// An event of a restore. The last one is `complete` or `error`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "event", content = "data", rename_all = "lowercase")]
pub enum RestoreEvent {
    Progress(RestoreProgress),
    Complete(Restored),
    /// The restore failed. The database is as it was, unless the message says otherwise.
    Error(RestoreFailure),
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RestoreProgress {
    /// The current step, for display.
    pub message: String,
    /// Share of the whole restore, 0 to 100.
    pub percent: u8,
}

/// The result of a restore.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Restored {
    /// By the name of the table.
    pub tables: BTreeMap<String, TableResult>,
    /// The name of the database that was live before, kept beside the live one; `null` after a merge.
    #[cfg_attr(feature = "openapi", schema(required))]
    pub previous: Option<String>,
    /// Path on the server of the dump that was made before the restore.
    pub safety_dump: String,
    /// What could not be restored, such as privileges of roles that do not exist here.
    pub warnings: Vec<String>,
}

/// Row counts of one table after a restore.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TableResult {
    /// Rows that were missing before.
    pub inserted: u64,
    /// Rows that were already there with the same content.
    pub skipped: u64,
    /// Rows of the dump whose key has other content in the database; the database keeps its own.
    pub conflicting: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RestoreFailure {
    /// The cause, and what to do.
    pub message: String,
}

/// The details of a restore in an [`OperationRecord`](crate::database::OperationRecord).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RestoreStatus {
    #[serde(rename = "manner")]
    pub mode: RestoreMode,
    /// Rows inserted; 0 until the restore is complete.
    pub rows: u64,
}

/// What happens to the data that are in the database.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum RestoreMode {
    /// The dump replaces them.
    #[default]
    Clean,
    /// They stay, and rows that are missing come from the dump.
    Merge,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SideDatabases {
    /// Ordered by `since`, the newest first.
    pub copies: Vec<SideDatabase>,
}

/// A database that a restore has left beside the live one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SideDatabase {
    pub name: String,
    pub role: SideDatabaseRole,
    pub since: Timestamp,
    pub bytes: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum SideDatabaseRole {
    /// A restore fills it, or was broken off before its end.
    #[serde(rename = "shadow")]
    Staging,
    /// The live database before a restore replaced it.
    #[serde(rename = "before")]
    Previous,
    /// The restored database, after the previous one was put back.
    #[serde(rename = "undone")]
    RolledBack,
}

/// The answer to putting a side database back into the place of the live one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RollbackResult {
    /// The new name of the database that was live.
    pub previous: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logs_are_restored_unless_the_request_skips_them() {
        let request: RestoreRequest = serde_json::from_str(r#"{"cleanFirst":false}"#).unwrap();
        assert!(!request.skip_logs);
        assert!(serde_json::from_str::<RestoreRequest>(r#"{"cleanFirst":true,"skip_logs":true}"#).is_err());
    }
}
