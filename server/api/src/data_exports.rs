//! Exports of everything about one person, and of all users; the figures of exports.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::datasets::{DateRange, FilterValues};
use crate::exports::{Export, OptionValue};

crate::examples! {
    DataExportRequest = "data_export_request",
    DataExportAnswer = "data_export_answer",
    ExportStatistics = "export_statistics",
}

/// A file with the data of one person, or of all users.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct DataExportRequest {
    /// The word of a format. Absent: that of the template, or `json`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<String>,
    #[serde(default)]
    pub options: DataExportOptions,
    /// The person whose data it is; only administrators may name one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<serde_json::Value>))]
    pub user_id: Option<OptionValue>,
    /// The name or the id of a template, whose values the other members override.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct DataExportOptions {
    /// Whether the file says what it is of. A zip archive of CSV files always does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub include_metadata: Option<bool>,
    /// Whether columns that describe the system are not left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub include_system_fields: Option<bool>,
    /// `true` is `gzip`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<serde_json::Value>))]
    pub compression: Option<OptionValue>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub date_range: Option<DateRange>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<BTreeMap<String, serde_json::Value>>))]
    pub filters: Option<BTreeMap<String, FilterValues>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field_selection: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sort_order: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u64>,
    /// `true` is refused, because it has no effect yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encryption: Option<bool>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DataExportAnswer {
    /// Always true; a failure is a problem.
    pub success: bool,
    pub export: Export,
    pub message: String,
}

/// The figures of background exports.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct ExportStatistics {
    /// Always true; a failure is a problem.
    pub success: bool,
    /// Those of the caller's exports whose records are kept.
    pub user_stats: ExportFigures,
    /// Those of everybody in the last days, also where records were removed; null unless an administrator asks for them.
    pub system_stats: Option<SystemFigures>,
}

/// Figures of exports. Times are those of finished exports.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct ExportFigures {
    pub total_exports: u64,
    /// Also those whose file has expired.
    pub completed_exports: u64,
    pub failed_exports: u64,
    /// Bytes of all files.
    pub total_size: u64,
    /// Bytes of a file; null without one.
    pub average_size: Option<u64>,
    pub last_export_date: Option<Timestamp>,
    /// Percent of the completed and the failed ones that were completed; null without one.
    pub success_rate: Option<f64>,
    /// From the first attempt to the end; null without a completed one.
    pub average_processing_ms: Option<u64>,
    /// Created since midnight in UTC.
    pub today: u64,
    /// Numbers of exports by the word of the format.
    pub by_format: BTreeMap<String, u64>,
    /// Numbers of exports by the word of the state. In those of everybody, `expired` ones are `completed`.
    pub by_status: BTreeMap<String, u64>,
    /// The last days with an export that ended, the oldest first.
    pub per_day: Vec<DayFigures>,
}

/// The exports that ended on a day.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct DayFigures {
    /// The day in UTC, such as `2026-01-28`.
    pub date: String,
    pub completed: u64,
    pub failed: u64,
    pub cancelled: u64,
    /// Bytes of the files.
    pub size: u64,
    pub rows: u64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct SystemFigures {
    #[serde(flatten)]
    pub exports: ExportFigures,
    /// The rows of the view `export_health_metrics`: exports of the last 30 days by kind, format and dataset.
    #[cfg_attr(feature = "openapi", schema(value_type = Vec<Object>))]
    pub health_metrics: Vec<Value>,
    pub storage: StorageFigures,
    pub queue: QueueFigures,
}

/// The stored files of all exports.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct StorageFigures {
    /// In bytes.
    pub used: u64,
    /// Bytes of the files that were completed in the last 30 days, for each day.
    pub growth_per_day: u64,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct QueueFigures {
    pub queued: u64,
    pub processing: u64,
    /// How long the oldest one waits; null if none waits.
    pub oldest_seconds: Option<u64>,
    /// Workers that make an export now.
    pub workers: u64,
}
