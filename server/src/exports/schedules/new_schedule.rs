//! A schedule that is to be recorded, and changes of one.

use api::schedules::{MissedRuns, ScheduleStatus};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use crate::exports::new_export::NewExport;

/// A schedule that was checked and is to be recorded. The members are columns of `decant.export_schedules`.
#[derive(Clone, Debug, Serialize)]
pub struct NewSchedule {
    #[serde(flatten)]
    pub export: NewExport,
    pub name: String,
    /// As it was sent.
    pub request: Value,
    pub schedule_pattern: String,
    pub zone: String,
    pub starts_at: Timestamp,
    pub missed: MissedRuns,
    pub next_run_time: Timestamp,
    pub max_failures: u32,
}

/// Changes of a schedule. A column without a value stays as it is.
#[derive(Clone, Debug, Default, Serialize)]
pub struct ScheduleChanges {
    pub request: Value,
    pub name: Option<String>,
    pub missed: Option<MissedRuns>,
    pub max_failures: Option<u32>,
    pub status: Option<ScheduleStatus>,
    #[serde(flatten)]
    pub export: Option<NewExport>,
    /// Whether the recipients of `export` replace those of the schedule.
    pub is_delivery: bool,
    /// Whether the owner has shown the credential of `export` with the request.
    pub is_authorized: bool,
    pub next_run_time: Option<Timestamp>,
    #[serde(flatten)]
    pub times: Option<NewTimes>,
}

/// New times of a schedule.
#[derive(Clone, Debug, Serialize)]
pub struct NewTimes {
    pub schedule_pattern: String,
    pub zone: String,
    pub starts_at: Timestamp,
}
