//! A schedule as it is recorded, and as callers see it.

use api::datasets::RowsRequest;
use api::exports::{ExportStatus, ExportType};
use api::login::Role;
use api::schedules::{MissedRuns, Schedule, ScheduleStatus, ScheduledRequest};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;
use wasm_export::{Options, Zone};

use super::timing::{Recurrence, Timing};
use crate::auth::{Caller, RecordedCaller, Subject};
use crate::datasets::definition::render_file_name;
use crate::exports::deliveries::destinations::Destinations;
use crate::exports::new_export::{NewExport, Requester, ScheduledRun};
use crate::exports::record::RecordedScope;

/// A row of `decant.export_schedules`, as PostgreSQL's `row_to_json` writes it.
#[derive(Clone, Debug, Deserialize)]
pub struct ScheduleRecord {
    pub id: i64,
    pub name: String,
    pub subject: String,
    /// The name of the owner.
    pub caller: String,
    pub credential: String,
    pub role: Role,
    pub authorized_at: Timestamp,
    pub scope: RecordedScope,
    pub workspace_id: Option<String>,
    pub export_type: ExportType,
    pub dataset: String,
    pub format: String,
    pub options: Options,
    pub parameters: Value,
    pub selection: RowsRequest,
    pub retention_hours: u32,
    pub file_name_pattern: Option<String>,
    pub request: Value,
    pub schedule_pattern: String,
    pub zone: String,
    pub starts_at: Timestamp,
    pub missed: MissedRuns,
    pub next_run_time: Option<Timestamp>,
    pub last_run_time: Option<Timestamp>,
    pub last_export_id: Option<Uuid>,
    pub status: ScheduleStatus,
    pub failure_count: u32,
    pub max_failures: u32,
    pub last_error: Option<String>,
    /// The recipients of each run.
    pub delivery: Option<Destinations>,
    /// Whether each run has the rows since the one before.
    pub incremental: bool,
    /// The time before which earlier runs have all rows.
    pub watermark: Option<Timestamp>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// Why a recorded schedule has no times.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoTiming {
    #[error("its pattern `{0}` is not known to this version")]
    Pattern(String),
    #[error("its zone `{0}` is not known to this version")]
    Zone(String),
}

impl ScheduleRecord {
    /// Returns the times of the schedule.
    ///
    /// # Errors
    /// `NoTiming` for a record of another version.
    pub fn timing(&self) -> Result<Timing, NoTiming> {
        let unknown = |_| NoTiming::Pattern(self.schedule_pattern.clone());
        let recurrence = self.schedule_pattern.parse::<Recurrence>().map_err(unknown)?;
        let zone: Result<Zone, _> = self.zone.parse();
        let zone = zone.map_err(|_| NoTiming::Zone(self.zone.clone()))?;
        Timing::new(recurrence, self.starts_at, zone).map_err(unknown)
    }

    /// Returns its owner, or `None` if the record has no subject or credential that this version knows.
    #[must_use]
    pub fn requester(&self) -> Option<RecordedCaller> {
        Some(RecordedCaller {
            subject: Subject::from_record(&self.subject)?,
            name: self.caller.clone(),
            role: self.role,
            credential: self.credential.parse().ok()?,
            at: self.authorized_at,
        })
    }

    /// Returns whether it is the caller's own.
    #[must_use]
    pub fn is_of(&self, caller: &Caller) -> bool {
        self.subject == caller.subject.to_string()
    }

    /// Returns whether the caller may see and change it. Administrators may. A key of its owner with fewer rights than the one that
    /// created it may not.
    #[must_use]
    pub fn is_shown_to(&self, caller: &Caller) -> bool {
        caller.is_administrator() || self.is_of(caller) && self.role != Role::Admin
    }

    /// Returns an export for the time `due`, or for a person who starts it now. Its file has the name of now.
    #[must_use]
    pub fn run(&self, due: Option<Timestamp>, now: Timestamp) -> NewExport {
        let pattern = self.file_name_pattern.as_deref();
        NewExport {
            id: Uuid::now_v7(),
            requester: Requester {
                subject: self.subject.clone(),
                caller: self.caller.clone(),
                credential: self.credential.clone(),
                role: self.role,
            },
            scope: self.scope.clone(),
            workspace_id: self.workspace_id.clone(),
            export_type: self.export_type,
            dataset: self.dataset.clone(),
            format: self.format.clone(),
            options: self.options.clone(),
            parameters: self.parameters.clone(),
            selection: self.selection.clone(),
            file_name: render_file_name(pattern, &self.dataset, &self.options, now),
            file_name_pattern: self.file_name_pattern.clone(),
            priority: 0,
            not_before: None,
            retention_hours: self.retention_hours,
            total_items: None,
            parent_id: None,
            incremental: self.incremental,
            // A worker finds the times when it begins.
            rows_from: None,
            rows_before: None,
            run: Some(ScheduledRun {
                schedule_id: self.id,
                due,
                authorized_at: self.authorized_at,
            }),
            delivery: self.delivery.clone(),
        }
    }

    fn next_runs(&self) -> Vec<Timestamp> {
        let timing = self.timing();
        timing.map_or_else(|_| Vec::new(), |timing| timing.shown(self.next_run_time))
    }

    /// Returns it for a caller.
    #[must_use]
    pub fn to_schedule(&self) -> Schedule {
        Schedule {
            id: self.id.unsigned_abs(),
            name: self.name.clone(),
            export_type: self.export_type,
            dataset: self.dataset.clone(),
            format: self.format.clone(),
            workspace_id: self.workspace_id.clone(),
            recurrence: self.schedule_pattern.clone(),
            zone: self.zone.clone(),
            scheduled_at: self.starts_at,
            missed: self.missed,
            incremental: self.incremental,
            watermark: self.watermark,
            status: self.status,
            next_runs: match self.status {
                ScheduleStatus::Active => self.next_runs(),
                ScheduleStatus::Paused | ScheduleStatus::Ended | ScheduleStatus::Error => Vec::new(),
            },
            last_run_at: self.last_run_time,
            last_export_id: self.last_export_id.map(|id| id.to_string()),
            failures: self.failure_count,
            max_failures: self.max_failures,
            last_error: self.last_error.clone(),
            retention_hours: self.retention_hours,
            parameters: self.request.clone(),
            created_by: self.caller.clone(),
            created_at: self.created_at,
            updated_at: self.updated_at,
        }
    }

    /// Returns it as the answer to the request that created it.
    #[must_use]
    pub fn to_request(&self) -> ScheduledRequest {
        ScheduledRequest {
            id: self.id.unsigned_abs(),
            export_type: self.export_type,
            format: self.format.clone(),
            status: ExportStatus::Scheduled,
            scheduled_at: self.next_run_time.unwrap_or(self.starts_at),
            next_runs: self.next_runs(),
            created_at: self.created_at,
        }
    }
}
