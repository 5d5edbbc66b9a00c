//! An event of the log as a record.

use std::fmt;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use jiff::Timestamp;
use serde_json::{Map, Value};
use tokio::sync::mpsc::{self, Sender};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id};
use tracing::{Event, Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

use super::{Action, Message, Record, WAITING_MAX, Waiting};

/// Where records go; nowhere, as long as nobody keeps them.
static KEEPER: OnceLock<Sender<Message>> = OnceLock::new();

/// The records that found no room.
static LOST: AtomicU64 = AtomicU64::new(0);

/// Gives what comes from now on to somebody who keeps it; `None` if somebody does already.
pub(super) fn listen() -> Option<(Sender<Message>, Waiting)> {
    let (sender, waiting) = mpsc::channel(WAITING_MAX);
    KEEPER.set(sender.clone()).ok().map(|()| (sender, waiting))
}

/// How many records were lost since the last time that this was asked.
pub(super) fn lost() -> u64 {
    LOST.swap(0, Ordering::Relaxed)
}

/// The part of the log that makes records.
pub struct AuditLayer;

impl AuditLayer {
    /// Whether it wants to see this: events with an action, and the requests they happen in.
    #[must_use]
    pub fn sees(metadata: &Metadata<'_>) -> bool {
        is_request(metadata) || (metadata.is_event() && metadata.fields().field("action").is_some())
    }
}

fn is_request(metadata: &Metadata<'_>) -> bool {
    metadata.is_span() && metadata.name() == "request"
}

/// The id of a request, kept with its span.
struct RequestId(String);

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for AuditLayer {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        if !is_request(attributes.metadata()) {
            return;
        }
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        if let (Some(span), Some(id)) = (context.span(id), fields.take("id")) {
            span.extensions_mut().insert(RequestId(id));
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let keeper = KEEPER.get().filter(|_| Self::sees(event.metadata()));
        let Some(keeper) = keeper else { return };
        let mut fields = Fields::default();
        event.record(&mut fields);
        let Some(action) = fields.take("action") else {
            return;
        };
        if Action::STEPS.iter().any(|step| step.name() == action) {
            return;
        }
        let request = context.event_scope(event).and_then(|mut scope| {
            scope.find_map(|span| span.extensions().get::<RequestId>().map(|id| id.0.clone()))
        });
        let record = Record {
            at: Timestamp::now(),
            action,
            level: event.metadata().level().as_str(),
            caller: fields.take("caller"),
            request,
            details: fields.0,
        };
        if keeper.try_send(Message::Record(record)).is_err() {
            LOST.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// The fields of an event, as JSON.
#[derive(Default)]
struct Fields(Map<String, Value>);

impl Fields {
    fn take(&mut self, name: &str) -> Option<String> {
        match self.0.remove(name)? {
            Value::String(text) => Some(text),
            other => Some(other.to_string()),
        }
    }

    fn put(&mut self, field: &Field, value: impl Into<Value>) {
        self.0.insert(field.name().to_owned(), value.into());
    }
}

impl Visit for Fields {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(field, value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, value);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        // PostgreSQL's jsonb has no NUL.
        self.put(field, value.replace('\0', "\u{fffd}"));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.record_str(field, &format!("{value:?}"));
    }
}
