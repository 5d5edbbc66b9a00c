//! The events of a running restore.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::event_stream::Event;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RestoreEvent {
    Progress(Step),
    Complete(Restored),
    Error(Failure),
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Step {
    pub message: String,
    pub percent: u8,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Failure {
    pub message: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Restored {
    pub tables: BTreeMap<String, Counts>,
    pub previous: Option<String>,
    pub safety_dump: String,
    pub warnings: Vec<String>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Counts {
    pub inserted: u64,
    pub skipped: u64,
    pub conflicting: u64,
}

impl RestoreEvent {
    /// Returns `None` for an event that this page does not know.
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
