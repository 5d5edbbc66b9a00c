//! A request to change a schedule becomes changes of its record.

use api::schedules::{ScheduleChange, ScheduleRequest, ScheduleStatus};
use jiff::Timestamp;

use super::destinations::Wanted;
use super::schedule_request::{
    SCHEDULED_AT, as_json, check_export, check_members, check_pauses, recurrence_text, timing,
};
use crate::app::App;
use crate::auth::Caller;
use crate::error::ApiError;
use crate::exports::ExportError;
use crate::exports::new_export::NewExport;
use crate::exports::schedules::{NewTimes, RECURRENCE, ScheduleChanges, ScheduleRecord, Timing};
use crate::parameter::ParameterError;

/// Which parts of a schedule a request changes.
#[derive(Clone, Copy)]
struct Parts {
    is_times: bool,
    is_export: bool,
    is_delivery: bool,
    /// Whether a schedule that is not active becomes so.
    is_resumed: bool,
}

/// Returns the changes that a request asks for.
///
/// # Errors
/// Those of a new schedule; [`ExportError::OwnerGone`].
pub async fn changes(
    app: &App,
    caller: &Caller,
    record: &ScheduleRecord,
    change: ScheduleChange,
    now: Timestamp,
) -> Result<ScheduleChanges, ApiError> {
    if matches!(change.status, Some(ScheduleStatus::Ended | ScheduleStatus::Error)) {
        return Err(ParameterError::invalid("status", "must be active or paused").into());
    }
    let request: ScheduleRequest =
        serde_json::from_value(record.request.clone()).map_err(|_| ApiError::Internal)?;
    if change.notify.is_some() && change.delivery.is_none() {
        let problem = "comes with `delivery`, which replaces all recipients";
        return Err(ParameterError::contradictory("notify", problem).into());
    }
    let parts = parts(record, &change);
    let begins_anew = change.scheduled_at.is_some();
    let (status, name) = (change.status, change.name.clone());
    let request = merged(request, change);
    check_members(&request, app.exports.options())?;
    let is_own = record.is_of(caller);
    // The owner shows a credential that may be better than the one of the record.
    let is_checked = parts.is_export || parts.is_delivery || parts.is_resumed && is_own;
    let export = match is_checked {
        true => {
            let owner = owner(app, caller, record).await?;
            Some(permitted(app, owner, &request, parts.is_delivery).await?)
        }
        false => None,
    };
    let mut changes = ScheduleChanges {
        request: as_json(&request)?,
        name: name.map(|name| name.trim().to_owned()),
        missed: request.missed,
        max_failures: request.max_failures,
        is_authorized: is_own && export.is_some(),
        export,
        is_delivery: parts.is_delivery,
        status,
        ..ScheduleChanges::default()
    };
    if parts.is_times || parts.is_resumed {
        let timing = match parts.is_times {
            true => timing(&request, now)?,
            false => recorded_timing(record)?,
        };
        if parts.is_times {
            check_pauses(&timing, caller, app.exports.options(), now)?;
            changes.times = Some(NewTimes {
                schedule_pattern: recurrence_text(&request).to_owned(),
                zone: timing.zone().to_string(),
                starts_at: timing.starts_at(),
            });
        }
        let next = match begins_anew {
            true => timing.first(now),
            // One that was paused at its only time.
            false => timing.after(now).or(record.next_run_time.map(|_| now)),
        };
        let problem = "is missing, and the schedule has no further time; give the next one";
        changes.next_run_time = Some(next.ok_or_else(|| ParameterError::invalid(SCHEDULED_AT, problem))?);
        let is_ended = record.status == ScheduleStatus::Ended;
        changes.status = status.or(is_ended.then_some(ScheduleStatus::Active));
    }
    Ok(changes)
}

fn parts(record: &ScheduleRecord, change: &ScheduleChange) -> Parts {
    let is_zone = change.zone.is_some();
    Parts {
        is_times: is_zone || change.recurrence.is_some() || change.scheduled_at.is_some(),
        is_export: is_zone
            || change.format.is_some()
            || change.options.is_some()
            || change.file_options.is_some()
            || change.conversations.is_some()
            || change.retention_days.is_some(),
        is_delivery: change.delivery.is_some(),
        is_resumed: change.status == Some(ScheduleStatus::Active) && record.status != ScheduleStatus::Active,
    }
}

/// Returns a request with the changed members of another one.
fn merged(request: ScheduleRequest, change: ScheduleChange) -> ScheduleRequest {
    ScheduleRequest {
        name: change.name.or(request.name),
        recurrence: change.recurrence.or(request.recurrence),
        scheduled_at: change.scheduled_at.or(request.scheduled_at),
        zone: change.zone.or(request.zone),
        missed: change.missed.or(request.missed),
        max_failures: change.max_failures.or(request.max_failures),
        format: change.format.or(request.format),
        options: change.options.unwrap_or(request.options),
        file_options: change.file_options.unwrap_or(request.file_options),
        conversations: change.conversations.or(request.conversations),
        retention_days: change.retention_days.or(request.retention_days),
        notify: match change.delivery {
            Some(_) => change.notify,
            None => request.notify,
        },
        delivery: change.delivery.or(request.delivery),
        ..request
    }
}

/// Returns the owner of a schedule, with the rights of now.
async fn owner(app: &App, caller: &Caller, record: &ScheduleRecord) -> Result<Caller, ApiError> {
    if record.is_of(caller) {
        return Ok(caller.clone());
    }
    let recorded = record.requester().ok_or(ExportError::OwnerGone)?;
    let owner = app.authenticator.present_caller(&recorded).await?;
    Ok(owner.ok_or(ExportError::OwnerGone)?)
}

/// Returns the export of a schedule, which this person may create now. The recipients of a record have no secrets, so they are
/// only checked where the request has new ones.
async fn permitted(
    app: &App,
    person: Caller,
    request: &ScheduleRequest,
    is_delivery: bool,
) -> Result<NewExport, ApiError> {
    let permissions = app.permissions.of(&person).await?;
    let permitted = check_export(app, person.clone(), &permissions, request).await?;
    Ok(match is_delivery {
        true => {
            let wanted = Wanted::of_schedule(request);
            wanted.add_to(permitted, app, &person, &permissions)?.export
        }
        false => permitted.export,
    })
}

fn recorded_timing(record: &ScheduleRecord) -> Result<Timing, ParameterError> {
    let timing = record.timing();
    timing.map_err(|error| ParameterError::invalid(RECURRENCE, format!("cannot be used: {error}")))
}
