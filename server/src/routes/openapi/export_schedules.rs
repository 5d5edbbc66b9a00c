//! The operations on schedules of background exports.

use api::exports::ExportAnswer;
use api::schedules::{
    ProcessedSchedules, ScheduleAnswer, ScheduleChange, ScheduleCreated, ScheduleList, ScheduleRequest,
    ScheduleStatus,
};
use serde_json::json;
use utoipa::openapi::path::Parameter;
use utoipa::openapi::schema::Type;

use super::entry::{EntryBuilder, delete, get, patch, post};
use super::exports::{idempotency_key, number, one_of};
use super::parameters as p;

pub const SCHEDULES: &str = "Schedules of exports";

fn id() -> Parameter {
    p::path("id", "The schedule's id.", "12")
}

fn of_list() -> Vec<Parameter> {
    let all = p::of_type(Type::Boolean).default(Some(json!(false)));
    vec![
        one_of(
            "status",
            "Only schedules in this state.",
            ScheduleStatus::ALL.map(ScheduleStatus::word).to_vec(),
        ),
        p::query("include_all", "The schedules of everybody. Administrators only.")
            .schema(Some(all.build()))
            .build(),
        number("limit", "At most this many schedules.", 50, 1, Some(100)),
        number(
            "offset",
            "Leave out this many of the newest schedules.",
            0,
            0,
            None,
        ),
    ]
}

pub fn operations() -> Vec<EntryBuilder> {
    vec![
        post("/api/exports/schedule", "scheduleExport", "Schedule exports")
            .tag(SCHEDULES)
            .description(
                "The export is checked as for `POST /api/exports`, and so is each run, with the rights that the owner has then. A \
                 schedule counts as one export of the hour, and its runs do not. `daily`, `weekly` and `monthly` keep the time of the \
                 clock in `zone` over daylight saving; a month that is too short has its last day. A `scheduledAt` in the past is now. \
                 With `delivery`, each file is sent once it is complete, and the recipients hear when the schedule has failed too often. \
                 With `incremental`, each run has the rows that have come since the one before, each row once; the first run has all. \
                 The dataset must declare how its rows come, and the request must leave the times to the runs (400 by the name of \
                 the member otherwise). `encryption`, a member of later versions, is refused with `not_supported`.",
            )
            .parameters([idempotency_key()])
            .request::<ScheduleRequest>()
            .created::<ScheduleCreated>("The schedule, with its next times.")
            .header("location", "The address of the schedule.", "/api/exports/schedules/12")
            .header("ratelimit", "What remains of the caller's hour.", "limit=10, remaining=9, reset=0")
            .header("idempotency-replayed", "`true` for the answer of an earlier request.", "true")
            .problems(&[400, 404, 409, 413, 422]),
        get("/api/exports/schedules", "listSchedules", "List schedules")
            .tag(SCHEDULES)
            .parameters(of_list())
            .answer::<ScheduleList>("A page of schedules, the newest first.")
            .problems(&[400]),
        get("/api/exports/schedules/{id}", "getSchedule", "Show a schedule")
            .tag(SCHEDULES)
            .parameters([id()])
            .answer::<ScheduleAnswer>("The schedule, with its next times.")
            .problems(&[404]),
        patch("/api/exports/schedules/{id}", "changeSchedule", "Change, pause or resume a schedule")
            .tag(SCHEDULES)
            .description(
                "With `active`, its failures are forgotten, and its runs have the credential of the owner who resumes it. New times \
                 count as one export of the hour.",
            )
            .parameters([id()])
            .request::<ScheduleChange>()
            .answer::<ScheduleAnswer>("The changed schedule.")
            .problems(&[400, 404, 409]),
        delete("/api/exports/schedules/{id}", "deleteSchedule", "Delete a schedule")
            .tag(SCHEDULES)
            .parameters([id()])
            .empty(204, "The schedule is deleted. Its exports stay.")
            .problems(&[404]),
        post("/api/exports/schedules/{id}/run", "runSchedule", "Make the export of a schedule now")
            .tag(SCHEDULES)
            .description(
                "Whatever the state of the schedule. It counts as one export of the hour, and changes no time. An incremental schedule \
                 has one run at a time (409 `run_not_over`).",
            )
            .parameters([id(), idempotency_key()])
            .accepted::<ExportAnswer>("The export waits for a worker.")
            .header("location", "The address of the export.", "/api/exports/0195b7e2-a5f0-7cc3-a1f0-4d7e1b2c3d4e")
            .problems(&[400, 404, 409, 413, 422]),
        post("/api/exports/process-scheduled", "processSchedules", "Start the schedules whose time has come")
            .tag(SCHEDULES)
            .description(
                "Each server does so by itself every `DECANT_SCHEDULE_TICK_SECONDS`. The bearer token is `DECANT_INTERNAL_TOKEN`, or \
                 that of an administrator. A time starts one export, however often and on however many servers this is called.",
            )
            .answer::<ProcessedSchedules>("What was started."),
    ]
}
