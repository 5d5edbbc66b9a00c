//! Clean-ups of the hub's log, `message_request`.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

crate::examples! {
    CleanupRequest = "cleanup_request",
    CleanupPreview = "cleanup_preview",
    CleanupResult = "cleanup_result",
    CleanupAnswer = "cleanup_result",
    CleanupEvent = "cleanup_event",
}

/// Which rows a clean-up counts or deletes. Every condition must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CleanupRequest {
    /// Rows made before this time, which must not lie in the future. Dates without a time are taken as UTC.
    pub before_date: String,
    /// Rows made at this time or later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after_date: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(min_items = 1, max_items = 1000))]
    pub user_ids: Option<Vec<i32>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(min_items = 1, max_items = 1000))]
    pub provider_ids: Option<Vec<i32>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(min_items = 1, max_items = 1000))]
    pub status_codes: Option<Vec<i32>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status_code_range: Option<StatusCodeRange>,
    /// Only requests that the hub has blocked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub only_blocked: Option<bool>,
    /// `true`: the rows are counted. `false`: they are deleted.
    pub dry_run: bool,
    /// Archives the rows before they are deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub archive_first: Option<bool>,
    /// Deletes rows although `usage_ledger` does not keep the statistics of all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub without_statistics: Option<bool>,
}

/// Status codes from `min` to `max`, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct StatusCodeRange {
    pub min: i32,
    pub max: i32,
}

/// The answer to a clean-up without events.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(untagged)]
pub enum CleanupAnswer {
    /// To a dry run.
    Preview(CleanupPreview),
    Result(CleanupResult),
}

/// The rows that a clean-up would delete.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct CleanupPreview {
    pub rows: u64,
    /// The earliest `created_at` of these rows.
    #[cfg_attr(feature = "openapi", schema(required))]
    pub oldest: Option<Timestamp>,
    /// The latest `created_at` of these rows.
    #[cfg_attr(feature = "openapi", schema(required))]
    pub newest: Option<Timestamp>,
    /// Their share of the size of the table with its indexes.
    pub estimated_bytes: u64,
    /// Whether `usage_ledger` keeps the statistics of all of them.
    pub keeps_statistics: bool,
    /// Other tables whose rows the clean-up deletes or changes too, through foreign keys, quoted as in SQL.
    pub changed_tables: Vec<String>,
}

/// An event of a clean-up. The last one is `complete` or `error`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "event", content = "data", rename_all = "lowercase")]
pub enum CleanupEvent {
    Progress(CleanupProgress),
    /// The clean-up came to its end, or was stopped.
    Complete(CleanupResult),
    Error(CleanupFailure),
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct CleanupProgress {
    pub phase: CleanupPhase,
    /// Share of the whole clean-up, 0 to 100.
    pub percent: u8,
    /// Rows that match, counted at the start.
    pub total: u64,
    /// Rows written to the archive.
    pub archived: u64,
    /// Rows read back from the archive.
    pub checked: u64,
    pub deleted: u64,
    /// Batches deleted; each is a transaction.
    pub batches: u64,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum CleanupPhase {
    #[default]
    Counting,
    Archiving,
    /// Reads the archive back.
    Checking,
    Deleting,
    Vacuuming,
}

/// The result of a clean-up.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct CleanupResult {
    pub deleted: u64,
    /// Batches deleted; each was a transaction.
    pub batches: u64,
    /// Rows that match and are still there: another session locked or changed them, or the clean-up was stopped.
    pub left: u64,
    /// Whether the clean-up was stopped before its end.
    pub cancelled: bool,
    /// The archive that holds the deleted rows.
    #[cfg_attr(feature = "openapi", schema(required))]
    pub archive: Option<ArchiveManifest>,
    pub duration_ms: u64,
}

/// A clean-up that failed before its end. Rows that were deleted stay deleted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct CleanupFailure {
    pub message: String,
    pub deleted: u64,
    /// Batches deleted; each was a transaction.
    pub batches: u64,
    /// The file of the archive that holds the deleted rows.
    #[cfg_attr(feature = "openapi", schema(required))]
    pub archive: Option<String>,
}

/// The manifest of an archive, which lies beside it in the storage.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct ArchiveManifest {
    /// The version of this manifest's format.
    pub decant: u32,
    /// File name in the same folder; the name of an encrypted archive ends in `.age`.
    pub file: String,
    /// Name of the database whose rows these are.
    pub database: String,
    pub created: Timestamp,
    pub caller: String,
    /// The conditions of the clean-up, as its request named them.
    pub conditions: Value,
    pub rows: u64,
    /// Size of the file in the storage.
    pub bytes: u64,
    /// Of the file in the storage, in hexadecimal digits.
    pub sha256: String,
}

/// The details of a clean-up in an [`OperationRecord`](crate::database::OperationRecord).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CleanupStatus {
    /// Rows deleted so far.
    pub deleted: u64,
    /// The file of its archive.
    #[cfg_attr(feature = "openapi", schema(required))]
    pub archive: Option<String>,
}
