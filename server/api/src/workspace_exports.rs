//! A workspace's exports, and the files that they have stored.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::datasets::FilterValues;
use crate::deliveries::DeliveryRequest;
use crate::exports::ExportStatus;

crate::examples! {
    WorkspaceExportRequest = "workspace_export_request",
    ExportJob = "export_job",
    WorkspaceExportAnswer = "workspace_export_answer",
    WorkspaceExportList = "workspace_export_list",
    WorkspaceStorage = "workspace_storage",
    WorkspaceFiles = "workspace_files",
}

/// A file that the server makes of the rows of a workspace.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct WorkspaceExportRequest {
    pub resource_type: ResourceType,
    /// The word of a format. Absent: the first one of the dataset.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[cfg_attr(feature = "openapi", schema(value_type = BTreeMap<String, serde_json::Value>))]
    pub filters: BTreeMap<String, FilterValues>,
    /// The first time, or a day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_date: Option<String>,
    /// The time before which the rows end, or their last day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end_date: Option<String>,
    #[serde(default)]
    pub mode: ExportMode,
    /// Where the file goes once it is complete; for administrators of the workspace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delivery: Option<DeliveryRequest>,
}

/// What a file of a workspace has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum ResourceType {
    Alerts,
    Infringements,
    Actions,
    AuditLog,
    Report,
}

impl ResourceType {
    pub const ALL: [Self; 5] = [
        Self::Alerts,
        Self::Infringements,
        Self::Actions,
        Self::AuditLog,
        Self::Report,
    ];

    /// Returns the word as in JSON.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Alerts => "alerts",
            Self::Infringements => "infringements",
            Self::Actions => "actions",
            Self::AuditLog => "audit-log",
            Self::Report => "report",
        }
    }

    /// Returns the dataset or the bundle with its rows.
    #[must_use]
    pub fn dataset(self) -> &'static str {
        match self {
            Self::Report => "brand-report",
            other => other.word(),
        }
    }

    /// Returns what a file of this dataset or bundle has.
    #[must_use]
    pub fn from_dataset(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|resource| resource.dataset() == name)
    }
}

/// When the answer comes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum ExportMode {
    /// With the finished file, if it has few rows.
    #[default]
    Auto,
    /// Before the file is made.
    Background,
}

/// A workspace's export.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct ExportJob {
    pub id: String,
    pub workspace_id: String,
    /// The subject of who asked for it.
    pub user_id: String,
    /// `alerts`, `infringements`, `actions`, `audit-log`, `report`, or the name of another dataset of workspaces.
    pub resource_type: String,
    pub format: String,
    pub status: ExportStatus,
    /// Percent, from 0 to 100.
    pub progress: u8,
    pub created_at: Timestamp,
    pub completed_at: Option<Timestamp>,
    /// The name in the storage; null until the file is complete.
    pub file_path: Option<String>,
    /// A link that is good for 15 minutes; null until the file is complete.
    pub download_url: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct WorkspaceExportAnswer {
    pub job_id: String,
    pub job: ExportJob,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WorkspaceExportList {
    /// The newest first.
    pub jobs: Vec<ExportJob>,
    pub meta: crate::exports::ExportListMeta,
}

/// The stored files of a workspace together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WorkspaceStorage {
    /// In bytes.
    pub used: u64,
    /// The most that they may have, in bytes; null: any number.
    pub quota: Option<u64>,
    pub files: u64,
    /// When the oldest one was completed; null without one.
    pub oldest: Option<Timestamp>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WorkspaceFiles {
    /// The newest first, at most 1,000.
    pub files: Vec<WorkspaceFile>,
}

/// A stored file of a workspace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct WorkspaceFile {
    /// The name in the storage.
    pub key: String,
    /// In bytes, as it is stored.
    pub size: u64,
    pub last_modified: Timestamp,
    pub export_id: String,
}
