//! Schedules: exports that are made again and again, or once at a later time.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::conversation_exports::ConversationExportRequest;
use crate::data_exports::DataExportOptions;
use crate::deliveries::DeliveryRequest;
use crate::exports::{ExportListMeta, ExportStatus, ExportType, OptionValue};

crate::examples! {
    ScheduleRequest = "schedule_request",
    ScheduleCreated = "schedule_created",
    ScheduleAnswer = "schedule_answer",
    ScheduleList = "schedule_list",
    ScheduleChange = "schedule_change",
    ProcessedSchedules = "processed_schedules",
}

/// An export, and when it is made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct ScheduleRequest {
    /// `user_data` and `bulk_data` are the bundles of this name, `report` is that of a workspace, and `conversations` are training
    /// data. `dataset` is any dataset or bundle.
    pub export_type: ExportType,
    /// For the type `dataset`: the name of a dataset, or of a bundle.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dataset: Option<String>,
    /// The id of the workspace, where the rows belong to workspaces.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workspace: Option<String>,
    /// The word of a format. Absent: the first one of the dataset.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<String>,
    /// The first time: RFC 3339, or a date and a time in `zone`. One in the past is now. A pattern begins at this time, and needs none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scheduled_at: Option<String>,
    /// `once`, `daily`, `weekly`, `monthly`, a time of day such as `02:30`, or a pattern of cron. Absent: `once`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recurrence: Option<String>,
    /// Of the times of the schedule and of the file: an IANA name. Absent: `UTC`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zone: Option<String>,
    /// For people. Absent: the names of the dataset and the recurrence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Absent: `once`, so that one run makes up for the missed ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missed: Option<MissedRuns>,
    /// The rows, and the file.
    #[serde(default)]
    pub options: DataExportOptions,
    /// More options of the file by their words in an address: `{"locale":"de-DE"}`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[cfg_attr(feature = "openapi", schema(value_type = BTreeMap<String, serde_json::Value>))]
    pub file_options: BTreeMap<String, OptionValue>,
    /// For the type `conversations`. Absent: all approved ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conversations: Option<ConversationExportRequest>,
    /// The id or the name of a template, whose values count where a member is absent. Not for the type `conversations`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template: Option<String>,
    /// How long each file is kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(minimum = 1))]
    pub retention_days: Option<u32>,
    /// After so many failures in a row the schedule stops. Absent: 3.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 100))]
    pub max_failures: Option<u32>,
    /// Where the files of its runs go. The recipients also hear that the schedule has stopped after failures.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delivery: Option<DeliveryRequest>,
    /// Whether the addresses of `delivery.email` hear of a failure, too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notify: Option<bool>,
    /// Each run has the rows that have come since the one before, each of them once. The first run has all rows. Only for datasets
    /// that declare how their rows come.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub incremental: Option<bool>,
    // Refused by name, because it has no effect yet.
    #[serde(default, skip_serializing)]
    #[cfg_attr(feature = "openapi", schema(ignore))]
    pub encryption: Option<Value>,
}

/// Whether a run is made up for whose time has passed, for example while no server ran.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum MissedRuns {
    /// One export makes up for all of them.
    #[default]
    Once,
    /// No export does, and the schedule waits for its next time.
    Skip,
}

/// The state of a schedule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum ScheduleStatus {
    Active,
    Paused,
    /// It has no further time.
    Ended,
    /// It has failed too often in a row.
    Error,
}

impl ScheduleStatus {
    pub const ALL: [Self; 4] = [Self::Active, Self::Paused, Self::Ended, Self::Error];

    /// Returns the word as in JSON.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Paused => "paused",
            Self::Ended => "ended",
            Self::Error => "error",
        }
    }

    /// Returns the state with this word, if there is one.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.word() == word)
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ScheduleCreated {
    /// Always true; a failure is a problem.
    pub success: bool,
    pub request: ScheduledRequest,
}

/// A new schedule, in the words of an application.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct ScheduledRequest {
    /// The id of the schedule, for `/api/exports/schedules/{id}`.
    pub id: u64,
    pub export_type: ExportType,
    pub format: String,
    /// Always `scheduled`, as for an export that waits for its time.
    pub status: ExportStatus,
    /// When it comes first.
    pub scheduled_at: Timestamp,
    /// The next five times, or fewer.
    pub next_runs: Vec<Timestamp>,
    pub created_at: Timestamp,
}

/// A schedule, as its owner sees it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Schedule {
    pub id: u64,
    pub name: String,
    pub export_type: ExportType,
    /// The name of the dataset, or of the bundle.
    pub dataset: String,
    pub format: String,
    pub workspace_id: Option<String>,
    pub recurrence: String,
    pub zone: String,
    pub scheduled_at: Timestamp,
    pub missed: MissedRuns,
    /// Whether each run has the rows that have come since the one before.
    pub incremental: bool,
    /// Of an incremental schedule: the rows before this time are in the files of its runs. Null: no run has been complete.
    pub watermark: Option<Timestamp>,
    pub status: ScheduleStatus,
    /// The next five times, or fewer; none while it is not active.
    pub next_runs: Vec<Timestamp>,
    /// When its last export was created.
    pub last_run_at: Option<Timestamp>,
    pub last_export_id: Option<String>,
    /// Runs that failed in a row until now.
    pub failures: u32,
    pub max_failures: u32,
    /// Why the last run failed.
    pub last_error: Option<String>,
    /// How long each file is kept.
    pub retention_hours: u32,
    /// As they were sent and changed.
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub parameters: Value,
    /// The name of its owner.
    pub created_by: String,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ScheduleAnswer {
    pub schedule: Schedule,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ScheduleList {
    /// Always true; a failure is a problem.
    pub success: bool,
    /// The newest ones come first.
    pub schedules: Vec<Schedule>,
    pub meta: ExportListMeta,
}

/// Changes of a schedule. An absent member stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct ScheduleChange {
    /// `active` or `paused`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<ScheduleStatus>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recurrence: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scheduled_at: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zone: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missed: Option<MissedRuns>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 100))]
    pub max_failures: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<String>,
    /// Replaces all options of the schedule.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub options: Option<DataExportOptions>,
    /// Replaces all of `fileOptions`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<BTreeMap<String, serde_json::Value>>))]
    pub file_options: Option<BTreeMap<String, OptionValue>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conversations: Option<ConversationExportRequest>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(minimum = 1))]
    pub retention_days: Option<u32>,
    /// Replaces all recipients; `{}` removes them. A webhook with a secret of its own needs it again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delivery: Option<DeliveryRequest>,
    /// Comes with `delivery`. Absent: addresses of e-mail hear of no failure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notify: Option<bool>,
}

/// The result of starting the schedules whose time had come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ProcessedSchedules {
    /// Always true; a failure is a problem.
    pub success: bool,
    /// Schedules whose time had come.
    pub processed: u64,
    /// Ids of the exports that were created.
    pub started: Vec<String>,
    /// Schedules that cannot be read.
    pub failed: u64,
    /// When the next one comes; null without one.
    pub next: Option<Timestamp>,
}
