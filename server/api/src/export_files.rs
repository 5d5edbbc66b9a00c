//! The files of background exports: links to them, checks of them, and their removal.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

crate::examples! {
    ExportLink = "export_link",
    MadeLinks = "made_links",
    ExportVerification = "export_verification",
    ExportCleanupRequest = "export_cleanup_request",
    ExportCleanup = "export_cleanup",
}

/// A link to the file of an export.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct ExportLink {
    /// The address of the file. Whoever has it needs no other credential.
    pub url: String,
    pub expires_at: Timestamp,
    /// Whether it is good for one download.
    pub once: bool,
}

/// The links that were made to the file of an export, without their addresses.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MadeLinks {
    /// The newest first, at most 1,000.
    pub links: Vec<MadeLink>,
}

/// A link that was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct MadeLink {
    pub id: String,
    /// The subject of who made it.
    pub made_by: String,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
    pub once: bool,
    /// When a link that is good once was used.
    #[cfg_attr(feature = "openapi", schema(required))]
    pub used_at: Option<Timestamp>,
    #[cfg_attr(feature = "openapi", schema(required))]
    pub revoked_at: Option<Timestamp>,
}

/// The answer to a check of a stored file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ExportVerification {
    /// Whether the check took place; see `verification.success` for its outcome.
    pub success: bool,
    pub verification: Verification,
    pub message: String,
}

/// What a check of a stored file has found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Verification {
    /// Whether nothing is wrong.
    pub success: bool,
    pub file_exists: bool,
    pub file_size_match: bool,
    pub checksum_match: bool,
    /// `null`: the rows are not counted; `notes` have the reason.
    #[cfg_attr(feature = "openapi", schema(required))]
    pub record_count_match: Option<bool>,
    /// `null`: the content was not read; `notes` have the reason.
    #[cfg_attr(feature = "openapi", schema(required))]
    pub format_valid: Option<bool>,
    /// What is wrong, in sentences.
    pub error_details: Vec<String>,
    /// The checks that were left out, each with its reason, in sentences. Absent in reports of older versions.
    #[serde(default)]
    pub notes: Vec<String>,
    #[cfg_attr(feature = "openapi", schema(required))]
    pub rows: Option<u64>,
    pub bytes: u64,
    /// Of the file as it was read, in hexadecimal digits.
    #[cfg_attr(feature = "openapi", schema(required))]
    pub sha256: Option<String>,
    pub at: Timestamp,
    pub duration_ms: u64,
}

/// How a clean-up of exports runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ExportCleanupRequest {
    /// Counts only.
    #[serde(default)]
    pub dry_run: bool,
}

/// What a clean-up of exports has done, or would do.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct ExportCleanup {
    pub success: bool,
    /// Expired exports whose files were removed.
    pub expired: u64,
    /// Files of exports that are over: expired, cancelled and failed ones.
    pub deleted_files: u64,
    /// Size of the removed files, orphans included.
    pub freed_bytes: u64,
    /// Files without an export, and uploads that a process began and did not end.
    pub orphan_files: u64,
    /// Exports without their file. They are marked as failed.
    pub orphan_records: u64,
    /// Records that were kept long enough after their file.
    pub removed_records: u64,
    /// What was left for the next clean-up, at most 100 entries.
    pub failed: Vec<FileFailure>,
    pub duration_ms: u64,
    pub message: String,
}

/// A file that a clean-up could not remove.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FileFailure {
    /// The id of an export, or the name of a file without one.
    pub id: String,
    pub reason: String,
}
