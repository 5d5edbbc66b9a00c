//! What a restore tells of itself.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::event_stream::Event;

/// One thing that a restore has event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RestoreEvent {
    /// It goes on.
    Progress(Step),
    /// It is done.
    Complete(Restored),
    /// It failed, and the database is as it was.
    Error(Failure),
}

/// What a restore does now.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Step {
    /// In words.
    pub message: String,
    /// How far it is, of 100.
    pub percent: u8,
}

/// Why a restore failed.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Failure {
    /// In words, with what to do.
    pub message: String,
}

/// What was restored.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Restored {
    /// What became of the rows of each table.
    pub tables: BTreeMap<String, Counts>,
    /// The database as it was: its name now. A merge leaves none.
    pub previous: Option<String>,
    /// Where on the server the dump lies that was made before.
    pub safety_dump: String,
    /// What could not be given back.
    pub warnings: Vec<String>,
}

/// What became of a table's rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Counts {
    /// Rows that are there now and were not before.
    pub inserted: u64,
    /// Rows that were there already, the same.
    pub skipped: u64,
    /// Rows that were there otherwise, and stayed.
    pub conflicting: u64,
}

impl RestoreEvent {
    /// What an event says; `None` where it is of no kind that this page knows.
    #[must_use]
    pub fn from_event(event: &Event) -> Option<Self> {
        match event.name.as_str() {
            "progress" => parse(event).map(Self::Progress),
            "complete" => parse(event).map(Self::Complete),
            "error" => parse(event).map(Self::Error),
            _ => None,
        }
    }
}

impl Restored {
    /// The counts of all tables together.
    #[must_use]
    pub fn total(&self) -> Counts {
        let add = |sum: Counts, table: &Counts| Counts {
            inserted: sum.inserted + table.inserted,
            skipped: sum.skipped + table.skipped,
            conflicting: sum.conflicting + table.conflicting,
        };
        self.tables.values().fold(Counts::default(), add)
    }
}

fn parse<T: DeserializeOwned>(event: &Event) -> Option<T> {
    serde_json::from_str(&event.data).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(name: &str, data: &str) -> Option<RestoreEvent> {
        RestoreEvent::from_event(&Event {
            name: name.to_owned(),
            data: data.to_owned(),
        })
    }

    #[test]
    fn what_a_restore_tells_is_understood() {
        let step = Step {
            message: "Counting the rows".to_owned(),
            percent: 86,
        };
        assert_eq!(
            event("progress", r#"{"message":"Counting the rows","percent":86}"#),
            Some(RestoreEvent::Progress(step))
        );
        assert_eq!(
            event("error", r#"{"message":"No."}"#),
            Some(RestoreEvent::Error(Failure {
                message: "No.".to_owned()
            }))
        );
        let complete = r#"{"tables":{"public.a":{"inserted":2,"skipped":1,"conflicting":0},
            "public.b":{"inserted":3,"skipped":0,"conflicting":4}},"previous":null,"safetyDump":"/x.dump","warnings":[]}"#;
        let Some(RestoreEvent::Complete(restored)) = event("complete", complete) else {
            panic!("it is complete");
        };
        let total = Counts {
            inserted: 5,
            skipped: 1,
            conflicting: 4,
        };
        assert_eq!((restored.total(), restored.previous), (total, None));
    }

    #[test]
    fn what_is_not_known_is_passed_over() {
        assert_eq!(event("later", "{}"), None);
        assert_eq!(event("progress", "half of it"), None);
    }
}
