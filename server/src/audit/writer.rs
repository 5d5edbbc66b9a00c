//! Writes records in the order of their events.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Map, json};
use sqlx::{AssertSqlSafe, Connection, PgConnection, query};
use tokio::sync::mpsc::Sender;
use tokio::sync::oneshot;
use tokio::time::{sleep, timeout};

use super::{Action, Message, Queue, Record, layer};
use crate::dsn::Dsn;

const TABLE: &str = include_str!("table.sql");

/// Database of the records in the cluster of the private PostgreSQL.
const STATE_DATABASE: &str = "decant_state";

/// Key of the advisory lock under which the table is created, since two servers may start at once: `dcnt` in ASCII, and a
/// number.
const CREATION_LOCK: i64 = 0x6463_6e74_0001;

/// Largest number of records in one insert.
const BATCH: usize = 500;

/// Pause before the next attempt while the database is away.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// How long [`AuditWriter::flush`] waits.
const FLUSH_MAX: Duration = Duration::from_secs(5);

/// The audit's part of the settings: where records go.
#[derive(Clone, Debug)]
pub enum Options {
    /// Into the log only: without STATE_DSN, Decant must not create a database in a cluster that it does not own.
    LogOnly,
    Database(Box<Dsn>),
    /// Into a database in the same cluster as the exported one, which is the private PostgreSQL.
    BesideExported,
}

#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    #[error(
        "the database of STATE_DSN cannot be used: {0}. Without STATE_DSN, audit records are in the log only"
    )]
    Database(#[from] sqlx::Error),
    #[error(
        "STATE_DSN names the database of DSN. A restore would replace the audit records; create a database for them, \
         for example with `create database decant_state`"
    )]
    Same,
}

/// Writes audit records to the database until the process ends.
pub struct AuditWriter {
    sender: Option<Sender<Message>>,
}

impl AuditWriter {
    /// Starts to write records; `None` if the log is their only place.
    ///
    /// # Errors
    /// [`AuditError::Same`] if both databases are the same; [`AuditError::Database`].
    pub async fn start(options: &Options, exported: &Dsn) -> Result<Option<Self>, AuditError> {
        match options {
            Options::LogOnly => Ok(None),
            Options::Database(state) => Self::start_in(state, exported).await.map(Some),
            Options::BesideExported => {
                create_state_database(exported).await?;
                Self::start_in(&exported.with_database(STATE_DATABASE), exported)
                    .await
                    .map(Some)
            }
        }
    }

    async fn start_in(state: &Dsn, exported: &Dsn) -> Result<Self, AuditError> {
        if (state.host(), state.port(), state.database())
            == (exported.host(), exported.port(), exported.database())
        {
            return Err(AuditError::Same);
        }
        let connection = connect(state).await?;
        let sender = layer::open_queue().map(|(sender, queue)| {
            tokio::spawn(write_records(state.clone(), Some(connection), queue));
            sender
        });
        Ok(Self { sender })
    }

    /// Waits until all records of earlier events have been written, for at most `FLUSH_MAX`.
    pub async fn flush(&self) {
        let Some(sender) = &self.sender else { return };
        let (done, written) = oneshot::channel();
        let flushed = async {
            if sender.send(Message::Flush(done)).await.is_ok() {
                // An error means that the writing task has ended.
                let _ = written.await;
            }
        };
        if timeout(FLUSH_MAX, flushed).await.is_err() {
            tracing::error!("the last audit records could not be written; the log has them");
        }
    }
}

async fn create_state_database(exported: &Dsn) -> sqlx::Result<()> {
    let mut connection = PgConnection::connect_with(exported.options()).await?;
    let exists = query("select from pg_catalog.pg_database where datname operator(pg_catalog.=) $1")
        .bind(STATE_DATABASE)
        .fetch_optional(&mut connection)
        .await?;
    if exists.is_none() {
        let create = format!("create database {STATE_DATABASE}");
        // SQL: a constant name.
        sqlx::raw_sql(AssertSqlSafe(create))
            .execute(&mut connection)
            .await?;
    }
    let _ = connection.close().await;
    Ok(())
}

/// Connects and creates the table if it is missing.
async fn connect(state: &Dsn) -> sqlx::Result<PgConnection> {
    let mut connection =
        PgConnection::connect_with(&state.options().clone().application_name("decant audit")).await?;
    let mut transaction = connection.begin().await?;
    query("select pg_catalog.pg_advisory_xact_lock($1)")
        .bind(CREATION_LOCK)
        .execute(&mut *transaction)
        .await?;
    // SQL: Decant's own text.
    sqlx::raw_sql(TABLE).execute(&mut *transaction).await?;
    transaction.commit().await?;
    Ok(connection)
}

async fn write_records(state: Dsn, mut connection: Option<PgConnection>, mut queue: Queue) {
    let mut messages = Vec::with_capacity(BATCH);
    while queue.recv_many(&mut messages, BATCH).await > 0 {
        let (mut records, mut flushes) = (Vec::with_capacity(messages.len()), Vec::new());
        for message in messages.drain(..) {
            match message {
                Message::Record(record) => records.push(record),
                Message::Flush(done) => flushes.push(done),
            }
        }
        records.extend(record_of_lost());
        let mut is_logged = false;
        while let Err(error) = insert(&state, &mut connection, &records).await {
            connection = None;
            if !is_logged {
                tracing::error!(%error, "audit records cannot be written and wait; the log has them");
                is_logged = true;
            }
            sleep(RETRY_AFTER).await;
        }
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

async fn insert(state: &Dsn, connection: &mut Option<PgConnection>, records: &[Record]) -> sqlx::Result<()> {
    if records.is_empty() {
        return Ok(());
    }
    let connection = match connection {
        Some(connection) => connection,
        None => connection.insert(connect(state).await?),
    };
    fn column<T>(records: &[Record], value: impl Fn(&Record) -> T) -> Vec<T> {
        records.iter().map(value).collect()
    }
    query(
        "insert into decant_audit (at, action, level, caller, request, details) \
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
    .execute(connection)
    .await?;
    Ok(())
}
