//! The records written down, in the order in which they came.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Map, json};
use sqlx::{AssertSqlSafe, Connection, PgConnection, query};
use tokio::sync::mpsc::Sender;
use tokio::sync::oneshot;
use tokio::time::{sleep, timeout};

use super::{Action, Message, Record, Waiting, layer};
use crate::config::Settings;
use crate::dsn::Dsn;

const TABLE: &str = include_str!("table.sql");

/// The database beside the private one.
const BESIDE: &str = "decant_state";

/// Two servers may make the table at once; one waits for the other. `dcnt` in ASCII, and a number.
const MAKING: i64 = 0x6463_6e74_0001;

/// So many records are written at once.
const BATCH: usize = 500;

/// How long a database that is away is left alone.
const PAUSE: Duration = Duration::from_secs(1);

/// How long a server that ends waits for its last records.
const FLUSH_MAX: Duration = Duration::from_secs(5);

/// Why no records are kept.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    /// The database of STATE_DSN.
    #[error("the database of STATE_DSN cannot be used: {0}. Without it, who did what is in the log only")]
    Database(#[from] sqlx::Error),
    /// A restore would replace the records of what was there before it.
    #[error(
        "STATE_DSN names the database of DSN: a restore would take away what Decant knows of it. Make one of its own, \
         e.g. `create database decant_state`"
    )]
    Same,
}

/// Keeps what is recorded.
pub struct Keeper {
    sender: Option<Sender<Message>>,
}

impl Keeper {
    /// Keeps records where the settings want them of what happens to this database: with the private one, beside it.
    ///
    /// # Errors
    /// [`AuditError`].
    pub async fn of(settings: &Settings, exported: &Dsn) -> Result<Option<Self>, AuditError> {
        match (&settings.state_dsn, &settings.dsn) {
            (Some(state), _) => Self::begin(state, exported).await.map(Some),
            (None, None) => Self::beside(exported).await.map(Some),
            (None, Some(_)) => Ok(None),
        }
    }

    /// Makes the table if it is not there, and writes down what is recorded from now on.
    async fn begin(state: &Dsn, exported: &Dsn) -> Result<Self, AuditError> {
        if (state.host(), state.port(), state.database())
            == (exported.host(), exported.port(), exported.database())
        {
            return Err(AuditError::Same);
        }
        let connection = connect(state).await?;
        let sender = layer::listen().map(|(sender, waiting)| {
            tokio::spawn(write_down(state.clone(), Some(connection), waiting));
            sender
        });
        Ok(Self { sender })
    }

    /// The same in a database beside the private one, which is made if it is not there.
    async fn beside(private: &Dsn) -> Result<Self, AuditError> {
        let mut connection = PgConnection::connect_with(private.options()).await?;
        let exists = query("select from pg_catalog.pg_database where datname operator(pg_catalog.=) $1")
            .bind(BESIDE)
            .fetch_optional(&mut connection)
            .await?;
        if exists.is_none() {
            let make = format!("create database {BESIDE}");
            sqlx::raw_sql(AssertSqlSafe(make))
                .execute(&mut connection)
                .await?;
        }
        let _ = connection.close().await;
        Self::begin(&private.of_database(BESIDE), private).await
    }

    /// Waits until all that was recorded has been written, if the database lets it.
    pub async fn flush(&self) {
        let Some(sender) = &self.sender else { return };
        let (done, written) = oneshot::channel();
        let flushed = async {
            if sender.send(Message::Flush(done)).await.is_ok() {
                // It is dropped when nobody writes any more.
                let _ = written.await;
            }
        };
        if timeout(FLUSH_MAX, flushed).await.is_err() {
            tracing::error!("the last audit records could not be written; the log has them");
        }
    }
}

async fn connect(state: &Dsn) -> sqlx::Result<PgConnection> {
    let mut connection =
        PgConnection::connect_with(&state.options().clone().application_name("decant audit")).await?;
    let mut transaction = connection.begin().await?;
    query("select pg_catalog.pg_advisory_xact_lock($1)")
        .bind(MAKING)
        .execute(&mut *transaction)
        .await?;
    sqlx::raw_sql(TABLE).execute(&mut *transaction).await?;
    transaction.commit().await?;
    Ok(connection)
}

async fn write_down(state: Dsn, mut connection: Option<PgConnection>, mut waiting: Waiting) {
    let mut messages = Vec::with_capacity(BATCH);
    while waiting.recv_many(&mut messages, BATCH).await > 0 {
        let (mut records, mut flushes) = (Vec::with_capacity(messages.len()), Vec::new());
        for message in messages.drain(..) {
            match message {
                Message::Record(record) => records.push(record),
                Message::Flush(done) => flushes.push(done),
            }
        }
        records.extend(lost());
        let mut is_told = false;
        while let Err(error) = insert(&state, &mut connection, &records).await {
            connection = None;
            if !is_told {
                tracing::error!(%error, "audit records cannot be written now, and wait; the log has them");
                is_told = true;
            }
            sleep(PAUSE).await;
        }
        for flush in flushes {
            // Whoever waits may have gone.
            let _ = flush.send(());
        }
    }
}

/// A record of those that are missing.
fn lost() -> Option<Record> {
    let count = layer::lost();
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
