//! Audit records: every log event with an `action` is also a row of the table `decant.audit` in the state database. Both
//! come from the same event, so they cannot differ.
//!
//! | module | content |
//! |---|---|
//! | `action` | the names of all actions |
//! | `layer` | turns log events into records |
//! | `repeats` | counts refusals that repeat, instead of a record for each |
//! | `writer` | writes the records in the order of their events |
//! | `retention` | removes old records |
//!
//! No caller waits for a record to be written. While the database is away, records wait in a queue; when the queue is
//! full, a record with the number of lost records takes their place.

mod action;
mod layer;
mod repeats;
mod retention;
mod writer;

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Map, Value};
use tokio::sync::mpsc;
use tokio::sync::oneshot;

pub use action::Action;
pub use layer::AuditLayer;
pub use retention::remove_older;
pub use writer::{AuditWriter, NotWritten};

/// The audit's part of the settings.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Records that wait for the state database; further ones are counted only.
    pub waiting_max: usize,
    /// Records of one caller and action within a minute that are written by themselves. Those after them are one record.
    pub of_caller_max: u64,
    /// Age at which records are removed; `None`: they are kept.
    pub kept: Option<Duration>,
}

#[derive(Clone, Debug)]
struct Record {
    at: Timestamp,
    action: String,
    level: &'static str,
    caller: Option<String>,
    /// The id of the request during which the event happened.
    request: Option<String>,
    /// The event's other fields.
    details: Map<String, Value>,
}

enum Message {
    Record(Record),
    /// Answered when all records before it have been written.
    Flush(oneshot::Sender<()>),
}

type Queue = mpsc::Receiver<Message>;
