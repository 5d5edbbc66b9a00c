//! An export that is to be recorded.

use api::datasets::RowsRequest;
use api::exports::ExportType;
use api::login::Role;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;
use wasm_export::Options;

use super::deliveries::destinations::Destinations;
use super::file_key::FileOwner;
use super::record::{ExportRecord, RecordedScope};
use crate::auth::Caller;
use crate::datasets::definition::render_file_name;
use crate::datasets::words::{PairList, SYSTEM_FIELDS};

/// Who asks for an export, with the rights that count when it runs.
#[derive(Clone, Debug, Serialize)]
pub struct Requester {
    pub subject: String,
    pub caller: String,
    pub credential: String,
    pub role: Role,
}

/// An export that was checked and is to be recorded. The members are columns of `decant.data_exports`.
#[derive(Clone, Debug, Serialize)]
pub struct NewExport {
    pub id: Uuid,
    #[serde(flatten)]
    pub requester: Requester,
    pub scope: RecordedScope,
    pub workspace_id: Option<String>,
    pub export_type: ExportType,
    /// A dataset, or a bundle.
    pub dataset: String,
    pub format: String,
    pub options: Options,
    /// As they were sent.
    pub parameters: Value,
    /// The rows, without the workspace.
    pub selection: RowsRequest,
    pub file_name: String,
    /// The name at any time, with `{date}` and `{time}`. `None`: that of the dataset, as [`render_file_name`] makes it.
    pub file_name_pattern: Option<String>,
    pub priority: i16,
    /// `None`: it may start at once.
    pub not_before: Option<Timestamp>,
    pub retention_hours: u32,
    /// The number of conversations, where they are counted.
    pub total_items: Option<u64>,
    pub parent_id: Option<Uuid>,
    /// Whether it has the rows of one run of an incremental schedule.
    pub incremental: bool,
    /// The times of these rows, where they are known already.
    pub rows_from: Option<Timestamp>,
    pub rows_before: Option<Timestamp>,
    #[serde(flatten)]
    pub run: Option<ScheduledRun>,
    /// The recipients of the file.
    pub delivery: Option<Destinations>,
}

/// The columns of an export that a schedule creates.
#[derive(Clone, Debug, Serialize)]
pub struct ScheduledRun {
    pub schedule_id: i64,
    /// The time of the schedule; `None` for a run that a person starts.
    pub due: Option<Timestamp>,
    /// When the person showed the credential.
    pub authorized_at: Timestamp,
}

impl Requester {
    #[must_use]
    pub fn new(caller: &Caller) -> Self {
        Self {
            subject: caller.subject.to_string(),
            caller: caller.name.clone(),
            credential: caller.credential_id.to_string(),
            role: caller.role,
        }
    }
}

impl NewExport {
    /// Returns an export with the rows and the options of an earlier one, which belongs to the same person. The credential is
    /// that of the caller if they are this person. Its file has the name of now.
    #[must_use]
    pub fn repeating(record: &ExportRecord, caller: &Caller, now: Timestamp) -> Self {
        let is_own = record.subject == caller.subject.to_string();
        let pattern = record.file_name_pattern.as_deref();
        Self {
            id: Uuid::now_v7(),
            requester: Requester {
                subject: record.subject.clone(),
                caller: record.caller.clone(),
                credential: match is_own {
                    true => caller.credential_id.to_string(),
                    false => record.credential.clone(),
                },
                role: record.role,
            },
            scope: record.scope.clone(),
            workspace_id: record.workspace_id.clone(),
            export_type: record.export_type,
            dataset: record.dataset.clone(),
            format: record.format.clone(),
            options: record.options.clone(),
            parameters: record.parameters.clone(),
            selection: record.selection.clone(),
            file_name: render_file_name(pattern, &record.dataset, &record.options, now),
            file_name_pattern: record.file_name_pattern.clone(),
            priority: record.priority,
            not_before: None,
            retention_hours: record.retention_hours,
            total_items: record.total_items,
            parent_id: Some(record.id),
            incremental: record.incremental,
            rows_from: record.rows_from,
            rows_before: record.rows_before,
            run: None,
            // The recipients have not asked for another file.
            delivery: None,
        }
    }

    /// Returns whose space the file takes.
    #[must_use]
    pub fn file_owner(&self) -> FileOwner {
        FileOwner::new(
            &self.requester.subject,
            self.workspace_id.as_deref(),
            self.export_type,
        )
    }
}

/// Returns the rows of a bundle as the parameters of its address.
#[must_use]
pub fn bundle_pairs(rows: &RowsRequest) -> PairList {
    let pair = |name: &str, value: String| (name.to_owned(), value);
    let filters = rows.filters.iter();
    let mut pairs: PairList = filters
        .flat_map(|(name, values)| values.0.iter().map(|value| pair(name, value.clone())))
        .collect();
    let range = rows.date_range.clone().unwrap_or_default();
    let words = [
        ("start", range.start),
        ("end", range.end),
        ("zone", rows.zone.clone()),
        ("sort", rows.sort.clone()),
        ("columns", rows.columns.as_ref().map(|columns| columns.join(","))),
        ("limit", rows.limit.map(|limit| limit.to_string())),
        (
            SYSTEM_FIELDS,
            rows.include_system_fields.then(|| "true".to_owned()),
        ),
    ];
    for (name, value) in words {
        pairs.extend(value.map(|value| pair(name, value)));
    }
    pairs
}
