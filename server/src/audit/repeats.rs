//! Refusals that repeat. The first of a minute is a record of its own, and the others are one record with their number.
//! Otherwise anyone could fill the state database by wrong requests.

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

use super::{Action, Record};

/// Refusals within this time are counted together.
const WINDOW: SignedDuration = SignedDuration::from_secs(60);

/// The most kinds of refusals that are counted apart. Others of the same action are counted together.
const KINDS_MAX: usize = 1_000;

/// The refusals of the last minute, by kind.
#[derive(Debug, Default)]
pub(super) struct Repeats(HashMap<Kind, Repeated>);

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Kind {
    action: String,
    caller: Option<String>,
    address: Option<String>,
}

#[derive(Debug)]
struct Repeated {
    since: Timestamp,
    level: &'static str,
    /// Refusals after the first one.
    count: u64,
}

impl Repeats {
    /// Returns the record if it is to be written by itself; otherwise it is counted.
    pub fn pass(&mut self, record: Record) -> Option<Record> {
        if !Action::REFUSALS
            .iter()
            .any(|refusal| refusal.name() == record.action)
        {
            return Some(record);
        }
        let address = record.details.get("address").and_then(Value::as_str);
        let mut kind = Kind {
            action: record.action.clone(),
            caller: record.caller.clone(),
            address: address.map(str::to_owned),
        };
        if self.0.len() >= KINDS_MAX && !self.0.contains_key(&kind) {
            kind = Kind {
                action: record.action.clone(),
                ..Kind::default()
            };
        }
        if let Some(repeated) = self.0.get_mut(&kind) {
            repeated.count += 1;
            return None;
        }
        let repeated = Repeated {
            since: record.at,
            level: record.level,
            count: 0,
        };
        self.0.insert(kind, repeated);
        Some(record)
    }

    /// Returns the summaries of the kinds whose minute is over at `now`, or of all kinds.
    pub fn take_summaries(&mut self, now: Timestamp, all: bool) -> Vec<Record> {
        let over = self
            .0
            .extract_if(|_, repeated| all || now.duration_since(repeated.since) >= WINDOW);
        over.filter(|(_, repeated)| repeated.count > 0)
            .map(|(kind, repeated)| summary(kind, &repeated, now))
            .collect()
    }
}

fn summary(kind: Kind, repeated: &Repeated, now: Timestamp) -> Record {
    let mut details = Map::new();
    details.extend(kind.address.map(|address| ("address".to_owned(), json!(address))));
    details.insert("repeated".to_owned(), json!(repeated.count));
    details.insert("since".to_owned(), json!(repeated.since.to_string()));
    Record {
        at: now,
        action: kind.action,
        level: repeated.level,
        caller: kind.caller,
        request: None,
        details,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(action: Action, address: &str, at: Timestamp) -> Record {
        Record {
            at,
            action: action.name().to_owned(),
            level: "WARN",
            caller: None,
            request: None,
            details: Map::from_iter([("address".to_owned(), json!(address))]),
        }
    }

    #[test]
    fn the_first_refusal_of_a_minute_is_written_and_the_others_are_counted() {
        let mut repeats = Repeats::default();
        let begin = Timestamp::UNIX_EPOCH;
        let (action, other) = (Action::CredentialRefused, Action::DatabaseExportUnauthorized);
        assert!(repeats.pass(refusal(action, "192.0.2.1", begin)).is_some());
        for _ in 0..8_000 {
            assert!(repeats.pass(refusal(action, "192.0.2.1", begin)).is_none());
        }
        assert!(repeats.pass(refusal(action, "192.0.2.2", begin)).is_some());
        assert!(repeats.pass(refusal(other, "192.0.2.1", begin)).is_some());
        assert!(repeats.take_summaries(begin + WINDOW / 2, false).is_empty());
        let summaries = repeats.take_summaries(begin + WINDOW, false);
        let [summary] = &summaries[..] else {
            panic!("{summaries:?}")
        };
        assert_eq!(summary.details["repeated"], 8_000);
        assert_eq!(summary.details["address"], "192.0.2.1");
        assert!(
            repeats
                .pass(refusal(action, "192.0.2.1", begin + WINDOW))
                .is_some()
        );
    }

    #[test]
    fn other_actions_are_not_counted() {
        let mut repeats = Repeats::default();
        for _ in 0..3 {
            let record = refusal(Action::ExportInitiated, "192.0.2.1", Timestamp::UNIX_EPOCH);
            assert!(repeats.pass(record).is_some());
        }
    }

    #[test]
    fn the_kinds_are_bounded() {
        let mut repeats = Repeats::default();
        let mut written = 0;
        for number in 0..3 * KINDS_MAX {
            let record = refusal(
                Action::CredentialRefused,
                &number.to_string(),
                Timestamp::UNIX_EPOCH,
            );
            written += usize::from(repeats.pass(record).is_some());
        }
        assert_eq!(written, KINDS_MAX + 1);
        let summaries = repeats.take_summaries(Timestamp::UNIX_EPOCH, true);
        assert_eq!(summaries.len(), 1);
        assert_eq!(summaries[0].details["repeated"], 2 * KINDS_MAX - 1);
    }
}
