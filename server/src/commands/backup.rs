//! `decant backup`: dumps the database into a file.

use std::path::PathBuf;

use api::database::DumpMode;
use clap::Args;
use futures_util::StreamExt;
use indicatif::{ProgressBar, ProgressStyle};
use tokio_util::sync::CancellationToken;
use wasm_export::dump::{Archive, Summary};

use super::connection::Connection;
use super::interrupt::{cancelled_by_signal, or_interrupted};
use super::operator::OPERATOR;
use super::outcome::Outcome;
use super::output::OutputFile;
use super::standard_streams::report;
use super::verify::dump::sentence;
use crate::config::Settings;
use crate::database::dump::Dump;

#[derive(Debug, Args)]
pub struct Arguments {
    /// File to write, `-` for standard output. It is FILE.part until the dump has been checked to be complete.
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// Content of the dump: full, excludeLogs (without the rows of `message_request`) or ledgerOnly (`usage_ledger`).
    #[arg(long, default_value = "full")]
    mode: DumpMode,
}

pub async fn run(settings: Settings, arguments: Arguments) -> Outcome {
    let connection = Connection::open(&settings).await?;
    let stop = cancelled_by_signal()?;
    let outcome = dump(&connection, &settings, &arguments, stop.clone()).await;
    connection.close(or_interrupted(&stop, outcome)).await
}

async fn dump(
    connection: &Connection,
    settings: &Settings,
    arguments: &Arguments,
    stop: CancellationToken,
) -> Outcome {
    connection.check_tables().await?;
    let dump = connection
        .database(settings)
        .dumper
        .dump(arguments.mode, OPERATOR, stop)
        .await?;
    let output = OutputFile::open_private(&arguments.output)?;
    let summary = write(dump, output).await?;
    report(sentence(&summary));
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
