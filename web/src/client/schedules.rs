//! Requests about schedules of exports.

use api::exports::{Export, ExportAnswer};
use api::schedules::{
    Schedule, ScheduleAnswer, ScheduleChange, ScheduleCreated, ScheduleList, ScheduleRequest,
    ScheduledRequest,
};
use wasm_export::rows::Problem;

use super::request::{delete, get, patch, post, post_empty};

const SCHEDULES_URL: &str = "api/exports/schedules";

/// Returns one page of the list; see [`SchedulesChoice`](crate::route::SchedulesChoice::list_query).
pub async fn schedules(query: String) -> Result<ScheduleList, Problem> {
    get(&format!("{SCHEDULES_URL}?{query}")).await?.json().await
}

/// Creates a schedule. The answer has its next five times.
pub async fn create_schedule(request: &ScheduleRequest) -> Result<ScheduledRequest, Problem> {
    let ScheduleCreated { request, .. } = post("api/exports/schedule", request).await?.json().await?;
    Ok(request)
}

/// Changes, pauses or resumes a schedule.
pub async fn change_schedule(id: u64, change: &ScheduleChange) -> Result<Schedule, Problem> {
    let ScheduleAnswer { schedule } = patch(&schedule_url(id), change).await?.json().await?;
    Ok(schedule)
}

/// Creates an export of a schedule now.
pub async fn run_schedule(id: u64) -> Result<Export, Problem> {
    let url = format!("{}/run", schedule_url(id));
    let ExportAnswer { export } = post_empty(&url).await?.json().await?;
    Ok(export)
}

/// Deletes a schedule. Its exports stay.
pub async fn delete_schedule(id: u64) -> Result<(), Problem> {
    delete(&schedule_url(id)).await.map(drop)
}

fn schedule_url(id: u64) -> String {
    format!("{SCHEDULES_URL}/{id}")
}
