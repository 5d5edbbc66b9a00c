//! `decant backup`: a dump of the database in a file that is whole or is not there.

use std::path::PathBuf;

use clap::Args;
use futures_util::StreamExt;
use indicatif::{ProgressBar, ProgressStyle};
use tokio_util::sync::CancellationToken;
use wasm_export::dump::{Archive, Summary};

use super::Outcome;
use super::interrupt::{told_to_stop, unless_stopped};
use super::reach::Reached;
use super::target::Target;
use super::verify::dump::sentence;
use crate::config::Settings;
use crate::database::Database;
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
    let reached = Reached::by(&settings).await?;
    let stop = told_to_stop()?;
    let outcome = dump(&reached, &settings, &arguments, stop.clone()).await;
    reached.leave(unless_stopped(&stop, outcome)).await
}

async fn dump(
    reached: &Reached,
    settings: &Settings,
    arguments: &Arguments,
    stop: CancellationToken,
) -> Outcome {
    let database = Database::of(reached.dsn.clone(), settings);
    let dump = database.dump(arguments.mode, "Operator", stop).await?;
    let target = Target::open(&arguments.output)?;
    let summary = pour(dump, target).await?;
    eprintln!("{}", sentence(&summary));
    Ok(())
}

async fn pour(dump: Dump, mut target: Target) -> Result<Summary, Box<dyn std::error::Error>> {
    let bar = ProgressBar::no_length().with_style(ProgressStyle::with_template(
        "{spinner} {bytes} dumped, {bytes_per_sec}",
    )?);
    let mut archive = Archive::new();
    let mut pieces = std::pin::pin!(dump.into_stream());
    while let Some(piece) = pieces.next().await {
        let piece = piece?;
        archive.push(&piece)?;
        target.write(&piece)?;
        bar.inc(piece.len() as u64);
    }
    let summary = archive.finish()?;
    target.finish()?;
    bar.finish_and_clear();
    Ok(summary)
}
