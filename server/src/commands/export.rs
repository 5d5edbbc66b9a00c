//! `decant export`: the same rows, the same formatter, into a file.

use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};

use bytes::Bytes;
use clap::{Arg, ArgAction, ArgMatches, Args};
use futures_util::StreamExt;
use indicatif::{ProgressBar, ProgressStyle};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use wasm_export::options::Options;
use wasm_export::{Export, Summary};

use super::Outcome;
use super::connection::Connection;
use super::interrupt::{told_to_stop, unless_stopped};
use super::output::{OutputError, OutputFile, with_name};
use crate::auth::Caller;
use crate::config::Settings;
use crate::datasets::definition::FilterKind;
use crate::datasets::{Catalog, Dataset, Query, Selection, selection};
use crate::file;
use crate::rows::{Pace, Prepared};

/// Pieces of raw rows on their way from the database to the formatter.
const PIECES_MAX: usize = 16;

/// The file is written in pieces of about this size.
const WRITE_BYTES: usize = 1024 * 1024;

/// What to export and where to.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The dataset's name; `decant datasets list` shows them.
    dataset: String,
    /// The file to write, `-` for standard output. Its name says what it is, `usage.jsonl.gz`, where --format and
    /// --compression do not. It appears only when it is whole; until then it is FILE.part.
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
}

/// Adds a flag for every filter that a dataset declares.
pub fn with_filters(mut command: clap::Command, catalog: &Catalog) -> clap::Command {
    for (word, help) in words() {
        command = command.arg(flag(word).help(help));
    }
    let mut known: Vec<&str> = Vec::new();
    for filter in catalog.iter().flat_map(|dataset| &dataset.definition.filters) {
        if known.contains(&filter.name.as_str()) {
            continue;
        }
        known.push(&filter.name);
        let arg = flag(&filter.name)
            .help(filter.label.clone())
            .help_heading("Filters");
        command = command.arg(match filter.kind {
            FilterKind::Boolean => arg.num_args(0..=1).default_missing_value("true"),
            _ => arg.allow_hyphen_values(true),
        });
    }
    command
}

fn flag(word: &str) -> Arg {
    let name = word.to_owned();
    Arg::new(name)
        .long(word.replace('_', "-"))
        .action(ArgAction::Append)
        .value_name("VALUE")
}

/// The words that are no filters, each with its help.
fn words() -> impl Iterator<Item = (&'static str, &'static str)> {
    let of_rows = selection::WORDS.iter().copied();
    of_rows.chain(file::WORDS.iter().map(|(word, help)| (*word, help.as_str())))
}

/// What was given, as the pairs that an address would have.
pub fn pairs(matches: &ArgMatches, catalog: &Catalog) -> Vec<(String, String)> {
    let filters = catalog
        .iter()
        .flat_map(|dataset| &dataset.definition.filters)
        .map(|filter| filter.name.as_str());
    let mut words: Vec<&str> = words().map(|(word, _)| word).chain(filters).collect();
    words.sort_unstable();
    words.dedup();
    let given = |word: &str| {
        let values: Vec<String> = matches
            .get_many::<String>(word)
            .into_iter()
            .flatten()
            .cloned()
            .collect();
        values
            .into_iter()
            .map(move |value| (word.to_owned(), value))
            .collect::<Vec<_>>()
    };
    words.into_iter().flat_map(given).collect()
}

/// Exports.
pub async fn run(settings: Settings, arguments: Arguments, pairs: Vec<(String, String)>) -> Outcome {
    let mut catalog = Catalog::load(settings.datasets_dir.as_deref())?;
    let known = catalog
        .iter()
        .map(|dataset| dataset.definition.name.clone())
        .collect::<Vec<_>>()
        .join(", ");
    let unknown = || format!("there is no dataset `{}`; there are {known}", arguments.dataset);
    let definition = catalog
        .get(&arguments.dataset)
        .ok_or_else(unknown)?
        .definition
        .clone();
    let pairs = with_name(pairs, &arguments.output)?;
    let options = file::parse_options(&pairs)?;
    let selection = Selection::parse(&definition, &file::without_file_words(&pairs))?;

    let connection = Connection::open(&settings).await?;
    let stop = told_to_stop()?;
    let exporting = async {
        let mut session = connection.source.for_query().await?;
        catalog.prepare(&mut session).await?;
        drop(session);
        let dataset = catalog.get(&arguments.dataset).ok_or_else(unknown)?;
        export(
            &connection,
            &settings,
            dataset,
            &selection,
            options,
            &arguments.output,
            &stop,
        )
        .await
    };
    let outcome = exporting.await;
    connection.close(unless_stopped(&stop, outcome)).await
}

async fn export(
    connection: &Connection,
    settings: &Settings,
    dataset: &Dataset,
    selection: &Selection,
    options: Options,
    output: &Path,
    stop: &CancellationToken,
) -> Outcome {
    if let Some(unavailable) = &dataset.unavailable {
        return Err(unavailable.reason.clone().into());
    }
    let caller = Caller::operator();
    let query = Query::new(dataset, &caller, selection)?;
    let prepared = Prepared::on(connection.source.for_export().await?, dataset, &query, selection).await?;
    file::check(prepared.header(), &options)?;
    let pace = Pace {
        heartbeat: settings.heartbeat,
        break_off: stop.clone(),
    };
    let summary = pour(prepared.recorded(&caller), pace, options, output).await?;
    eprintln!("{} rows, {} bytes.", summary.rows, summary.file_bytes);
    Ok(())
}

/// Reads rows here and formats and writes them on a thread of its own, so that neither waits for the other.
async fn pour(
    prepared: Prepared,
    pace: Pace,
    options: Options,
    output: &Path,
) -> Result<Summary, Box<dyn std::error::Error>> {
    let bar = progress_bar(prepared.header().estimated_rows);
    let (pieces, received) = mpsc::channel(PIECES_MAX);
    let target = OutputFile::open(output)?;
    let shown = bar.clone();
    let writer = tokio::task::spawn_blocking(move || write(received, options, target, &shown));
    let mut rows = std::pin::pin!(prepared.into_stream(pace));
    while let Some(piece) = rows.next().await {
        if pieces.send(piece).await.is_err() {
            // The writer has failed, and says why below.
            break;
        }
    }
    drop(pieces);
    let written = writer.await?;
    bar.finish_and_clear();
    written.map_err(Into::into)
}

/// Why a file was not finished.
#[derive(Debug, thiserror::Error)]
enum PourError {
    #[error("the export failed: {0}")]
    Export(#[from] wasm_export::ExportError),
    #[error(transparent)]
    OutputFile(#[from] OutputError),
}

fn write(
    mut received: mpsc::Receiver<Bytes>,
    options: Options,
    mut target: OutputFile,
    bar: &ProgressBar,
) -> Result<Summary, PourError> {
    let mut export = Export::new(options);
    let mut file = Vec::with_capacity(2 * WRITE_BYTES);
    while let Some(raw) = received.blocking_recv() {
        export.push(&raw, &mut file)?;
        if file.len() >= WRITE_BYTES {
            target.write(&file)?;
            file.clear();
            bar.set_position(export.progress().rows);
        }
    }
    let summary = export.finish(&mut file)?;
    target.write(&file)?;
    target.finish()?;
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
