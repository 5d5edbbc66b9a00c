//! The deletion of old rows from the hub's log: its conditions, its events.

#[cfg(target_arch = "wasm32")]
pub mod run;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::event_stream::Event;
use crate::wording;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Age {
    Days(u32),
    /// A day that the visitor enters.
    OwnDay,
}

/// The fields of the form as they are typed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConditionFields {
    pub users: String,
    pub providers: String,
    pub status_codes: String,
    pub only_blocked: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldError {
    /// The id of the field on the page.
    pub field: &'static str,
    pub problem: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Preview {
    pub rows: u64,
    pub oldest: Option<String>,
    pub newest: Option<String>,
    pub estimated_bytes: u64,
    pub keeps_statistics: bool,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Progress {
    pub phase: Phase,
    pub percent: u8,
    pub total: u64,
    pub archived: u64,
    pub deleted: u64,
    pub batches: u64,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Phase {
    #[default]
    Counting,
    Archiving,
    Checking,
    Deleting,
    Vacuuming,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CleanupResult {
    pub deleted: u64,
    pub left: u64,
    pub cancelled: bool,
    pub archive: Option<Archive>,
    pub duration_ms: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Archive {
    pub file: String,
    pub rows: u64,
    pub bytes: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct CleanupFailure {
    pub message: String,
    pub deleted: u64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CleanupEvent {
    Progress(Progress),
    Complete(CleanupResult),
    Failed(CleanupFailure),
}

impl Age {
    pub const FIRST: Self = Self::Days(30);

    pub const ALL: &[Self] = &[
        Self::Days(7),
        Self::Days(30),
        Self::Days(90),
        Self::Days(180),
        Self::OwnDay,
    ];

    pub fn title(self) -> String {
        match self {
            Self::Days(days) => format!("{days} days"),
            Self::OwnDay => "Custom date".to_owned(),
        }
    }

    pub fn testid(self) -> String {
        match self {
            Self::Days(days) => format!("cleanup-days-{days}"),
            Self::OwnDay => "cleanup-own-day".to_owned(),
        }
    }
}

impl ConditionFields {
    /// Returns the conditions of the request. `before` is exclusive, `after` inclusive; both are RFC 3339.
    ///
    /// # Errors
    /// The first field whose text cannot be parsed.
    pub fn conditions(&self, before: &str, after: Option<&str>) -> Result<Map<String, Value>, FieldError> {
        let mut conditions = Map::new();
        conditions.insert("beforeDate".to_owned(), json!(before));
        if let Some(after) = after {
            conditions.insert("afterDate".to_owned(), json!(after));
        }
        for (field, name, text) in [
            ("users", "userIds", &self.users),
            ("providers", "providerIds", &self.providers),
        ] {
            if let Some(numbers) = numbers(field, text)? {
                conditions.insert(name.to_owned(), json!(numbers));
            }
        }
        match status_codes(&self.status_codes)? {
            None => {}
            Some(StatusCodes::Of(codes)) => drop(conditions.insert("statusCodes".to_owned(), json!(codes))),
            Some(StatusCodes::Between(min, max)) => {
                let range = json!({ "min": min, "max": max });
                conditions.insert("statusCodeRange".to_owned(), range);
            }
        }
        if self.only_blocked {
            conditions.insert("onlyBlocked".to_owned(), json!(true));
        }
        Ok(conditions)
    }
}

enum StatusCodes {
    Of(Vec<u32>),
    Between(u32, u32),
}

/// Parses a list, `429, 500`, or a range, `500-599`.
fn status_codes(text: &str) -> Result<Option<StatusCodes>, FieldError> {
    let wrong = || FieldError {
        field: "status-codes",
        problem: "Enter status codes (429, 500) or a range (500-599).",
    };
    match text.split_once('-') {
        Some((min, max)) => {
            let number = |text: &str| text.trim().parse().map_err(|_| wrong());
            Ok(Some(StatusCodes::Between(number(min)?, number(max)?)))
        }
        None => {
            let codes = numbers("status-codes", text).map_err(|_| wrong())?;
            Ok(codes.map(StatusCodes::Of))
        }
    }
}

fn numbers(field: &'static str, text: &str) -> Result<Option<Vec<u32>>, FieldError> {
    let words = text.split([',', ' ', ';']).filter(|word| !word.is_empty());
    let numbers: Result<Vec<_>, _> = words.map(str::parse).collect();
    let numbers = numbers.map_err(|_| FieldError {
        field,
        problem: "Enter numbers, separated by commas: 3, 17.",
    })?;
    Ok((!numbers.is_empty()).then_some(numbers))
}

impl Preview {
    pub fn sentence(&self, moment: impl Fn(&str) -> String) -> String {
        let rows = wording::rows(self.rows);
        match (&self.oldest, &self.newest) {
            (Some(oldest), Some(newest)) => format!(
                "{rows}, created from {} to {}, about {} on disk.",
                moment(oldest),
                moment(newest),
                wording::bytes(self.estimated_bytes)
            ),
            _ => "No rows match. There is nothing to delete.".to_owned(),
        }
    }
}

impl Progress {
    pub fn sentence(&self) -> &'static str {
        match self.phase {
            Phase::Counting => "Counting the rows",
            Phase::Archiving => "Writing the rows to the archive",
            Phase::Checking => "Checking the archive",
            Phase::Deleting => "Deleting the rows",
            Phase::Vacuuming => "Vacuuming the table",
        }
    }
}

impl CleanupResult {
    pub fn sentence(&self) -> String {
        let deleted = wording::rows(self.deleted);
        let time = wording::duration(self.duration_ms as f64 / 1_000.0);
        match (self.cancelled, self.left) {
            (true, left) => format!("Stopped after {deleted}; {} remain.", wording::rows(left)),
            (false, 0) => format!("{deleted} deleted in {time}."),
            (false, left) => format!(
                "{deleted} deleted in {time}. Remaining: {} that other transactions had locked or changed.",
                wording::rows(left)
            ),
        }
    }
}

impl CleanupEvent {
    /// Returns `None` for an event that this page does not know.
    pub fn from_event(event: &Event) -> Option<Self> {
        let data = event.data.as_str();
        match event.name.as_str() {
            "progress" => serde_json::from_str(data).ok().map(Self::Progress),
            "complete" => serde_json::from_str(data).ok().map(Self::Complete),
            "error" => serde_json::from_str(data).ok().map(Self::Failed),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BEFORE: &str = "2026-01-28T00:00:00.000Z";

    #[test]
    fn conditions_are_those_that_were_typed() {
        let conditions = |typed: &ConditionFields| typed.conditions(BEFORE, None).map(Value::Object);
        assert_eq!(
            conditions(&ConditionFields::default()),
            Ok(json!({ "beforeDate": BEFORE }))
        );
        let typed = ConditionFields {
            users: " 3, 17 ".to_owned(),
            providers: "5".to_owned(),
            status_codes: "500 - 599".to_owned(),
            only_blocked: true,
        };
        assert_eq!(
            conditions(&typed),
            Ok(json!({
                "beforeDate": BEFORE, "userIds": [3, 17], "providerIds": [5],
                "statusCodeRange": { "min": 500, "max": 599 }, "onlyBlocked": true,
            }))
        );
        let with_after = ConditionFields::default().conditions(BEFORE, Some("2026-01-01T00:00:00.000Z"));
        assert_eq!(with_after.unwrap()["afterDate"], "2026-01-01T00:00:00.000Z");
    }

    #[test]
    fn a_mistake_is_named_by_its_field() {
        for (users, status_codes, field) in [
            ("three", "", "users"),
            ("-3", "", "users"),
            ("", "ok", "status-codes"),
            ("", "500-", "status-codes"),
            ("", "500-510-520", "status-codes"),
        ] {
            let typed = ConditionFields {
                users: users.to_owned(),
                status_codes: status_codes.to_owned(),
                ..ConditionFields::default()
            };
            let mistake = typed.conditions(BEFORE, None).expect_err(field);
            assert_eq!(mistake.field, field);
        }
    }

    #[test]
    fn what_the_server_tells_is_understood() {
        let event = |name: &str, data: Value| {
            CleanupEvent::from_event(&Event {
                name: name.to_owned(),
                data: data.to_string(),
            })
        };
        let progress = json!({
            "phase": "deleting", "percent": 40, "total": 10, "archived": 0, "checked": 0, "deleted": 4, "batches": 2,
        });
        let Some(CleanupEvent::Progress(progress)) = event("progress", progress) else {
            panic!("it is progress")
        };
        assert_eq!((progress.deleted, progress.sentence()), (4, "Deleting the rows"));
        let complete = |left: u64, cancelled: bool| {
            let cleaned = json!({
                "deleted": 1234, "batches": 2, "left": left, "cancelled": cancelled, "archive": null, "durationMs": 2500,
            });
            match event("complete", cleaned) {
                Some(CleanupEvent::Complete(cleaned)) => cleaned.sentence(),
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(complete(0, false), "1,234 rows deleted in 2.5 s.");
        assert_eq!(
            complete(1, false),
            "1,234 rows deleted in 2.5 s. Remaining: 1 row that other transactions had locked or changed."
        );
        assert_eq!(complete(6, true), "Stopped after 1,234 rows; 6 rows remain.");
        assert_eq!(event("news", json!({})), None);
    }
}
