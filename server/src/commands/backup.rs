//! `decant backup`: a dump of the database in a file that is whole or is not there.

use std::path::PathBuf;

use clap::Args;
use futures_util::StreamExt;
use indicatif::{ProgressBar, ProgressStyle};
use tokio_util::sync::CancellationToken;
use wasm_export::dump::{Archive, Summary};

use super::Outcome;
use super::connection::Connection;
use super::interrupt::{told_to_stop, unless_stopped};
use super::output::OutputFile;
use super::verify::dump::sentence;
use crate::config::Settings;
use crate::database::dump::{Dump, Mode};

/// What to dump and where to.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The file to write, `-` for standard output. It appears only when the dump has been found whole; until then it is
    /// FILE.part.
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// What of the database: full, excludeLogs (without the rows of `message_request`) or ledgerOnly (`usage_ledger`).
    #[arg(long, default_value = "full")]
    mode: Mode,
}

/// Dumps.
pub async fn run(settings: Settings, arguments: Arguments) -> Outcome {
    let connection = Connection::open(&settings).await?;
    let stop = told_to_stop()?;
    let outcome = dump(&connection, &settings, &arguments, stop.clone()).await;
    connection.close(unless_stopped(&stop, outcome)).await
}

async fn dump(
    connection: &Connection,
    settings: &Settings,
    arguments: &Arguments,
    stop: CancellationToken,
) -> Outcome {
    let dump = connection
        .database(settings)
        .dump(arguments.mode, "Operator", stop)
        .await?;
    let output = OutputFile::open(&arguments.output)?;
    let summary = write(dump, output).await?;
    eprintln!("{}", sentence(&summary));
    Ok(())
}

async fn write(dump: Dump, mut output: OutputFile) -> Result<Summary, Box<dyn std::error::Error>> {
    let bar = ProgressBar::no_length().with_style(ProgressStyle::with_template(
        "{spinner} {bytes} dumped, {bytes_per_sec}",
    )?);
    let mut archive = Archive::new();
    let mut pieces = std::pin::pin!(dump.into_stream());
    while let Some(piece) = pieces.next().await {
        let piece = piece?;
        archive.push(&piece)?;
        output.write(&piece)?;
        bar.inc(piece.len() as u64);
    }
    let summary = archive.finish()?;
    output.finish()?;
    bar.finish_and_clear();
    Ok(summary)
}
