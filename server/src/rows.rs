//! `COPY` to the raw-row stream: header, rows as PostgreSQL wrote them, end record.
//!
//! Dropping the stream is how an export is stopped: the connection is closed, and with it the query ends.

use std::ops::{Deref, DerefMut};
use std::time::Duration;

use async_stream::stream;
use bytes::{Bytes, BytesMut};
use futures_util::{Stream, StreamExt};
use jiff::Timestamp;
use serde_json::Value;
use sqlx::pool::PoolConnection;
use sqlx::{AssertSqlSafe, PgConnection, Postgres, query_scalar, raw_sql};
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;
use wasm_export::rows::{
    Cursor, Digest, End, HEARTBEAT, Header, Problem, VERSION, end_line, failure_line, header_line,
};

use self::record::Record;
use crate::auth::Caller;
use crate::datasets::{Dataset, Query, Selection};
use crate::source::public_message;

mod record;

/// Rows are gathered into pieces of about this size: one write to the client instead of a thousand.
pub const CHUNK_BYTES: usize = 64 * 1024;

/// How long gathered rows wait for more before they are sent all the same.
const LINGER: Duration = Duration::from_millis(100);

/// How a stream keeps time.
#[derive(Clone, Debug)]
pub struct Pace {
    /// How often a stream without rows says that it lives.
    pub heartbeat: Duration,
    /// Cancelled when running exports must break off, because the server stops.
    pub break_off: CancellationToken,
}

/// An export whose query PostgreSQL has planned: nothing but the rows is missing.
pub struct Prepared {
    connection: ExportConnection,
    header: Header,
    select: String,
    /// Where the columns of the order stand in a row.
    order: Vec<usize>,
    record: Option<Record>,
}

impl Prepared {
    /// Plans the query, so that what is wrong with it is known before an answer begins.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn on(
        connection: PoolConnection<Postgres>,
        dataset: &Dataset,
        query: &Query<'_>,
        selection: &Selection,
    ) -> sqlx::Result<Self> {
        let mut connection = ExportConnection {
            connection,
            whole: false,
        };
        let as_of = match selection.as_of {
            Some(as_of) => as_of,
            None => now(&mut connection).await?,
        };
        let select = query.rows().render(&mut connection).await?.0;
        let estimated_rows = estimate(&mut connection, &select).await?;
        let definition = &dataset.definition;
        let columns = query.columns();
        let order: Vec<_> = definition
            .order
            .iter()
            .map(|order| order.column.clone())
            .collect();
        let position = |name: &String| columns.iter().position(|column| column.name == *name);
        Ok(Self {
            connection,
            select,
            record: None,
            order: order.iter().filter_map(position).collect(),
            header: Header {
                decant: VERSION,
                dataset: definition.name.clone(),
                title: definition.title.clone(),
                columns,
                order,
                as_of: as_of.to_string(),
                zone: selection.zone.to_string(),
                filters: selection.filters_by_name(definition),
                estimated_rows,
            },
        })
    }

    /// What the rows are.
    #[must_use]
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// Tells the log that somebody's export begins, and later how it ended.
    #[must_use]
    pub fn recorded(mut self, caller: &Caller) -> Self {
        self.record = Some(Record::begin(caller, &self.header.dataset));
        self
    }

    /// The raw-row stream. It never fails: what goes wrong becomes its last line.
    pub fn into_stream(self, pace: Pace) -> impl Stream<Item = Bytes> + Send + 'static {
        let Self {
            mut connection,
            header,
            select,
            order,
            record,
        } = self;
        // Made here, so that a stream that nobody asks for anything is recorded, too.
        let mut gathered = Gathered::default();
        gathered.record = record;
        stream! {
            yield header_line(&header).into();
            let outcome = 'rows: {
                let copy = format!("copy ({select}) to stdout (format text)");
                // PostgreSQL sends nothing, not even that it has begun, before the first rows fill its buffer.
                let begin = connection.copy_out_raw(&copy);
                tokio::pin!(begin);
                let begun = loop {
                    tokio::select! {
                        begun = &mut begin => break begun,
                        () = tokio::time::sleep(pace.heartbeat) => yield Bytes::from_static(HEARTBEAT),
                        () = pace.break_off.cancelled() => break 'rows Err(stopping()),
                    }
                };
                let mut rows = match begun {
                    Ok(rows) => rows,
                    Err(error) => break 'rows Err(failure(&error)),
                };
                let timer = sleep_until(Instant::now() + pace.heartbeat);
                tokio::pin!(timer);
                loop {
                    tokio::select! {
                        biased;
                        row = rows.next() => match row {
                            Some(Ok(row)) => {
                                if gathered.chunk.is_empty() {
                                    timer.as_mut().reset(Instant::now() + LINGER);
                                }
                                gathered.push(&row);
                                if gathered.chunk.len() >= CHUNK_BYTES {
                                    yield gathered.take();
                                    timer.as_mut().reset(Instant::now() + pace.heartbeat);
                                    if pace.break_off.is_cancelled() {
                                        break Err(stopping());
                                    }
                                }
                            }
                            Some(Err(error)) => break Err(failure(&error)),
                            None => break Ok(()),
                        },
                        () = &mut timer => {
                            yield if gathered.chunk.is_empty() { Bytes::from_static(HEARTBEAT) } else { gathered.take() };
                            timer.as_mut().reset(Instant::now() + pace.heartbeat);
                        }
                        () = pace.break_off.cancelled() => break Err(stopping()),
                    }
                }
            };
            if !gathered.chunk.is_empty() {
                yield gathered.take();
            }
            match outcome {
                Ok(()) => {
                    connection.read_whole();
                    yield end_line(&gathered.end(&order)).into();
                    gathered.tell(Record::complete);
                }
                Err(problem) => {
                    gathered.tell(|record, gathered| record.fail(gathered, &problem.code));
                    yield failure_line(&problem).into();
                }
            }
        }
    }
}

/// The rows on their way, and what the end record will say of them.
#[derive(Default)]
struct Gathered {
    chunk: BytesMut,
    last_row_at: usize,
    last_row: Vec<u8>,
    rows: u64,
    bytes: u64,
    digest: Digest,
    /// Until it has been told how the export ended.
    record: Option<Record>,
}

impl Gathered {
    /// PostgreSQL sends each row of a `COPY` as one message (manual, "COPY Operations").
    fn push(&mut self, row: &[u8]) {
        self.last_row_at = self.chunk.len();
        self.chunk.extend_from_slice(row);
        self.rows += 1;
    }

    fn take(&mut self) -> Bytes {
        self.last_row.clear();
        self.last_row.extend_from_slice(&self.chunk[self.last_row_at..]);
        self.bytes += self.chunk.len() as u64;
        self.digest.update(&self.chunk);
        let chunk = self.chunk.split().freeze();
        self.chunk.reserve(CHUNK_BYTES + CHUNK_BYTES / 8);
        chunk
    }

    fn tell(&mut self, ending: impl FnOnce(&Record, &Self)) {
        if let Some(record) = self.record.take() {
            ending(&record, self);
        }
    }

    fn end(&self, order: &[usize]) -> End {
        let row = self.last_row.strip_suffix(b"\n").unwrap_or(&self.last_row);
        let cells: Vec<_> = row.split(|byte| *byte == b'\t').collect();
        let cursor = (self.rows > 0).then(|| Cursor::encode(order.iter().map(|position| cells[*position])));
        End {
            rows: self.rows,
            bytes: self.bytes,
            digest: self.digest.hex(),
            cursor,
        }
    }
}

impl Drop for Gathered {
    fn drop(&mut self) {
        self.tell(Record::cancel);
    }
}

/// A connection that goes back to its pool only after a whole export. Otherwise it is closed: the pool would
/// first read the rest of the rows.
struct ExportConnection {
    connection: PoolConnection<Postgres>,
    whole: bool,
}

impl ExportConnection {
    /// The query's rows have all been read: the connection may serve another export.
    fn read_whole(&mut self) {
        self.whole = true;
    }
}

impl Drop for ExportConnection {
    fn drop(&mut self) {
        if !self.whole {
            self.connection.close_on_drop();
        }
    }
}

impl Deref for ExportConnection {
    type Target = PgConnection;

    fn deref(&self) -> &PgConnection {
        &self.connection
    }
}

impl DerefMut for ExportConnection {
    fn deref_mut(&mut self) -> &mut PgConnection {
        &mut self.connection
    }
}

/// The database's clock: the one that wrote the rows' times.
async fn now(connection: &mut PgConnection) -> sqlx::Result<Timestamp> {
    let microseconds =
        query_scalar("select (extract(epoch from pg_catalog.now()) operator(pg_catalog.*) 1000000)::bigint")
            .fetch_one(connection)
            .await?;
    Timestamp::from_microsecond(microseconds).map_err(|error| sqlx::Error::Decode(error.into()))
}

/// The planner's estimate. It also finds whatever is wrong with the query before a row is asked for.
async fn estimate(connection: &mut PgConnection, select: &str) -> sqlx::Result<Option<u64>> {
    let explain = AssertSqlSafe(format!("explain (format json) {select}"));
    let row = raw_sql(explain).fetch_one(connection).await?;
    let plan: String = sqlx::Row::try_get_unchecked(&row, 0)?;
    let plan: Value = serde_json::from_str(&plan).unwrap_or_default();
    Ok(plan[0]["Plan"]["Plan Rows"].as_u64())
}

fn stopping() -> Problem {
    Problem {
        title: "The server is stopping".into(),
        status: 503,
        detail:
            "The export was broken off because Decant was told to stop. Resume it when the server is back."
                .into(),
        code: "shutting_down".into(),
        ..Problem::default()
    }
}

/// What the caller is told of a failure of the database; the log has the rest.
fn failure(error: &sqlx::Error) -> Problem {
    tracing::error!(%error, "the database failed in mid-export");
    Problem {
        title: "The database broke off the export".into(),
        status: 502,
        detail: format!("{} Resume the export, or start it again.", public_message(error)),
        code: "source_failed".into(),
        ..Problem::default()
    }
}
