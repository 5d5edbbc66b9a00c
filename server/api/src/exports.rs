//! Background exports: files that the server makes and stores.

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::datasets::{DateRange, FilterValues};
use crate::deliveries::{DeliveryLimits, DeliveryRequest, ExportDelivery};

crate::examples! {
    ExportRequest = "export_request",
    ExportAnswer = "export_answer",
    ExportStatusAnswer = "export_status",
    ExportList = "export_list",
    ExportEvent = "export_event",
    ExportLimits = "export_limits",
    BulkRequest = "bulk_enqueue_request",
    BulkAnswer = "bulk_enqueue_answer",
}

/// A file that the server makes of a dataset or a bundle, and stores.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct ExportRequest {
    /// The name of a dataset, or of a bundle. Absent: that of the template.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub dataset: String,
    /// The format of the file. Absent: that of the template, or the first one of the dataset.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<String>,
    /// The name or the id of a template, whose values the other members override: each filter, each option and each other member.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template: Option<String>,
    /// Filters and parameters by name, each with a value or a list of them. A bundle has `userId`, `start` and `end`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[cfg_attr(feature = "openapi", schema(value_type = BTreeMap<String, serde_json::Value>))]
    pub filters: BTreeMap<String, FilterValues>,
    /// Names of columns, in the order of the file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub columns: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u64>,
    /// `declared` or `reversed`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sort: Option<String>,
    /// Of the file, and of times without a zone: an IANA name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zone: Option<String>,
    /// `-30d` is the day 30 days before today.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub date_range: Option<DateRange>,
    /// Whether columns that describe the system are not left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub include_system_fields: Option<bool>,
    /// Options of the file by their words in an address: `{"compression":"gzip","metadata":true}`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[cfg_attr(feature = "openapi", schema(value_type = BTreeMap<String, serde_json::Value>))]
    pub options: BTreeMap<String, OptionValue>,
    /// The id of the workspace, for a dataset whose rows belong to workspaces.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workspace: Option<String>,
    /// From -10 to 10: exports with a greater one start first. Only administrators may give more than 0.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(minimum = -10, maximum = 10))]
    pub priority: i16,
    /// When it may start. A time in the past is now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scheduled_at: Option<Timestamp>,
    /// How long the file is kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(minimum = 1))]
    pub retention_hours: Option<u32>,
    /// Where the file goes once it is complete.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delivery: Option<DeliveryRequest>,
    /// Whether the addresses of `delivery.email` hear of a failure, too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notify: Option<bool>,
    // Members that are refused by name, because they have no effect yet.
    #[serde(default, skip_serializing)]
    #[cfg_attr(feature = "openapi", schema(ignore))]
    pub encryption: Option<Value>,
    #[serde(default, skip_serializing)]
    #[cfg_attr(feature = "openapi", schema(ignore))]
    pub recurrence: Option<Value>,
}

/// The value of an option of a file: a text, number or boolean.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OptionValue(pub String);

impl<'de> Deserialize<'de> for OptionValue {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Value::deserialize(deserializer)? {
            Value::String(text) => Ok(Self(text)),
            Value::Number(number) => Ok(Self(number.to_string())),
            Value::Bool(value) => Ok(Self(value.to_string())),
            _ => Err(serde::de::Error::custom(
                "the value of an option is a text, a number or a boolean",
            )),
        }
    }
}

/// The state of an export.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum ExportStatus {
    /// Its time has not come.
    Scheduled,
    /// It waits for a worker.
    Queued,
    Processing,
    Completed,
    Failed,
    Cancelled,
    /// Its file is no longer kept.
    Expired,
}

impl ExportStatus {
    pub const ALL: [Self; 7] = [
        Self::Scheduled,
        Self::Queued,
        Self::Processing,
        Self::Completed,
        Self::Failed,
        Self::Cancelled,
        Self::Expired,
    ];

    /// Returns the word as in JSON.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Scheduled => "scheduled",
            Self::Queued => "queued",
            Self::Processing => "processing",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Expired => "expired",
        }
    }

    /// Returns the state with this word, if there is one. `pending` is another word for `queued`.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        match word {
            "pending" => Some(Self::Queued),
            word => Self::ALL.into_iter().find(|status| status.word() == word),
        }
    }

    /// Returns whether the export waits or runs.
    #[must_use]
    pub fn is_open(self) -> bool {
        matches!(self, Self::Scheduled | Self::Queued | Self::Processing)
    }
}

impl fmt::Display for ExportStatus {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.word())
    }
}

/// The kind of an export.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ExportType {
    Dataset,
    UserData,
    BulkData,
    Conversations,
    Report,
}

impl ExportType {
    pub const ALL: [Self; 5] = [
        Self::Dataset,
        Self::UserData,
        Self::BulkData,
        Self::Conversations,
        Self::Report,
    ];

    /// Returns the word as in JSON.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Dataset => "dataset",
            Self::UserData => "user_data",
            Self::BulkData => "bulk_data",
            Self::Conversations => "conversations",
            Self::Report => "report",
        }
    }

    /// Returns whether the file has several parts.
    #[must_use]
    pub fn is_bundle(self) -> bool {
        matches!(self, Self::UserData | Self::BulkData | Self::Report)
    }

    /// Returns the kind with this word, if there is one.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }
}

/// Whose rows the file has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum ExportScope {
    /// The rows of everybody.
    All,
    /// Those of one person.
    User,
    /// Those of one workspace.
    Workspace,
}

/// A background export, as its person sees it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Export {
    /// A UUID.
    pub id: String,
    pub export_type: ExportType,
    /// The name of the dataset, or of the bundle.
    pub dataset: String,
    pub format: String,
    pub scope: ExportScope,
    pub workspace_id: Option<String>,
    pub status: ExportStatus,
    /// Percent, from 0 to 100.
    pub progress: u8,
    pub rows: ExportRows,
    pub file_name: Option<String>,
    /// Bytes of the stored file; null until it is complete.
    pub file_size: Option<u64>,
    /// Rows of the stored file; null until it is complete.
    pub record_count: Option<u64>,
    /// The SHA-256 of the stored file in hexadecimal digits; null until it is complete.
    pub checksum: Option<String>,
    /// Bytes of the rows, divided by those of the file.
    pub compression_ratio: Option<f64>,
    /// As they were sent.
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub parameters: Value,
    /// Of a run of an incremental schedule: the least time of its rows. The first run has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows_from: Option<Timestamp>,
    /// Of such a run: the time that its rows are before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows_before: Option<Timestamp>,
    /// The time of the database when the rows were read.
    pub snapshot_at: Option<Timestamp>,
    pub created_at: Timestamp,
    /// When it may start, if it is scheduled.
    pub scheduled_at: Option<Timestamp>,
    pub started_at: Option<Timestamp>,
    pub completed_at: Option<Timestamp>,
    /// When the file is removed.
    pub expires_at: Option<Timestamp>,
    pub download_count: u64,
    pub last_downloaded_at: Option<Timestamp>,
    /// A stable code, such as `export_too_large`.
    pub error_code: Option<String>,
    pub error_message: Option<String>,
    pub priority: i16,
    /// How often a worker has begun it.
    pub attempts: u16,
    /// The number of exports that start before it, if it waits; null for more than 1,000.
    pub position: Option<u32>,
    /// The name of the person who asked for it.
    pub created_by: String,
    /// The export that it repeats.
    pub parent_id: Option<String>,
    pub schedule_id: Option<u64>,
    /// The report of the last verification.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>))]
    pub verification: Option<Value>,
    /// Its deliveries, if it has any. A list of exports leaves them out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub deliveries: Vec<ExportDelivery>,
    pub links: ExportLinks,
}

/// The rows of an export.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ExportRows {
    pub done: u64,
    /// The planner's estimate.
    pub expected: Option<u64>,
}

/// Addresses of an export.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ExportLinks {
    #[serde(rename = "self")]
    pub own: String,
    pub status: String,
    pub download: String,
    pub events: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ExportAnswer {
    pub export: Export,
}

/// An export with its newest messages.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ExportStatusAnswer {
    /// Always true; a failure is a problem.
    pub success: bool,
    pub export: Export,
    /// The newest first.
    pub logs: Vec<ExportLog>,
}

/// What happened to an export.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ExportLog {
    pub timestamp: Timestamp,
    /// `created`, `start`, `progress`, `complete`, `error`, `retry`, `cancel`, `download`, `verify`, `deliver` or `expire`.
    pub event_type: String,
    pub message: String,
    /// `info`, `warn` or `error`.
    pub level: String,
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>))]
    pub details: Option<Value>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ExportList {
    /// Always true; a failure is a problem.
    pub success: bool,
    /// The newest first.
    pub exports: Vec<Export>,
    pub meta: ExportListMeta,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct ExportListMeta {
    pub total: u64,
    /// Whether there are more than `total`: only 10,000 are counted.
    pub total_is_at_least: bool,
    pub limit: u32,
    pub offset: u64,
    pub has_more: bool,
}

/// The progress of an export. Its end is the last event.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "event", content = "data", rename_all = "lowercase")]
pub enum ExportEvent {
    Progress(ExportProgress),
    Complete(Box<Export>),
    /// It has failed, or its file has expired.
    Error(Box<Export>),
    Cancelled(Box<Export>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct ExportProgress {
    pub status: ExportStatus,
    /// Percent, from 0 to 100.
    pub progress: u8,
    pub rows: ExportRows,
    /// Bytes of the file that have been written.
    pub file_bytes: u64,
    pub position: Option<u32>,
}

/// What this caller may still do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct ExportLimits {
    pub rate: RateLimit,
    /// The greatest size of a stored file in bytes.
    pub max_bytes: u64,
    /// The greatest number of rows of one export of any dataset; null: any number.
    pub max_rows: Option<u64>,
    pub retention_hours: RetentionHours,
    pub quota: QuotaUsage,
    pub formats: Vec<String>,
    pub concurrent: ConcurrentLimit,
    /// From so many rows on, a page suggests a background export.
    pub background_rows: u64,
    pub delivery: DeliveryLimits,
}

/// Exports that a person may create in an hour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct RateLimit {
    /// Null for administrators, who have no limit.
    pub limit: Option<u32>,
    pub remaining: Option<u32>,
    /// When one more may be created; null while some remain.
    pub reset_at: Option<Timestamp>,
}

/// How long files are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RetentionHours {
    pub default: u32,
    pub max: u32,
}

/// Bytes of the storage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct QuotaUsage {
    pub used: u64,
    /// Null: any number.
    pub limit: Option<u64>,
}

/// Exports of one person that run at the same time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ConcurrentLimit {
    pub limit: u32,
    pub running: u32,
}

/// Many exports at once.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct BulkRequest {
    /// From 1 to 10,000.
    pub exports: Vec<ExportRequest>,
}

/// What became of each, in the order of the request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct BulkAnswer {
    pub exports: Vec<Enqueued>,
}

/// An export that was created, or the reason why it was not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(untagged)]
pub enum Enqueued {
    Created { id: String, status: ExportStatus },
    Refused { error: EnqueueError },
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EnqueueError {
    pub code: String,
    pub detail: String,
    /// The member that is wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_those_of_json() {
        for status in ExportStatus::ALL {
            assert_eq!(serde_json::to_value(status).unwrap(), status.word());
            assert_eq!(ExportStatus::from_word(status.word()), Some(status));
        }
        for kind in ExportType::ALL {
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.word());
            assert_eq!(ExportType::from_word(kind.word()), Some(kind));
        }
        assert_eq!(ExportStatus::from_word("pending"), Some(ExportStatus::Queued));
    }
}
