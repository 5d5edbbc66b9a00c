//! Rows on their way from the database through a formatter into a file: for commands and for background exports.

use std::pin::pin;

use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use tokio::sync::mpsc;
use tokio::task::{JoinError, spawn_blocking};

use crate::file::Formatter;

/// Capacity of the channel from the database to the formatter, in pieces of the raw-row stream.
const PIECES_MAX: usize = 16;

/// Approximate size of one write to the file, in bytes.
const WRITE_BYTES: usize = 1024 * 1024;

/// A file that is being written, on a thread that may block. A formatter ends with a `Summary`.
pub trait Sink<Summary> {
    /// What a whole file becomes.
    type File;
    type Error: std::error::Error;

    /// Notes the number of rows that have been formatted, whether or not their bytes are written.
    fn advance(&mut self, rows: u64);

    /// Writes the next bytes.
    ///
    /// # Errors
    /// When there can be no whole file any more.
    fn write(&mut self, bytes: &[u8]) -> Result<(), Self::Error>;

    /// Gives the file its name.
    ///
    /// # Errors
    /// Then there is no file.
    fn finish(self, summary: &Summary) -> Result<Self::File, Self::Error>;

    /// Removes what was written.
    fn abort(self);
}

/// Why there is no file.
#[derive(Debug, thiserror::Error)]
pub enum PourError<E: std::error::Error, S: std::error::Error> {
    #[error("the export failed: {0}")]
    Export(E),
    #[error(transparent)]
    Sink(S),
    #[error("the thread that writes the file ended: {0}")]
    Thread(#[from] JoinError),
}

/// The summary of a file and what its sink made of it, or why there is no file.
type Poured<F, S> = Result<
    (
        <F as Formatter>::Summary,
        <S as Sink<<F as Formatter>::Summary>>::File,
    ),
    PourError<<F as Formatter>::Error, <S as Sink<<F as Formatter>::Summary>>::Error>,
>;

/// Reads rows here, and formats and writes them on another thread, so that both run at the same time.
///
/// # Errors
/// [`PourError`]. What was written is removed.
pub async fn pour<F, S>(
    rows: impl Stream<Item = Bytes>,
    formatter: impl FnOnce() -> Result<F, F::Error> + Send + 'static,
    sink: S,
) -> Poured<F, S>
where
    F: Formatter<Summary: Send, Error: Send> + 'static,
    S: Sink<F::Summary, File: Send, Error: Send> + Send + 'static,
{
    let (pieces, received) = mpsc::channel(PIECES_MAX);
    let writer = spawn_blocking(move || write(received, formatter, sink));
    let mut rows = pin!(rows);
    while let Some(piece) = rows.next().await {
        if pieces.send(piece).await.is_err() {
            // The writer has failed; its error is returned below.
            break;
        }
    }
    drop(pieces);
    writer.await?
}

fn write<F: Formatter, S: Sink<F::Summary>>(
    mut received: mpsc::Receiver<Bytes>,
    formatter: impl FnOnce() -> Result<F, F::Error>,
    mut sink: S,
) -> Poured<F, S> {
    match format(&mut received, formatter, &mut sink) {
        Ok(summary) => {
            let file = sink.finish(&summary).map_err(PourError::Sink)?;
            Ok((summary, file))
        }
        Err(error) => {
            sink.abort();
            Err(error)
        }
    }
}

fn format<F: Formatter, S: Sink<F::Summary>>(
    received: &mut mpsc::Receiver<Bytes>,
    formatter: impl FnOnce() -> Result<F, F::Error>,
    sink: &mut S,
) -> Result<F::Summary, PourError<F::Error, S::Error>> {
    let mut export = formatter().map_err(PourError::Export)?;
    let mut formatted = Vec::with_capacity(2 * WRITE_BYTES);
    while let Some(raw) = received.blocking_recv() {
        export.push(&raw, &mut formatted).map_err(PourError::Export)?;
        sink.advance(export.rows());
        if formatted.len() >= WRITE_BYTES {
            sink.write(&formatted).map_err(PourError::Sink)?;
            formatted.clear();
        }
    }
    let summary = export.finish(&mut formatted).map_err(PourError::Export)?;
    sink.write(&formatted).map_err(PourError::Sink)?;
    Ok(summary)
}
