//! Files of conversations: small ones are in the first answer, others are made in the background.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Number, Value};

use crate::exports::ExportStatus;

crate::examples! {
    ConversationExportRequest = "conversation_export_request",
    FinishedConversationExport = "finished_conversation_export",
    QueuedConversationExport = "queued_conversation_export",
    ConversationExportStatus = "conversation_export_status",
    ConversationExportHistory = "conversation_export_history",
}

/// Which conversations the file has, and how.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct ConversationExportRequest {
    pub config: ConversationExportConfig,
    /// For the scope `selected`: from 1 to 10,000 ids. Those of other people's conversations are left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conversation_ids: Option<Vec<String>>,
    /// For the scope `filtered`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filters: Option<ConversationFilters>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct ConversationExportConfig {
    pub scope: ConversationScope,
    /// The word of a format: `jsonl` is for training, `markdown` is a transcript, and `csv` and `xlsx` have one row for each turn.
    pub format: String,
    #[serde(default = "yes")]
    pub include_metadata: bool,
    #[serde(default = "yes")]
    pub include_quality_scores: bool,
    #[serde(default = "yes")]
    pub include_timestamps: bool,
    #[serde(default)]
    pub include_approval_history: bool,
    #[serde(default)]
    pub include_parent_references: bool,
    /// `false`: contents are cut after 200 characters.
    #[serde(default = "yes")]
    pub include_full_content: bool,
}

fn yes() -> bool {
    true
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum ConversationScope {
    /// The approved ones.
    All,
    Selected,
    Filtered,
}

/// Conditions that a conversation must fulfil together; an absent one is fulfilled by all.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct ConversationFilters {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tier: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<f64>))]
    pub quality_score_min: Option<Number>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<f64>))]
    pub quality_score_max: Option<Number>,
    /// A day, or an RFC 3339 time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub date_from: Option<String>,
    /// A day, which is included, or an RFC 3339 time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub date_to: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub categories: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub search_query: Option<String>,
}

/// A file that is complete.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FinishedConversationExport {
    pub export_id: String,
    pub status: ExportStatus,
    pub conversation_count: u64,
    /// In bytes.
    pub file_size: u64,
    /// The address of the file.
    pub file_url: String,
    pub filename: String,
    pub expires_at: Timestamp,
    pub format: String,
}

/// A file that is made in the background.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct QueuedConversationExport {
    pub export_id: String,
    pub status: ExportStatus,
    pub conversation_count: u64,
    pub message: String,
}

/// How far a file of conversations is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ConversationExportStatus {
    pub export_id: String,
    pub status: ExportStatus,
    /// Percent, from 0 to 100.
    pub progress: u8,
    pub conversation_count: u64,
    /// In bytes; null until the file is complete.
    pub file_size: Option<u64>,
    /// Null unless the file can be downloaded.
    pub file_url: Option<String>,
    pub filename: Option<String>,
    pub format: String,
    pub created_at: Timestamp,
    pub expires_at: Option<Timestamp>,
    pub error_message: Option<String>,
    pub message: String,
}

/// The caller's files of conversations.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ConversationExportHistory {
    /// The newest first.
    pub exports: Vec<ConversationExportEntry>,
    pub pagination: Pagination,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ConversationExportEntry {
    pub export_id: String,
    pub format: String,
    pub status: ExportStatus,
    #[serde(rename = "statusMessage")]
    pub status_message: String,
    pub conversation_count: u64,
    pub file_size: Option<u64>,
    pub file_url: Option<String>,
    pub filename: Option<String>,
    pub created_at: Timestamp,
    pub expires_at: Option<Timestamp>,
    pub error_message: Option<String>,
    #[serde(rename = "isDownloadable")]
    pub is_downloadable: bool,
    /// As it was sent.
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub config: Value,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Pagination {
    /// From 1.
    pub page: u64,
    pub limit: u32,
    pub total: u64,
    /// At least 1.
    pub total_pages: u64,
    pub has_next: bool,
    pub has_prev: bool,
}

impl Pagination {
    /// Returns the place of a page with at most `limit` of `total` entries.
    #[must_use]
    pub fn new(page: u64, limit: u32, total: u64) -> Self {
        let total_pages = total.div_ceil(u64::from(limit.max(1))).max(1);
        Self {
            page,
            limit,
            total,
            total_pages,
            has_next: page < total_pages,
            has_prev: page > 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_knows_its_neighbours() {
        let ends = |page, total| {
            let place = Pagination::new(page, 25, total);
            (place.total_pages, place.has_next, place.has_prev)
        };
        assert_eq!(ends(1, 0), (1, false, false));
        assert_eq!(ends(1, 25), (1, false, false));
        assert_eq!(ends(1, 26), (2, true, false));
        assert_eq!(ends(2, 26), (2, false, true));
        assert_eq!(ends(9, 26), (2, false, true));
    }
}
