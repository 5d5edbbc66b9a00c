//! Who did what: whatever the log tells of with an `action` also becomes a record in a table of Decant's own database,
//! `decant_audit`. So the two cannot tell different things.
//!
//! | file | what |
//! |---|---|
//! | `action` | the names of all actions |
//! | `layer` | an event of the log as a record |
//! | `table` | the records written down, in the order in which they came |
//!
//! Nobody waits for a record to be written. Where the database is away, records wait for it, and when too many do, their
//! number is recorded in their place.

mod action;
mod layer;
mod table;

use jiff::Timestamp;
use serde_json::{Map, Value};
use tokio::sync::mpsc;
use tokio::sync::oneshot;

pub use action::Action;
pub use layer::AuditLayer;
pub use table::{AuditError, Keeper};

/// So many records may wait to be written.
const WAITING_MAX: usize = 10_000;

/// Something that somebody did, or that happened to it.
#[derive(Clone, Debug)]
struct Record {
    at: Timestamp,
    action: String,
    level: &'static str,
    /// Who asked for it.
    caller: Option<String>,
    /// The request in which it was asked for.
    request: Option<String>,
    /// All else that the log tells.
    details: Map<String, Value>,
}

enum Message {
    Record(Record),
    /// Everything before it has been written when this is answered.
    Flush(oneshot::Sender<()>),
}

type Waiting = mpsc::Receiver<Message>;
