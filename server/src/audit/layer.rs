//! Turns log events into records.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

use jiff::Timestamp;
use serde_json::{Map, Value};
use tokio::sync::mpsc::{self, Sender};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id};
use tracing::{Event, Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

use super::repeats::Repeats;
use super::{Action, Message, Options, Queue, Record};

/// Takes the records; unset until a writer runs. It is global because the subscriber is, and starts before the writer.
static QUEUE: OnceLock<Sender<Message>> = OnceLock::new();

/// Number of records that the queue had no room for.
static LOST: AtomicU64 = AtomicU64::new(0);

/// Unset until a writer runs.
static REPEATS: OnceLock<Mutex<Repeats>> = OnceLock::new();

/// Starts to queue records and returns both ends of the queue; `None` if another writer of this process has it.
pub(super) fn open_queue(options: Options) -> Option<(Sender<Message>, Queue)> {
    let (sender, queue) = mpsc::channel(options.waiting_max);
    REPEATS.get_or_init(|| Mutex::new(Repeats::new(options.of_caller_max)));
    QUEUE.set(sender.clone()).ok().map(|()| (sender, queue))
}

/// Returns the number of records that were lost since the last call.
pub(super) fn take_lost() -> u64 {
    LOST.swap(0, Ordering::Relaxed)
}

/// Counts a record as lost.
pub(super) fn count_lost() {
    LOST.fetch_add(1, Ordering::Relaxed);
}

/// Returns a record for each kind of refusal that was repeated, once its minute is over; with `all`, before that.
pub(super) fn take_summaries(all: bool) -> Vec<Record> {
    let Some(repeats) = REPEATS.get() else {
        return Vec::new();
    };
    let mut repeats = repeats.lock().unwrap_or_else(PoisonError::into_inner);
    repeats.take_summaries(Timestamp::now(), all)
}

/// The layer of the log that makes records.
pub struct AuditLayer;

impl AuditLayer {
    /// Returns `true` for events with an action and for the spans of requests.
    #[must_use]
    pub fn is_interested(metadata: &Metadata<'_>) -> bool {
        is_request(metadata) || (metadata.is_event() && metadata.fields().field("action").is_some())
    }
}

fn is_request(metadata: &Metadata<'_>) -> bool {
    metadata.is_span() && metadata.name() == "request"
}

/// Extension of a request's span.
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
        let queue = QUEUE.get().filter(|_| Self::is_interested(event.metadata()));
        let (Some(queue), Some(repeats)) = (queue, REPEATS.get()) else {
            return;
        };
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
            caller: fields
                .take("caller")
                .map(|name| shortened(name, INDEXED_CHARACTERS)),
            request,
            details: fields.with_short_texts(),
        };
        let passed = repeats
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pass(record);
        if passed.is_some_and(|record| queue.try_send(Message::Record(record)).is_err()) {
            count_lost();
        }
    }
}

/// The fields of details that an index has, besides the caller. They may come from requests.
const INDEXED: [&str; 2] = ["workspace", "export"];

/// The most characters of an indexed value. PostgreSQL refuses a key of more than 2,704 bytes.
const INDEXED_CHARACTERS: usize = 200;

/// The most characters of any other text. A request chooses some of them, such as the name of a file; the log has them whole.
const TEXT_CHARACTERS: usize = 2_000;

fn shortened(text: String, characters_max: usize) -> String {
    match text.char_indices().nth(characters_max) {
        Some((end, _)) => text[..end].to_owned(),
        None => text,
    }
}

/// The fields of an event or a span.
#[derive(Default)]
struct Fields(Map<String, Value>);

impl Fields {
    /// Returns the fields with the first characters of their texts.
    fn with_short_texts(mut self) -> Map<String, Value> {
        for (name, value) in &mut self.0 {
            if let Value::String(text) = value {
                let characters_max = match INDEXED.contains(&name.as_str()) {
                    true => INDEXED_CHARACTERS,
                    false => TEXT_CHARACTERS,
                };
                *text = shortened(std::mem::take(text), characters_max);
            }
        }
        self.0
    }

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
        // PostgreSQL's jsonb cannot hold NUL.
        self.put(field, value.replace('\0', "\u{fffd}"));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.record_str(field, &format!("{value:?}"));
    }
}
