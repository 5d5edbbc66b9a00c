//! Writes records in the order of their events.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Map, json};
use sqlx::query;
use tokio::sync::mpsc::Sender;
use tokio::sync::oneshot;
use tokio::time::{interval, sleep, timeout};

use super::{Action, Message, Options, Queue, Record, layer};
use crate::state::{Purpose, State, StateError};

/// Largest number of records in one insert.
const BATCH: usize = 500;

/// Pause before the next attempt while the state database is away.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// How often summaries of repeated refusals are looked for.
const SUMMARIES_EVERY: Duration = Duration::from_secs(5);

/// How long [`AuditWriter::flush`] waits.
const FLUSH_MAX: Duration = Duration::from_secs(5);

/// The records of events before could not be written.
#[derive(Debug, thiserror::Error)]
#[error("the last audit records could not be written, because the state database does not answer")]
pub struct NotWritten;

/// Writes audit records to the state database until the process ends.
pub struct AuditWriter {
    sender: Sender<Message>,
}

impl AuditWriter {
    /// Starts to write records. Returns `None` without a state database: the log is their only place then.
    #[must_use]
    pub fn start(state: &State, options: Options) -> Option<Self> {
        if !state.is_on() {
            return None;
        }
        let (sender, queue) = layer::open_queue(options)?;
        tokio::spawn(write_records(state.clone(), queue));
        Some(Self { sender })
    }

    /// Waits until all records of earlier events have been written, for at most `FLUSH_MAX`.
    ///
    /// # Errors
    /// [`NotWritten`]
    pub async fn flush(&self) -> Result<(), NotWritten> {
        let (done, written) = oneshot::channel();
        let flushed = async {
            if self.sender.send(Message::Flush(done)).await.is_ok() {
                // An error means that the writing task has ended.
                let _ = written.await;
            }
        };
        timeout(FLUSH_MAX, flushed).await.map_err(|_| NotWritten)
    }
}

async fn write_records(state: State, mut queue: Queue) {
    let mut messages = Vec::with_capacity(BATCH);
    let mut summaries = interval(SUMMARIES_EVERY);
    loop {
        tokio::select! {
            received = queue.recv_many(&mut messages, BATCH) => if received == 0 { return },
            _ = summaries.tick() => {}
        }
        let (mut records, mut flushes) = (Vec::with_capacity(messages.len()), Vec::new());
        for message in messages.drain(..) {
            match message {
                Message::Record(record) => records.push(record),
                Message::Flush(done) => flushes.push(done),
            }
        }
        records.extend(layer::take_summaries(!flushes.is_empty()));
        records.extend(record_of_lost());
        write(&state, &records).await;
        for flush in flushes {
            // An error means that `flush` has timed out.
            let _ = flush.send(());
        }
    }
}

/// Returns a record with the number of lost records, if there are any.
fn record_of_lost() -> Option<Record> {
    let count = layer::take_lost();
    (count > 0).then(|| Record {
        at: Timestamp::now(),
        action: Action::AuditRecordsLost.name().to_owned(),
        level: "ERROR",
        caller: None,
        request: None,
        details: Map::from_iter([("count".to_owned(), json!(count))]),
    })
}

/// Writes records, and waits as long as the state database is away. A record that it cannot hold is counted as lost and does
/// not stop the others.
async fn write(state: &State, records: &[Record]) {
    let mut is_logged = false;
    let mut parts = vec![records];
    while let Some(part) = parts.pop() {
        let Err(error) = insert(state, part).await else {
            continue;
        };
        match part {
            [record] if is_bad_record(&error) => {
                tracing::error!(%error, record = record.action, "an audit record cannot be written; the log has it");
                layer::count_lost();
            }
            _ if is_bad_record(&error) => {
                let (first, second) = part.split_at(part.len() / 2);
                parts.extend([second, first]);
            }
            _ => {
                if !is_logged {
                    tracing::error!(%error, "audit records cannot be written and wait; the log has them");
                    is_logged = true;
                }
                sleep(RETRY_AFTER).await;
                parts.push(part);
            }
        }
    }
}

/// Returns whether a record's own content is the cause (SQLSTATE classes 22, data exceptions; 23, constraints; 54, limits).
fn is_bad_record(error: &StateError) -> bool {
    let StateError::Database(error) = error else {
        return false;
    };
    let code = error.as_database_error().and_then(|error| error.code());
    code.is_some_and(|code| ["22", "23", "54"].iter().any(|class| code.starts_with(class)))
}

async fn insert(state: &State, records: &[Record]) -> Result<(), StateError> {
    if records.is_empty() {
        return Ok(());
    }
    fn column<T>(records: &[Record], value: impl Fn(&Record) -> T) -> Vec<T> {
        records.iter().map(value).collect()
    }
    let mut connection = state.connection(Purpose::Records).await?;
    query(
        "insert into decant.audit as added (at, action, level, caller, request, details) \
         select at::pg_catalog.timestamptz, action, level, caller, request, details::pg_catalog.jsonb \
         from rows from (pg_catalog.unnest($1::pg_catalog.text[]), pg_catalog.unnest($2::pg_catalog.text[]), \
                         pg_catalog.unnest($3::pg_catalog.text[]), pg_catalog.unnest($4::pg_catalog.text[]), \
                         pg_catalog.unnest($5::pg_catalog.text[]), pg_catalog.unnest($6::pg_catalog.text[])) \
         with ordinality \
         as record (at, action, level, caller, request, details, place) order by place",
    )
    .bind(column(records, |record| record.at.to_string()))
    .bind(column(records, |record| record.action.clone()))
    .bind(column(records, |record| record.level.to_owned()))
    .bind(column(records, |record| record.caller.clone()))
    .bind(column(records, |record| record.request.clone()))
    .bind(column(records, |record| json!(record.details).to_string()))
    .execute(&mut *connection)
    .await?;
    Ok(())
}
