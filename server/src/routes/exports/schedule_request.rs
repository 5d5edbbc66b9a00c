//! A request for a schedule becomes an export and its times.

use api::conversation_exports::{ConversationExportConfig, ConversationExportRequest, ConversationScope};
use api::data_exports::DataExportOptions;
use api::export_templates::{ExportTemplate, TemplateParameters};
use api::exports::ExportType;
use api::schedules::ScheduleRequest;
use jiff::Timestamp;
use serde_json::Value;
use wasm_export::Zone;
use wasm_export::options::Format;

use super::conversation_request::{self, UNCOUNTED, file_name_pattern};
use super::data::{OF_ALL, OF_PERSON, check_template, file_words, rows_of, values_of};
use super::destinations::Wanted;
use super::order;
use super::schedule_increments::check_increments;
use super::templates::find_for_request;
use crate::app::App;
use crate::auth::Caller;
use crate::error::ApiError;
use crate::exports::deliveries::destinations::without_secrets;
use crate::exports::new_export::NewExport;
use crate::exports::order::{Order, PermittedExport, check_option};
use crate::exports::schedules::{NewSchedule, RECURRENCE, Recurrence, Timing};
use crate::exports::templates::overridden;
use crate::exports::{ExportError, Options};
use crate::parameter::{ParameterError, parse_time};
use crate::permissions::{Permissions, Right};
use crate::routes::bundles::REPORT;

/// The member with the first time.
pub const SCHEDULED_AT: &str = "scheduledAt";

/// The recurrence without one.
const ONCE: &str = "once";

/// The failures in a row that stop a schedule, and the most that a request may name.
const FAILURES: u32 = 3;
const FAILURES_MAX: u32 = 100;

/// The greatest number of characters of a name.
const NAME_MAX: usize = 200;

/// Returns the schedule that a request asks for. The caller may export what it exports.
///
/// # Errors
/// Those of a background export; [`ApiError::Parameter`] for its times.
pub async fn new_schedule(
    app: &App,
    caller: &Caller,
    request: &ScheduleRequest,
    now: Timestamp,
) -> Result<NewSchedule, ApiError> {
    let settings = app.exports.options();
    check_members(request, settings)?;
    let permissions = app.permissions.of(caller).await?;
    let permitted = check_export(app, caller.clone(), &permissions, request).await?;
    let permitted = Wanted::of_schedule(request).add_to(permitted, app, caller, &permissions)?;
    let export = permitted.export;
    let timing = timing(request, now)?;
    check_pauses(&timing, caller, settings, now)?;
    let next_run_time = timing
        .first(now)
        .ok_or_else(|| ParameterError::invalid(RECURRENCE, "has no time from now on"))?;
    let recurrence = recurrence_text(request);
    Ok(NewSchedule {
        name: match &request.name {
            Some(name) => name.trim().to_owned(),
            None => format!("{} {recurrence}", export.dataset),
        },
        export,
        request: as_json(request)?,
        schedule_pattern: recurrence.to_owned(),
        zone: timing.zone().to_string(),
        starts_at: timing.starts_at(),
        missed: request.missed.unwrap_or_default(),
        next_run_time,
        max_failures: request.max_failures.unwrap_or(FAILURES),
    })
}

/// Returns the export of a schedule, which the caller may create now.
///
/// # Errors
/// Those of a background export.
pub async fn check_export(
    app: &App,
    caller: Caller,
    permissions: &Permissions,
    request: &ScheduleRequest,
) -> Result<PermittedExport, ApiError> {
    refuse_unsupported(request)?;
    let (order, pattern) = match request.export_type {
        ExportType::Conversations => {
            let body = conversations_of(request)?;
            let order = conversation_request::order_of(app, &body)?;
            let order = Order {
                retention_hours: retention_hours(request).or(order.retention_hours),
                ..order
            };
            (order, Some(file_name_pattern(body.config.scope, UNCOUNTED)))
        }
        _ => {
            let template = request.template.as_deref();
            let template = find_for_request(app, &caller, permissions, template).await?;
            (order_of(request, template)?, None)
        }
    };
    let PermittedExport {
        export,
        target,
        right,
    } = order::check(app, caller, permissions, order).await?;
    permissions.check(Right::Schedule, &target)?;
    let incremental = request.incremental == Some(true);
    if incremental {
        check_increments(app, &export).await?;
    }
    Ok(PermittedExport {
        export: NewExport {
            incremental,
            file_name_pattern: pattern.or(export.file_name_pattern),
            ..export
        },
        target,
        right,
    })
}

/// Checks the members that are neither of the export nor of the times.
///
/// # Errors
/// [`ParameterError::Invalid`].
pub fn check_members(request: &ScheduleRequest, settings: &Options) -> Result<(), ParameterError> {
    if let Some(name) = &request.name
        && (name.trim().is_empty() || name.chars().count() > NAME_MAX || name.contains('\0'))
    {
        let problem = format!("must have from 1 to {NAME_MAX} characters, and no NUL");
        return Err(ParameterError::invalid("name", problem));
    }
    let days_max = settings.retention_hours_max / 24;
    let numbers = [
        ("maxFailures", request.max_failures, FAILURES_MAX),
        ("retentionDays", request.retention_days, days_max),
    ];
    for (name, number, max) in numbers {
        if number.is_some_and(|number| !(1..=max).contains(&number)) {
            let problem = format!("must be a whole number from 1 to {max}");
            return Err(ParameterError::invalid(name, problem));
        }
    }
    Ok(())
}

/// Returns the times of a request.
///
/// # Errors
/// [`ParameterError::Invalid`].
pub fn timing(request: &ScheduleRequest, now: Timestamp) -> Result<Timing, ParameterError> {
    let unknown = |_| {
        ParameterError::invalid(
            RECURRENCE,
            "must be once, daily, weekly, monthly, a time of day such as 02:30, or a cron pattern such as `0 2 * * MON`",
        )
    };
    let recurrence = recurrence_text(request).parse::<Recurrence>().map_err(unknown)?;
    let zone = match &request.zone {
        None => Zone::default(),
        Some(zone) => zone
            .parse::<Zone>()
            .map_err(|error| ParameterError::invalid("zone", format!("cannot be used: {error}")))?,
    };
    let starts_at = match &request.scheduled_at {
        Some(text) => parse_time(SCHEDULED_AT, text, &zone)?,
        None if recurrence.needs_start() => {
            let problem = "is missing; give the first time, such as 2026-02-01T02:00:00Z";
            return Err(ParameterError::invalid(SCHEDULED_AT, problem));
        }
        None => now,
    };
    Timing::new(recurrence, starts_at, zone).map_err(unknown)
}

/// Checks that a schedule does not come too often. Administrators have no limit.
///
/// # Errors
/// [`ParameterError::Invalid`].
pub fn check_pauses(
    timing: &Timing,
    caller: &Caller,
    settings: &Options,
    now: Timestamp,
) -> Result<(), ParameterError> {
    match caller.is_administrator() {
        true => Ok(()),
        false => timing.check_pauses(settings.schedule_interval, now),
    }
}

/// Returns the recurrence as it was sent.
pub fn recurrence_text(request: &ScheduleRequest) -> &str {
    request.recurrence.as_deref().unwrap_or(ONCE).trim()
}

/// Returns a request as a schedule keeps and shows it, without secrets.
///
/// # Errors
/// [`ApiError::Internal`]; never for a request that was read from JSON.
pub fn as_json(request: &ScheduleRequest) -> Result<Value, ApiError> {
    let shown = ScheduleRequest {
        delivery: request.delivery.as_ref().map(without_secrets),
        ..request.clone()
    };
    serde_json::to_value(shown).map_err(|_| ApiError::Internal)
}

fn retention_hours(request: &ScheduleRequest) -> Option<u32> {
    request.retention_days.map(|days| days.saturating_mul(24))
}

/// Returns the order of all kinds but conversations.
fn order_of(request: &ScheduleRequest, template: Option<ExportTemplate>) -> Result<Order, ApiError> {
    let of_template = template.as_ref().map(|template| template.dataset.clone());
    let given = request.dataset.as_deref().or(of_template.as_deref());
    let of_kind = match request.export_type {
        ExportType::UserData => Some(OF_PERSON),
        ExportType::BulkData => Some(OF_ALL),
        ExportType::Report => Some(REPORT),
        ExportType::Dataset | ExportType::Conversations => None,
    };
    if let Some(bundle) = of_kind {
        check_template(template.as_ref(), bundle)?;
    }
    let dataset = match (of_kind, given) {
        (Some(of_kind), Some(given)) if given != of_kind => {
            let problem = "contradicts `exportType`; leave it out, or give the type dataset";
            return Err(ParameterError::contradictory("dataset", problem).into());
        }
        (Some(name), _) | (None, Some(name)) => name,
        (None, None) => {
            let problem =
                "is missing: the type is dataset, so name one or a template; /api/datasets lists them";
            return Err(ParameterError::invalid("dataset", problem).into());
        }
    };
    if request.conversations.is_some() {
        return Err(ParameterError::contradictory("conversations", "needs the type conversations").into());
    }
    for name in request.file_options.keys() {
        check_option(name)?;
    }
    let dataset = dataset.to_owned();
    let (format, of_template) = values_of(template);
    let of_template = TemplateParameters {
        zone: request.zone.clone().or(of_template.zone),
        options: overridden(of_template.options, request.file_options.clone()),
        ..of_template
    };
    let format = request.format.clone().or(format);
    let file_words = file_words(format.as_deref(), &request.options, &of_template);
    let rows = rows_of(request.options.clone(), of_template);
    Ok(Order {
        kind: None,
        dataset,
        workspace: request.workspace.clone(),
        rows,
        file_words,
        parameters: as_json(request)?,
        priority: 0,
        scheduled_at: None,
        retention_hours: retention_hours(request),
    })
}

/// Returns the conversations of a request; all approved ones, if it names none.
fn conversations_of(request: &ScheduleRequest) -> Result<ConversationExportRequest, ParameterError> {
    let members = [
        ("dataset", request.dataset.is_some()),
        ("workspace", request.workspace.is_some()),
        ("template", request.template.is_some()),
        ("options", request.options != DataExportOptions::default()),
        ("fileOptions", !request.file_options.is_empty()),
    ];
    if let Some((member, _)) = members.into_iter().find(|(_, is_given)| *is_given) {
        let problem = "has no effect on conversations; use the member `conversations`";
        return Err(ParameterError::contradictory(member, problem));
    }
    match (&request.conversations, &request.format) {
        (Some(body), Some(format)) if body.config.format != *format => Err(ParameterError::contradictory(
            "format",
            "contradicts `conversations.config.format`",
        )),
        (Some(body), _) => Ok(body.clone()),
        (None, format) => Ok(ConversationExportRequest {
            config: ConversationExportConfig {
                scope: ConversationScope::All,
                format: format.clone().unwrap_or_else(|| Format::Json.word().to_owned()),
                include_metadata: true,
                include_quality_scores: true,
                include_timestamps: true,
                include_approval_history: false,
                include_parent_references: false,
                include_full_content: true,
            },
            conversation_ids: None,
            filters: None,
        }),
    }
}

/// Refuses the members that have no effect yet, by name.
fn refuse_unsupported(request: &ScheduleRequest) -> Result<(), ExportError> {
    let members = [
        ("encryption", request.encryption.is_some()),
        ("options.encryption", request.options.encryption == Some(true)),
    ];
    match members.into_iter().find(|(_, is_given)| *is_given) {
        Some((member, _)) => Err(ExportError::NotSupported(member)),
        None => Ok(()),
    }
}
