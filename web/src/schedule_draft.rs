//! A schedule as its form holds it, before it is sent.

use api::Timestamp;
use api::data_exports::DataExportOptions;
use api::exports::{ExportRequest, ExportType};
use api::schedules::{MissedRuns, Schedule, ScheduleChange, ScheduleRequest, ScheduleStatus};

/// How often an export is made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Repeats {
    Once,
    #[default]
    Daily,
    Weekly,
    Monthly,
    /// At a time of day, or by a cron pattern.
    Pattern,
}

impl Repeats {
    pub const ALL: [Self; 5] = [
        Self::Once,
        Self::Daily,
        Self::Weekly,
        Self::Monthly,
        Self::Pattern,
    ];

    /// Returns the word of the server; a pattern stands in the place of its word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Once => "once",
            Self::Daily => "daily",
            Self::Weekly => "weekly",
            Self::Monthly => "monthly",
            Self::Pattern => "pattern",
        }
    }

    /// Returns the choice for a recurrence of the server: each other text than a word is a pattern.
    pub fn from_recurrence(text: &str) -> Self {
        let mut words = Self::ALL.into_iter();
        words
            .find(|repeats| repeats.word() == text)
            .unwrap_or(Self::Pattern)
    }
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ScheduleDraft {
    /// Empty: the server names it.
    pub name: String,
    pub repeats: Repeats,
    /// For [`Repeats::Pattern`]: a time of day, or a cron pattern.
    pub pattern: String,
    /// `2026-02-01T02:00`, by the clock of the zone. Empty: none is chosen.
    pub first: String,
    /// The IANA name of the zone of the times and of the file.
    pub zone: String,
    pub missed: MissedRuns,
    /// Empty: the usual time.
    pub retention_days: String,
    /// Whether each run has the rows since the one before.
    pub is_incremental: bool,
    /// The id of the workspace whose rows a schedule that is changed has.
    pub workspace: Option<String>,
}

impl ScheduleDraft {
    /// Returns a schedule as the form begins with it. One that has ended needs a new first time. `wall` formats a time by the clock of a
    /// zone, as [`Self::first`].
    pub fn of_schedule(schedule: &Schedule, wall: impl Fn(Timestamp, &str) -> String) -> Self {
        let repeats = Repeats::from_recurrence(&schedule.recurrence);
        let first = match schedule.status {
            ScheduleStatus::Ended => String::new(),
            _ => wall(schedule.scheduled_at, &schedule.zone),
        };
        let days = schedule.retention_hours / 24;
        let is_whole = schedule.retention_hours.is_multiple_of(24);
        Self {
            name: schedule.name.clone(),
            repeats,
            pattern: match repeats {
                Repeats::Pattern => schedule.recurrence.clone(),
                _ => String::new(),
            },
            first,
            zone: schedule.zone.clone(),
            missed: schedule.missed,
            retention_days: match is_whole {
                true => days.to_string(),
                false => String::new(),
            },
            is_incremental: schedule.incremental,
            workspace: schedule.workspace_id.clone(),
        }
    }

    /// Returns what the visitor has still to fill in.
    pub fn obstacle(&self) -> Option<&'static str> {
        let days = self.retention_days.trim();
        match self.repeats {
            Repeats::Pattern if self.pattern.trim().is_empty() => {
                Some("Type a time of day or a cron pattern.")
            }
            Repeats::Once | Repeats::Daily | Repeats::Weekly | Repeats::Monthly if self.first.is_empty() => {
                Some("Choose the first time.")
            }
            _ if !days.is_empty() && days.parse::<u32>().is_err() => {
                Some("Keep files for a whole number of days.")
            }
            _ => None,
        }
    }

    /// Returns the schedule of an export.
    pub fn request(&self, export: ExportRequest) -> ScheduleRequest {
        ScheduleRequest {
            export_type: ExportType::Dataset,
            dataset: Some(export.dataset),
            workspace: export.workspace,
            format: export.format,
            scheduled_at: given(&self.first),
            recurrence: Some(self.recurrence().to_owned()),
            zone: Some(self.zone.clone()),
            name: given(&self.name),
            missed: Some(self.missed),
            options: DataExportOptions {
                filters: Some(export.filters).filter(|filters| !filters.is_empty()),
                field_selection: export.columns,
                sort_order: export.sort,
                limit: export.limit,
                ..DataExportOptions::default()
            },
            file_options: export.options,
            conversations: None,
            template: None,
            retention_days: self.days(),
            max_failures: None,
            delivery: None,
            notify: None,
            encryption: None,
            incremental: self.is_incremental.then_some(true),
        }
    }

    /// Returns what differs from an earlier draft. A first time that did not change is not sent, because one in the past is due now.
    pub fn change_from(&self, before: &Self) -> ScheduleChange {
        fn changed<T: PartialEq>(now: T, before: &T) -> Option<T> {
            (now != *before).then_some(now)
        }
        ScheduleChange {
            name: changed(self.name.clone(), &before.name),
            recurrence: changed(self.recurrence().to_owned(), &before.recurrence().to_owned()),
            scheduled_at: changed(self.first.clone(), &before.first).filter(|first| !first.is_empty()),
            zone: changed(self.zone.clone(), &before.zone),
            missed: changed(self.missed, &before.missed),
            retention_days: self.days().filter(|days| Some(*days) != before.days()),
            ..ScheduleChange::default()
        }
    }

    fn recurrence(&self) -> &str {
        match self.repeats {
            Repeats::Pattern => self.pattern.trim(),
            repeats => repeats.word(),
        }
    }

    fn days(&self) -> Option<u32> {
        self.retention_days.trim().parse().ok()
    }
}

fn given(text: &str) -> Option<String> {
    Some(text.trim().to_owned()).filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::wall_time;

    fn schedule() -> Schedule {
        let example = include_str!("../../server/api/examples/schedule_answer.json");
        let example: api::schedules::ScheduleAnswer = serde_json::from_str(example).unwrap();
        Schedule {
            recurrence: "daily".to_owned(),
            zone: "Europe/Berlin".to_owned(),
            scheduled_at: "2026-02-01T01:00:00Z".parse().unwrap(),
            status: ScheduleStatus::Active,
            retention_hours: 168,
            name: "Each night".to_owned(),
            missed: MissedRuns::Once,
            ..example.schedule
        }
    }

    #[test]
    fn a_schedule_has_the_rows_and_the_file_of_the_panel() {
        let export: ExportRequest = serde_json::from_value(json!({
            "dataset": "usage-logs", "format": "json", "filters": { "model": ["a"] }, "columns": ["id"],
            "sort": "reversed", "zone": "UTC", "options": { "compression": "gzip" },
        }))
        .unwrap();
        let draft = ScheduleDraft {
            repeats: Repeats::Weekly,
            first: "2026-02-01T02:00".to_owned(),
            zone: "Europe/Berlin".to_owned(),
            retention_days: " 3 ".to_owned(),
            ..ScheduleDraft::default()
        };
        assert_eq!(draft.obstacle(), None);
        assert_eq!(
            serde_json::to_value(draft.request(export)).unwrap(),
            json!({
                "exportType": "dataset", "dataset": "usage-logs", "format": "json",
                "scheduledAt": "2026-02-01T02:00", "recurrence": "weekly", "zone": "Europe/Berlin", "missed": "once",
                "options": { "filters": { "model": ["a"] }, "fieldSelection": ["id"], "sortOrder": "reversed" },
                "fileOptions": { "compression": "gzip" }, "retentionDays": 3,
            })
        );
    }

    #[test]
    fn only_what_was_changed_is_sent() {
        let before = ScheduleDraft::of_schedule(&schedule(), wall_time::in_zone);
        assert_eq!(before.first, "2026-02-01T02:00");
        assert_eq!(before.retention_days, "7");
        assert_eq!(before.change_from(&before), ScheduleChange::default());
        let now = ScheduleDraft {
            repeats: Repeats::Pattern,
            pattern: " 0 2 * * MON ".to_owned(),
            retention_days: "30".to_owned(),
            ..before.clone()
        };
        let change = serde_json::to_value(now.change_from(&before)).unwrap();
        assert_eq!(
            change,
            json!({ "recurrence": "0 2 * * MON", "retentionDays": 30 })
        );
    }

    #[test]
    fn a_schedule_that_has_ended_needs_a_new_time() {
        let ended = Schedule {
            status: ScheduleStatus::Ended,
            recurrence: "once".to_owned(),
            ..schedule()
        };
        let draft = ScheduleDraft::of_schedule(&ended, wall_time::in_zone);
        assert_eq!(draft.obstacle(), Some("Choose the first time."));
    }

    #[test]
    fn a_pattern_and_a_number_of_days_are_asked_for() {
        let pattern = ScheduleDraft {
            repeats: Repeats::Pattern,
            ..ScheduleDraft::default()
        };
        assert!(pattern.obstacle().is_some());
        let days = ScheduleDraft {
            pattern: "02:30".to_owned(),
            retention_days: "a week".to_owned(),
            ..pattern
        };
        assert!(days.obstacle().is_some());
        assert_eq!(Repeats::from_recurrence("02:30"), Repeats::Pattern);
        assert_eq!(Repeats::from_recurrence("monthly"), Repeats::Monthly);
    }
}
