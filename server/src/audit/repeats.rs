//! Records that repeat. The first refusal and the first sign-in of an address within a minute are records of their own. So are
//! the first [`Options::of_caller_max`](super::Options) other records of a caller and an action. Those after them are one
//! record with their number. Otherwise anyone could fill the state database by wrong requests, and every user by right ones.

use std::collections::HashMap;
use std::net::IpAddr;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

use super::{Action, Record};
use crate::network::network;

/// Records within this time are counted together.
const WINDOW: SignedDuration = SignedDuration::from_secs(60);

/// Downloads of one export by one caller that are written by themselves. A program may ask for a file in many parts.
const OF_EXPORT_MAX: u64 = 10;

/// The most kinds that are counted apart, of refusals and of other records. Others of the same action are counted together.
const KINDS_MAX: usize = 1_000;

/// The records of the last minute, by kind.
#[derive(Debug)]
pub(super) struct Repeats {
    /// Records of one caller and action that are written by themselves.
    of_caller_max: u64,
    refusals: Kinds,
    /// Apart from refusals, so that a flood of these leaves callers their names.
    of_callers: Kinds,
}

type Kinds = HashMap<Kind, Repeated>;

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Kind {
    action: String,
    caller: Option<String>,
    /// Two callers may have the same name.
    subject: Option<String>,
    /// Of downloads: those of one export leave the others theirs. A caller has only so many exports.
    export: Option<String>,
    address: Option<String>,
}

#[derive(Debug)]
struct Repeated {
    since: Timestamp,
    level: &'static str,
    /// Records that were written by themselves.
    written: u64,
    /// Records after the written ones.
    count: u64,
}

impl Repeats {
    pub fn new(of_caller_max: u64) -> Self {
        Self {
            of_caller_max,
            refusals: Kinds::new(),
            of_callers: Kinds::new(),
        }
    }

    /// Returns the record if it is to be written by itself; otherwise it is counted.
    pub fn pass(&mut self, record: Record) -> Option<Record> {
        let detail = |name| record.details.get(name).and_then(Value::as_str);
        let kind = Kind {
            action: record.action.clone(),
            caller: record.caller.clone(),
            subject: detail("subject").map(str::to_owned),
            export: detail("export")
                .filter(|_| record.action == Action::ExportDownloaded.name())
                .map(str::to_owned),
            address: None,
        };
        let is_refusal = Action::REFUSALS
            .iter()
            .any(|refusal| refusal.name() == record.action);
        let is_sign_in = record.action == Action::SignedIn.name();
        let address = || detail("address").map(counted);
        if is_refusal {
            let address = address();
            count(&mut self.refusals, Kind { address, ..kind }, 1, record)
        } else if is_sign_in {
            // By address, so that another's sign-in with a stolen key is not one of its owner's.
            let address = address();
            count(&mut self.of_callers, Kind { address, ..kind }, 1, record)
        } else if record.caller.is_some() {
            let written_max = match kind.export {
                Some(_) => self.of_caller_max.min(OF_EXPORT_MAX),
                None => self.of_caller_max,
            };
            count(&mut self.of_callers, kind, written_max, record)
        } else {
            Some(record)
        }
    }

    /// Returns the summaries of the kinds whose minute is over at `now`, or of all kinds.
    pub fn take_summaries(&mut self, now: Timestamp, all: bool) -> Vec<Record> {
        [&mut self.refusals, &mut self.of_callers]
            .into_iter()
            .flat_map(|kinds| {
                kinds.extract_if(|_, repeated| all || now.duration_since(repeated.since) >= WINDOW)
            })
            .filter(|(_, repeated)| repeated.count > 0)
            .map(|(kind, repeated)| summary(kind, &repeated, now))
            .collect()
    }
}

/// Returns the record if fewer than `written_max` of its kind were written; otherwise it is counted.
fn count(kinds: &mut Kinds, mut kind: Kind, written_max: u64, record: Record) -> Option<Record> {
    if kinds.len() >= KINDS_MAX && !kinds.contains_key(&kind) {
        kind = Kind {
            action: kind.action,
            ..Kind::default()
        };
    }
    let repeated = kinds.entry(kind).or_insert(Repeated {
        since: record.at,
        level: record.level,
        written: 0,
        count: 0,
    });
    if repeated.written < written_max {
        repeated.written += 1;
        return Some(record);
    }
    repeated.count += 1;
    None
}

/// Returns the network of an address, as the counting of wrong credentials has it.
fn counted(address: &str) -> String {
    match address.parse().map(network) {
        Ok(network @ IpAddr::V6(_)) => format!("{network}/64"),
        Ok(network @ IpAddr::V4(_)) => network.to_string(),
        Err(_) => address.to_owned(),
    }
}

fn summary(kind: Kind, repeated: &Repeated, now: Timestamp) -> Record {
    let mut details = Map::new();
    details.extend(kind.subject.map(|subject| ("subject".to_owned(), json!(subject))));
    details.extend(kind.export.map(|export| ("export".to_owned(), json!(export))));
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

    const OF_CALLER_MAX: u64 = 100;

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
        let mut repeats = Repeats::new(OF_CALLER_MAX);
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
    fn the_addresses_of_a_site_are_one() {
        let mut repeats = Repeats::new(OF_CALLER_MAX);
        for number in 1..=500 {
            let address = format!("2001:db8:1:2::{number:x}");
            let record = refusal(Action::CredentialRefused, &address, Timestamp::UNIX_EPOCH);
            assert_eq!(repeats.pass(record).is_some(), number == 1);
        }
        let summaries = repeats.take_summaries(Timestamp::UNIX_EPOCH, true);
        assert_eq!(summaries[0].details["address"], "2001:db8:1:2::/64");
        assert_eq!(summaries[0].details["repeated"], 499);
    }

    #[test]
    fn a_caller_causes_a_bounded_number_of_records() {
        let mut repeats = Repeats::new(OF_CALLER_MAX);
        let export = |caller: &str, subject: &str| Record {
            caller: Some(caller.to_owned()),
            details: Map::from_iter([("subject".to_owned(), json!(subject))]),
            ..refusal(Action::ExportInitiated, "", Timestamp::UNIX_EPOCH)
        };
        let written = (0..1_000).filter(|_| repeats.pass(export("Ada", "hub:1")).is_some());
        assert_eq!(written.count() as u64, OF_CALLER_MAX);
        assert!(repeats.pass(export("Ada", "hub:2")).is_some());
        let nobodys = refusal(Action::TempFileCleanup, "", Timestamp::UNIX_EPOCH);
        assert!((0..1_000).all(|_| repeats.pass(nobodys.clone()).is_some()));
        let summaries = repeats.take_summaries(Timestamp::UNIX_EPOCH + WINDOW, false);
        let [summary] = &summaries[..] else {
            panic!("{summaries:?}")
        };
        assert_eq!(summary.caller.as_deref(), Some("Ada"));
        assert_eq!(summary.details["subject"], "hub:1");
        assert_eq!(summary.details["repeated"], 1_000 - OF_CALLER_MAX);
        assert!(repeats.pass(export("Ada", "hub:1")).is_some());
    }

    #[test]
    fn downloads_of_one_export_leave_the_others_theirs() {
        let mut repeats = Repeats::new(OF_CALLER_MAX);
        let download = |export: &str| Record {
            caller: Some("Ada".to_owned()),
            details: Map::from_iter([("export".to_owned(), json!(export))]),
            ..refusal(Action::ExportDownloaded, "", Timestamp::UNIX_EPOCH)
        };
        let written = (0..1_000).filter(|_| repeats.pass(download("a")).is_some());
        assert_eq!(written.count() as u64, OF_EXPORT_MAX);
        assert!(repeats.pass(download("b")).is_some());
        let summaries = repeats.take_summaries(Timestamp::UNIX_EPOCH + WINDOW, false);
        assert_eq!(summaries[0].details["export"], "a");
        assert_eq!(summaries[0].details["repeated"], 1_000 - OF_EXPORT_MAX);
    }

    #[test]
    fn repeated_sign_ins_of_a_user_and_an_address_are_one_record() {
        let mut repeats = Repeats::new(OF_CALLER_MAX);
        let sign_in = |subject: &str, address: &str| {
            let mut record = refusal(Action::SignedIn, address, Timestamp::UNIX_EPOCH);
            record.caller = Some("Ada".to_owned());
            record.details.insert("subject".to_owned(), json!(subject));
            record
        };
        let written = (0..150).filter(|_| repeats.pass(sign_in("hub:1", "192.0.2.1")).is_some());
        assert_eq!(written.count(), 1);
        for (subject, address) in [("hub:1", "192.0.2.2"), ("hub:2", "192.0.2.1")] {
            assert!(repeats.pass(sign_in(subject, address)).is_some());
        }
        let summaries = repeats.take_summaries(Timestamp::UNIX_EPOCH + WINDOW, false);
        let [summary] = &summaries[..] else {
            panic!("{summaries:?}")
        };
        assert_eq!(summary.caller.as_deref(), Some("Ada"));
        assert_eq!(summary.details["subject"], "hub:1");
        assert_eq!(summary.details["address"], "192.0.2.1");
        assert_eq!(summary.details["repeated"], 149);
    }

    #[test]
    fn the_kinds_are_bounded() {
        let mut repeats = Repeats::new(OF_CALLER_MAX);
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
