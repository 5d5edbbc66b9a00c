//! The raw-row stream of a planned export.

use std::sync::Arc;
use std::time::Duration;

use async_stream::stream;
use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use sqlx::{Executor, PgConnection};
use tokio::time::{Instant, sleep, sleep_until};
use tokio_util::sync::CancellationToken;
use wasm_export::rows::{HEARTBEAT, Problem, end_line, failure_line, header_line};

use super::bad_characters;
use super::chunk_buffer::ChunkBuffer;
use super::connection::ExportConnection;
use super::export_audit::Progress;
use super::planned_part::PlannedPart;
use crate::shares::Share;
use crate::source::public_message;

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

/// The queries of an export, and the connection that runs them.
pub(super) struct Parts {
    pub connection: ExportConnection,
    pub first: PlannedPart,
    /// The other parts of a bundle.
    pub others: Vec<PlannedPart>,
    /// A transaction is open, so that all parts of a bundle are of one snapshot.
    pub is_in_transaction: bool,
}

/// Why a stream ends early.
enum End {
    Stopping,
    Failed(sqlx::Error),
}

/// Returns the streams of all parts, one behind the other. The share is in use until the end.
pub(super) fn stream(
    parts: Parts,
    progress: Arc<Progress>,
    share: Option<Share>,
    timing: StreamTiming,
) -> impl Stream<Item = Bytes> + Send + 'static {
    let Parts {
        mut connection,
        first,
        others,
        is_in_transaction,
    } = parts;
    stream! {
        let _share = share;
        let mut parts = std::iter::once(first).chain(others).peekable();
        while let Some(PlannedPart { header, select }) = parts.next() {
            let mut buffer = ChunkBuffer::new(Arc::clone(&progress));
            yield header_line(&header).into();
            let mut end = None;
            {
                let chunks = chunks(&mut connection, &select, is_in_transaction, &mut buffer, &timing);
                tokio::pin!(chunks);
                while let Some(chunk) = chunks.next().await {
                    match chunk {
                        Ok(chunk) => yield chunk,
                        Err(early) => end = Some(early),
                    }
                }
            }
            if !buffer.is_empty() {
                yield buffer.take();
            }
            let problem = match end {
                None => {
                    if parts.peek().is_none() {
                        // The rows are whole, so a failure here costs nothing but the connection.
                        if !is_in_transaction || connection.execute("commit").await.is_ok() {
                            connection.return_to_pool();
                        }
                        progress.end(Ok(()));
                    }
                    yield end_line(&buffer.end(&header)).into();
                    continue;
                }
                Some(End::Stopping) => stopping(is_in_transaction),
                Some(End::Failed(error)) => {
                    // The query runs again, which takes as long as the export has taken.
                    let search = async {
                        if is_in_transaction {
                            connection.execute("rollback to savepoint part").await.ok()?;
                        }
                        bad_characters::find(&mut connection, &error, &select, &header, buffer.rows()).await
                    };
                    tokio::pin!(search);
                    let place = loop {
                        tokio::select! {
                            place = &mut search => break place,
                            () = sleep(timing.heartbeat) => yield Bytes::from_static(HEARTBEAT),
                            () = timing.abort.cancelled() => break None,
                        }
                    };
                    failure(&error, place, is_in_transaction)
                }
            };
            progress.end(Err(problem.code.clone()));
            yield failure_line(&problem).into();
            return;
        }
    }
}

/// Returns the rows of a query in full chunks, and heartbeats while there are none. An error is the last item. The rows
/// that fill no chunk stay in the buffer.
fn chunks<'a>(
    connection: &'a mut PgConnection,
    select: &'a str,
    is_in_transaction: bool,
    buffer: &'a mut ChunkBuffer,
    timing: &'a StreamTiming,
) -> impl Stream<Item = Result<Bytes, End>> + Send + 'a {
    let copy = format!("copy ({select}) to stdout (format text)");
    stream! {
        // A failed part goes back to it, because the search for the cause needs the snapshot of the rows.
        if is_in_transaction && let Err(error) = connection.execute("savepoint part").await {
            yield Err(End::Failed(error));
            return;
        }
        // PostgreSQL does not even confirm the `COPY` before the first rows fill its buffer.
        // SQL: rendered by `Template`.
        let begin = connection.copy_out_raw(&copy);
        tokio::pin!(begin);
        let begun = loop {
            tokio::select! {
                begun = &mut begin => break begun.map_err(End::Failed),
                () = sleep(timing.heartbeat) => yield Ok(Bytes::from_static(HEARTBEAT)),
                () = timing.abort.cancelled() => break Err(End::Stopping),
            }
        };
        let mut rows = match begun {
            Ok(rows) => rows,
            Err(end) => {
                yield Err(end);
                return;
            }
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
                            yield Ok(buffer.take());
                            timer.as_mut().reset(Instant::now() + timing.heartbeat);
                            if timing.abort.is_cancelled() {
                                yield Err(End::Stopping);
                                return;
                            }
                        }
                    }
                    Some(Err(error)) => {
                        yield Err(End::Failed(error));
                        return;
                    }
                    None => return,
                },
                () = &mut timer => {
                    yield Ok(if buffer.is_empty() { Bytes::from_static(HEARTBEAT) } else { buffer.take() });
                    timer.as_mut().reset(Instant::now() + timing.heartbeat);
                }
                () = timing.abort.cancelled() => {
                    yield Err(End::Stopping);
                    return;
                }
            }
        }
    }
}

fn stopping(is_bundle: bool) -> Problem {
    let advice = match is_bundle {
        true => "Start it again when the server is back.",
        false => "Resume it when the server is back.",
    };
    Problem {
        title: "The server is stopping".into(),
        status: 503,
        detail: format!("The export was ended because Decant is stopping. {advice}"),
        code: "shutting_down".into(),
        ..Problem::default()
    }
}

/// Logs a failure of the database, and returns the part of it that callers may see. `place` is where the value is that
/// caused it. A bundle cannot be resumed.
fn failure(error: &sqlx::Error, place: Option<String>, is_bundle: bool) -> Problem {
    tracing::error!(%error, place, "the database failed in mid-export");
    let code = error.as_database_error().and_then(|error| error.code());
    let message = public_message(error);
    let detail = match place {
        Some(place) => format!("{message} {place}"),
        // Class 22, data exceptions: the same value fails again.
        None if code.is_some_and(|code| code.starts_with("22")) => {
            format!("{message} Another try does not help before the value is corrected.")
        }
        None if is_bundle => format!("{message} Start the export again."),
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
