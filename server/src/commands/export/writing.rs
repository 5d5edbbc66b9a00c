//! Rows on their way from the database through a formatter into a file.

use std::io::{self, IsTerminal};
use std::path::Path;

use bytes::Bytes;
use futures_util::StreamExt;
use indicatif::{ProgressBar, ProgressStyle};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::commands::output::{OutputError, OutputFile};
use crate::config::Settings;
use crate::file::Formatter;
use crate::rows::{Prepared, StreamTiming};

/// Capacity of the channel from the database to the formatter, in pieces of the raw-row stream.
const PIECES_MAX: usize = 16;

/// Approximate size of one write to the file.
const WRITE_BYTES: usize = 1024 * 1024;

pub fn timing(settings: &Settings, stop: &CancellationToken) -> StreamTiming {
    StreamTiming {
        heartbeat: settings.heartbeat,
        abort: stop.clone(),
    }
}

/// Reads rows here, and formats and writes them on another thread, so that both run at the same time.
pub async fn write_rows<F>(
    prepared: Prepared,
    timing: StreamTiming,
    formatter: impl FnOnce() -> Result<F, F::Error> + Send + 'static,
    output: &Path,
) -> Result<F::Summary, Box<dyn std::error::Error>>
where
    F: Formatter<Summary: Send, Error: Send + Sync> + 'static,
{
    let bar = progress_bar(prepared.estimated_rows());
    let (pieces, received) = mpsc::channel(PIECES_MAX);
    let file = OutputFile::open(output)?;
    let shown = bar.clone();
    let writer = tokio::task::spawn_blocking(move || write(received, formatter, file, &shown));
    let mut rows = std::pin::pin!(prepared.into_stream(timing));
    while let Some(piece) = rows.next().await {
        if pieces.send(piece).await.is_err() {
            // The writer has failed; its error is returned below.
            break;
        }
    }
    drop(pieces);
    let written = writer.await?;
    bar.finish_and_clear();
    written.map_err(Into::into)
}

#[derive(Debug, thiserror::Error)]
enum WriteError<E: std::error::Error> {
    #[error("the export failed: {0}")]
    Export(E),
    #[error(transparent)]
    Output(#[from] OutputError),
}

fn write<F: Formatter>(
    mut received: mpsc::Receiver<Bytes>,
    formatter: impl FnOnce() -> Result<F, F::Error>,
    mut output: OutputFile,
    bar: &ProgressBar,
) -> Result<F::Summary, WriteError<F::Error>> {
    let mut export = formatter().map_err(WriteError::Export)?;
    let mut formatted = Vec::with_capacity(2 * WRITE_BYTES);
    while let Some(raw) = received.blocking_recv() {
        export.push(&raw, &mut formatted).map_err(WriteError::Export)?;
        if formatted.len() >= WRITE_BYTES {
            output.write(&formatted)?;
            formatted.clear();
            bar.set_position(export.rows());
        }
    }
    let summary = export.finish(&mut formatted).map_err(WriteError::Export)?;
    output.write(&formatted)?;
    output.finish()?;
    Ok(summary)
}

fn progress_bar(estimated_rows: Option<u64>) -> ProgressBar {
    if !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = estimated_rows.map_or_else(ProgressBar::new_spinner, ProgressBar::new);
    let template = "{bar:40} {human_pos} of about {human_len} rows, {per_sec}, {eta} left";
    bar.with_style(ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()))
}
