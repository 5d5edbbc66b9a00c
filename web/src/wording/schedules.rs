//! Schedules of exports as text. `moment` formats a time for the visitor.

use api::Timestamp;
use api::schedules::{MissedRuns, Schedule, ScheduleStatus};

use super::{count, moment_in};
use crate::schedule_draft::Repeats;

/// Returns the name of a state.
pub fn status(status: ScheduleStatus) -> &'static str {
    match status {
        ScheduleStatus::Active => "Active",
        ScheduleStatus::Paused => "Paused",
        ScheduleStatus::Ended => "Ended",
        ScheduleStatus::Error => "Stopped",
    }
}

/// Returns the name of a choice in the form.
pub fn repeats(repeats: Repeats) -> &'static str {
    match repeats {
        Repeats::Once => "Once",
        Repeats::Daily => "Daily",
        Repeats::Weekly => "Weekly",
        Repeats::Monthly => "Monthly",
        Repeats::Pattern => "Time of day or cron",
    }
}

/// Returns what the first time means for a recurrence.
pub fn first_label(repeats: Repeats) -> &'static str {
    match repeats {
        Repeats::Once => "Time",
        Repeats::Daily | Repeats::Weekly | Repeats::Monthly => "First time",
        Repeats::Pattern => "Not before",
    }
}

/// Returns which rows each run has.
pub fn rows_of_run(is_incremental: bool) -> &'static str {
    match is_incremental {
        true => "New since the run before",
        false => "All that match",
    }
}

/// Returns what happens to runs whose time has passed, for example while no server ran.
pub fn missed(missed: MissedRuns) -> &'static str {
    match missed {
        MissedRuns::Once => "One run makes up for all",
        MissedRuns::Skip => "Skip them",
    }
}

/// `daily`, `at 02:30`, `cron 0 2 * * MON`
pub fn recurrence(text: &str) -> String {
    let is_time = text.len() <= 5 && text.contains(':');
    match Repeats::from_recurrence(text) {
        Repeats::Pattern if is_time => format!("daily at {text}"),
        Repeats::Pattern => format!("cron {text}"),
        repeats => repeats.word().to_owned(),
    }
}

/// Returns when the schedule runs next, in its zone, or that it does not.
pub fn next_run(schedule: &Schedule) -> String {
    match (schedule.status, schedule.next_runs.first()) {
        (_, Some(next)) => format!("next run {}", moment_in(*next, &schedule.zone)),
        (ScheduleStatus::Active | ScheduleStatus::Ended, None) => "no further run".to_owned(),
        (ScheduleStatus::Paused, None) => "no run until it is resumed".to_owned(),
        (ScheduleStatus::Error, None) => "no run after too many failures".to_owned(),
    }
}

/// Returns the failures in a row with the last reason; `None` without any.
pub fn failures(schedule: &Schedule) -> Option<String> {
    let Schedule {
        failures,
        max_failures,
        ..
    } = schedule;
    if *failures == 0 {
        return schedule.last_error.clone();
    }
    let reason = schedule
        .last_error
        .as_deref()
        .unwrap_or("The reason is not known.");
    let (failures, max) = (count((*failures).into()), count((*max_failures).into()));
    Some(format!("{failures} of {max} failures in a row: {reason}"))
}

/// `Last run 2026-01-28 20:34:56 UTC`
pub fn last_run(last: Option<Timestamp>, moment: impl Fn(Timestamp) -> String) -> String {
    last.map_or_else(
        || "No run yet".to_owned(),
        |last| format!("Last run {}", moment(last)),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schedule(status: ScheduleStatus, failures: u32, last_error: Option<&str>) -> Schedule {
        let example = include_str!("../../../server/api/examples/schedule_answer.json");
        let example: api::schedules::ScheduleAnswer = serde_json::from_str(example).unwrap();
        Schedule {
            status,
            failures,
            max_failures: 3,
            last_error: last_error.map(str::to_owned),
            zone: "Europe/Berlin".to_owned(),
            next_runs: match status {
                ScheduleStatus::Active => vec!["2026-02-03T01:00:00Z".parse().unwrap()],
                _ => Vec::new(),
            },
            ..example.schedule
        }
    }

    #[test]
    fn the_next_run_has_the_clock_of_the_schedule() {
        for (status, text) in [
            (
                ScheduleStatus::Active,
                "next run 2026-02-03 02:00:00 Europe/Berlin",
            ),
            (ScheduleStatus::Paused, "no run until it is resumed"),
            (ScheduleStatus::Ended, "no further run"),
            (ScheduleStatus::Error, "no run after too many failures"),
        ] {
            assert_eq!(next_run(&schedule(status, 0, None)), text);
        }
    }

    #[test]
    fn failures_have_their_reason() {
        let active = ScheduleStatus::Active;
        assert_eq!(failures(&schedule(active, 0, None)), None);
        assert_eq!(
            failures(&schedule(active, 2, Some("The disk is full."))).as_deref(),
            Some("2 of 3 failures in a row: The disk is full.")
        );
    }

    #[test]
    fn a_recurrence_is_short() {
        for (text, expected) in [
            ("monthly", "monthly"),
            ("02:30", "daily at 02:30"),
            ("0 2 * * MON", "cron 0 2 * * MON"),
        ] {
            assert_eq!(recurrence(text), expected);
        }
        assert_eq!(last_run(None, |time| time.to_string()), "No run yet");
    }
}
