//! `COPY` as a raw-row stream: header, rows as PostgreSQL wrote them, end record.
//!
//! The stream of a bundle is those of its parts, one behind the other, all read in one transaction.
//!
//! Dropping the stream stops the export: it closes the connection, which ends the query.

mod bad_characters;
mod chunk_buffer;
mod export_audit;

use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::time::Duration;

use async_stream::stream;
use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use serde_json::Value;
use sqlx::pool::PoolConnection;
use sqlx::{AssertSqlSafe, Executor, PgConnection, Postgres, raw_sql};
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;
use wasm_export::rows::{HEARTBEAT, Header, Problem, end_line, failure_line, header_line};

use self::chunk_buffer::ChunkBuffer;
use self::export_audit::Progress;
use crate::auth::{Caller, Scope};
use crate::datasets::{Query, RenderError, Selection};
use crate::shares::Share;
use crate::source::public_message;

pub use chunk_buffer::CHUNK_BYTES;
pub use export_audit::ExportAudit;

/// How long a chunk that is not full waits for more rows.
const LINGER: Duration = Duration::from_millis(100);

/// When a stream sends a heartbeat, and when it ends early.
#[derive(Clone, Debug)]
pub struct StreamTiming {
    /// How long the stream may be silent. Then it sends a heartbeat, so that no proxy closes it as idle.
    pub heartbeat: Duration,
    /// Cancelled when the server stops and its running exports must end.
    pub abort: CancellationToken,
}

/// An export whose queries PostgreSQL has planned, ready to be streamed.
pub struct Prepared {
    connection: ExportConnection,
    /// The name of the dataset or of the bundle.
    name: String,
    scope: Scope,
    first: Part,
    /// The other parts of a bundle.
    others: Vec<Part>,
    /// A transaction is open, so that all parts are of one snapshot.
    is_in_transaction: bool,
    progress: Arc<Progress>,
    /// The caller's share of the running exports or queries, in use until the stream ends.
    share: Option<Share>,
}

/// The rows of one query.
struct Part {
    header: Header,
    select: String,
}

impl Part {
    async fn plan(
        connection: &mut PgConnection,
        query: &Query<'_>,
        selection: &Selection,
    ) -> Result<Self, RenderError> {
        let rendered = query.rows(connection).await?;
        let as_of = selection.as_of.unwrap_or(rendered.at);
        let select = rendered.sql.0;
        let estimated_rows = estimate(connection, &select).await?;
        let header = Header {
            as_of: as_of.to_string(),
            estimated_rows,
            ..query.header()
        };
        Ok(Self { header, select })
    }
}

impl Prepared {
    /// Plans the query, so that a mistake in it is found before an answer begins.
    ///
    /// # Errors
    /// [`RenderError`] for tables of the hub that may not be used, and for the database's errors.
    pub async fn new(
        connection: PoolConnection<Postgres>,
        query: &Query<'_>,
        selection: &Selection,
    ) -> Result<Self, RenderError> {
        let mut connection = ExportConnection::new(connection);
        let first = Part::plan(&mut connection, query, selection).await?;
        Ok(Self {
            connection,
            name: first.header.dataset.clone(),
            scope: query.scope().clone(),
            first,
            others: Vec::new(),
            is_in_transaction: false,
            progress: Arc::default(),
            share: None,
        })
    }

    /// Begins a transaction, which has one snapshot for all parts of a bundle, and plans their queries in it.
    ///
    /// # Errors
    /// [`RenderError`] as of [`Self::new`]; also for a bundle without a part.
    pub async fn of_bundle(
        connection: PoolConnection<Postgres>,
        name: &str,
        parts: &[(&str, Query<'_>, &Selection)],
    ) -> Result<Self, RenderError> {
        let mut connection = ExportConnection::new(connection);
        connection
            .execute("begin transaction isolation level repeatable read, read only")
            .await?;
        let mut planned = Vec::with_capacity(parts.len());
        for (part, query, selection) in parts {
            let mut rows = Part::plan(&mut connection, query, selection).await?;
            rows.header.part = Some((*part).to_owned());
            planned.push(rows);
        }
        let mut planned = planned.into_iter();
        let (Some(first), Some((_, query, _))) = (planned.next(), parts.first()) else {
            return Err(sqlx::Error::RowNotFound.into());
        };
        Ok(Self {
            connection,
            name: name.to_owned(),
            scope: query.scope().clone(),
            first,
            others: planned.collect(),
            is_in_transaction: true,
            progress: Arc::default(),
            share: None,
        })
    }

    /// Returns the header of the rows, which are those of the first part of a bundle.
    pub fn header(&self) -> &Header {
        &self.first.header
    }

    /// Returns the planner's estimate of the number of rows, of all parts together.
    pub fn estimated_rows(&self) -> Option<u64> {
        let parts = std::iter::once(&self.first).chain(&self.others);
        parts.map(|part| part.header.estimated_rows).sum()
    }

    /// Records in the audit log that this caller's export begins. The returned value records how it ends.
    #[must_use]
    pub fn begin_audit(&self, caller: &Caller) -> ExportAudit {
        ExportAudit::begin(caller, &self.scope, &self.name, Arc::clone(&self.progress))
    }

    /// Keeps this share of the caller in use until the stream ends.
    #[must_use]
    pub fn holding(mut self, share: Share) -> Self {
        self.share = Some(share);
        self
    }

    /// Returns the raw-row stream, or those of all parts. It never fails: an error becomes its last line.
    pub fn into_stream(self, timing: StreamTiming) -> impl Stream<Item = Bytes> + Send + 'static {
        let Self {
            mut connection,
            first,
            others,
            is_in_transaction,
            progress,
            share,
            ..
        } = self;
        stream! {
            let _share = share;
            let mut parts = std::iter::once(first).chain(others).peekable();
            while let Some(Part { header, select }) = parts.next() {
                let mut buffer = ChunkBuffer::new(Arc::clone(&progress));
                yield header_line(&header).into();
                let outcome = 'rows: {
                    let copy = format!("copy ({select}) to stdout (format text)");
                    // PostgreSQL does not even confirm the `COPY` before the first rows fill its buffer.
                    // SQL: rendered by `Template`.
                    let begin = connection.copy_out_raw(&copy);
                    tokio::pin!(begin);
                    let begun = loop {
                        tokio::select! {
                            begun = &mut begin => break begun,
                            () = tokio::time::sleep(timing.heartbeat) => yield Bytes::from_static(HEARTBEAT),
                            () = timing.abort.cancelled() => break 'rows Err(End::Stopping),
                        }
                    };
                    let mut rows = match begun {
                        Ok(rows) => rows,
                        Err(error) => break 'rows Err(End::Failed(error)),
                    };
                    let timer = sleep_until(Instant::now() + timing.heartbeat);
                    tokio::pin!(timer);
                    loop {
                        tokio::select! {
                            biased;
                            row = rows.next() => match row {
                                Some(Ok(row)) => {
                                    if buffer.is_empty() {
                                        timer.as_mut().reset(Instant::now() + LINGER);
                                    }
                                    buffer.push(&row);
                                    if buffer.is_full() {
                                        yield buffer.take();
                                        timer.as_mut().reset(Instant::now() + timing.heartbeat);
                                        if timing.abort.is_cancelled() {
                                            break Err(End::Stopping);
                                        }
                                    }
                                }
                                Some(Err(error)) => break Err(End::Failed(error)),
                                None => break Ok(()),
                            },
                            () = &mut timer => {
                                yield if buffer.is_empty() { Bytes::from_static(HEARTBEAT) } else { buffer.take() };
                                timer.as_mut().reset(Instant::now() + timing.heartbeat);
                            }
                            () = timing.abort.cancelled() => break Err(End::Stopping),
                        }
                    }
                };
                if !buffer.is_empty() {
                    yield buffer.take();
                }
                match outcome {
                    Ok(()) => {
                        if parts.peek().is_none() {
                            // The rows are whole, so a failure here costs nothing but the connection.
                            if !is_in_transaction || connection.execute("commit").await.is_ok() {
                                connection.return_to_pool();
                            }
                            progress.end(Ok(()));
                        }
                        yield end_line(&buffer.end(&header)).into();
                    }
                    Err(end) => {
                        let problem = match end {
                            End::Stopping => stopping(),
                            End::Failed(error) => {
                                // The query runs again, which takes as long as the export has taken.
                                let search = async {
                                    if is_in_transaction {
                                        connection.execute("rollback").await.ok()?;
                                    }
                                    bad_characters::find(&mut connection, &error, &select, &header, buffer.rows()).await
                                };
                                tokio::pin!(search);
                                let place = loop {
                                    tokio::select! {
                                        place = &mut search => break place,
                                        () = tokio::time::sleep(timing.heartbeat) => yield Bytes::from_static(HEARTBEAT),
                                        () = timing.abort.cancelled() => break None,
                                    }
                                };
                                failure(&error, place)
                            }
                        };
                        progress.end(Err(problem.code.clone()));
                        yield failure_line(&problem).into();
                        return;
                    }
                }
            }
        }
    }
}

/// Why a stream ends early.
enum End {
    Stopping,
    Failed(sqlx::Error),
}

/// A connection that returns to its pool only after a whole export. After any other it is closed, because the pool would
/// read the rest of the rows first.
struct ExportConnection {
    connection: PoolConnection<Postgres>,
    is_read_to_end: bool,
}

impl ExportConnection {
    fn new(connection: PoolConnection<Postgres>) -> Self {
        Self {
            connection,
            is_read_to_end: false,
        }
    }

    /// Lets the connection serve another export. Call it when all rows have been read.
    fn return_to_pool(&mut self) {
        self.is_read_to_end = true;
    }
}

impl Drop for ExportConnection {
    fn drop(&mut self) {
        if !self.is_read_to_end {
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

/// Returns the planner's estimate of the number of rows. Planning also finds a mistake in the query before any row is read.
async fn estimate(connection: &mut PgConnection, select: &str) -> sqlx::Result<Option<u64>> {
    // SQL: rendered by `Template`.
    let explain = AssertSqlSafe(format!("explain (format json) {select}"));
    // SQL: the statement above.
    let row = raw_sql(explain).fetch_one(connection).await?;
    let plan: String = sqlx::Row::try_get_unchecked(&row, 0)?;
    let plan: Value = serde_json::from_str(&plan).unwrap_or_default();
    Ok(plan[0]["Plan"]["Plan Rows"].as_u64())
}

fn stopping() -> Problem {
    Problem {
        title: "The server is stopping".into(),
        status: 503,
        detail: "The export was ended because Decant is stopping. Resume it when the server is back.".into(),
        code: "shutting_down".into(),
        ..Problem::default()
    }
}

/// Logs a failure of the database, and returns the part of it that callers may see. `place` is where the value is that
/// caused it.
fn failure(error: &sqlx::Error, place: Option<String>) -> Problem {
    tracing::error!(%error, place, "the database failed in mid-export");
    let code = error.as_database_error().and_then(|error| error.code());
    let message = public_message(error);
    let detail = match place {
        Some(place) => format!("{message} {place}"),
        // Class 22, data exceptions: the same value fails again.
        None if code.is_some_and(|code| code.starts_with("22")) => {
            format!("{message} To resume the export does not help before the value is corrected.")
        }
        None => format!("{message} Resume the export, or start it again."),
    };
    Problem {
        title: "The database broke off the export".into(),
        status: 502,
        detail,
        code: "source_failed".into(),
        ..Problem::default()
    }
}
