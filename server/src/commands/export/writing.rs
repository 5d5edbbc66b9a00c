//! The file of an export on the command line, with a progress bar.

use std::io::{self, IsTerminal};
use std::path::Path;

use indicatif::{ProgressBar, ProgressStyle};
use tokio_util::sync::CancellationToken;

use crate::commands::output::{OutputError, OutputFile};
use crate::config::Settings;
use crate::file::Formatter;
use crate::pour::{Sink, pour};
use crate::rows::{Prepared, StreamTiming};

pub fn timing(settings: &Settings, stop: &CancellationToken) -> StreamTiming {
    StreamTiming {
        heartbeat: settings.heartbeat,
        abort: stop.clone(),
    }
}

/// Writes the file of an export.
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
    let file = OutputFile::open(output)?;
    let shown = Shown {
        file,
        bar: bar.clone(),
    };
    let poured = pour(prepared.into_stream(timing), formatter, shown).await;
    bar.finish_and_clear();
    let (summary, ()) = poured?;
    Ok(summary)
}

/// A file with a progress bar.
struct Shown {
    file: OutputFile,
    bar: ProgressBar,
}

impl<Summary> Sink<Summary> for Shown {
    type File = ();
    type Error = OutputError;

    fn advance(&mut self, rows: u64) {
        self.bar.set_position(rows);
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), OutputError> {
        self.file.write(bytes)
    }

    fn finish(mut self, _: &Summary) -> Result<(), OutputError> {
        self.file.finish()
    }

    /// A file that is dropped before its end is removed.
    fn abort(self) {}
}

fn progress_bar(estimated_rows: Option<u64>) -> ProgressBar {
    if !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = estimated_rows.map_or_else(ProgressBar::new_spinner, ProgressBar::new);
    let template = "{bar:40} {human_pos} of about {human_len} rows, {per_sec}, {eta} left";
    bar.with_style(ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()))
}
