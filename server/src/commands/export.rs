//! `decant export`: exports a dataset into a file, with the rows and the formatter of the web page.

use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};

use api::datasets::FilterKind;
use api::flags::long;
use bytes::Bytes;
use clap::{Arg, ArgAction, ArgMatches, Args};
use futures_util::StreamExt;
use indicatif::{ProgressBar, ProgressStyle};
use jiff::Timestamp;
use sqlx::PgConnection;
use tokio::sync::mpsc;
use wasm_export::options::Options;
use wasm_export::{Export, Summary};

use super::connection::Connection;
use super::interrupt::{cancelled_by_signal, or_interrupted};
use super::outcome::Outcome;
use super::output::{OutputError, OutputFile, with_name};
use super::standard_streams::report;
use crate::auth::Caller;
use crate::config::Settings;
use crate::datasets::definition::{Access, Definition};
use crate::datasets::words::{WORKSPACE, take_workspace};
use crate::datasets::{Catalog, Query, Selection, words};
use crate::file;
use crate::rows::{Prepared, StreamTiming};

/// Capacity of the channel from the database to the formatter, in pieces of the raw-row stream.
const PIECES_MAX: usize = 16;

/// Approximate size of one write to the file.
const WRITE_BYTES: usize = 1024 * 1024;

#[derive(Debug, Args)]
pub struct Arguments {
    /// Name of the dataset; `decant datasets list` prints all.
    dataset: String,
    /// File to write, `-` for standard output. Its name, such as `usage.jsonl.gz`, sets the format and the compression
    /// unless --format and --compression do. It is FILE.part until it is complete. Without it, the file gets its name from the
    /// dataset and the time.
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// Adds a flag for every filter that a dataset declares.
pub fn with_filters(mut command: clap::Command, catalog: &Catalog) -> clap::Command {
    for (word, help) in words() {
        command = command.arg(flag(word).help(help));
    }
    command = command.arg(flag(WORKSPACE).help("Id of the workspace whose rows are exported"));
    // A filter may have this name where rows do not belong to workspaces.
    let mut known = vec![WORKSPACE];
    for (name, label, kind) in catalog.iter().flat_map(|dataset| of_dataset(&dataset.definition)) {
        if known.contains(&name) {
            continue;
        }
        known.push(name);
        let arg = flag(name).help(label.to_owned()).help_heading("Filters");
        command = command.arg(match kind {
            FilterKind::Boolean => arg.num_args(0..=1).default_missing_value("true"),
            _ => arg.allow_hyphen_values(true),
        });
    }
    command
}

/// Returns name, label and kind of each filter and parameter.
fn of_dataset(definition: &Definition) -> impl Iterator<Item = (&str, &str, FilterKind)> {
    let filters = definition.filters.iter();
    let filters = filters.map(|filter| (&*filter.name, &*filter.label, filter.kind));
    let parameters = definition.parameters.iter().map(|parameter| {
        let label = parameter.label.as_deref().unwrap_or(&parameter.name);
        (&*parameter.name, label, parameter.kind)
    });
    filters.chain(parameters)
}

fn flag(word: &str) -> Arg {
    let name = word.to_owned();
    Arg::new(name)
        .long(long(word))
        .action(ArgAction::Append)
        .value_name("VALUE")
}

/// Returns the parameters that are not filters, with their help.
fn words() -> impl Iterator<Item = (&'static str, &'static str)> {
    let of_rows = words::SELECTION.iter().copied();
    of_rows.chain(file::WORDS.iter().map(|(word, help)| (*word, help.as_str())))
}

/// Returns the given parameters as pairs like those of a query string.
pub fn pairs(matches: &ArgMatches, catalog: &Catalog) -> Vec<(String, String)> {
    let filters = catalog
        .iter()
        .flat_map(|dataset| of_dataset(&dataset.definition))
        .map(|(name, ..)| name);
    let mut words: Vec<&str> = words()
        .map(|(word, _)| word)
        .chain(filters)
        .chain([WORKSPACE])
        .collect();
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

pub async fn run(settings: Settings, arguments: Arguments, pairs: Vec<(String, String)>) -> Outcome {
    let mut catalog = Catalog::load(&settings.datasets, &settings.hub_tables)?;
    let known = catalog
        .iter()
        .map(|dataset| dataset.definition.name.clone())
        .collect::<Vec<_>>()
        .join(", ");
    let unknown = || {
        format!(
            "there is no dataset `{}`; the datasets are {known}",
            arguments.dataset
        )
    };
    let dataset = catalog.get(&arguments.dataset).ok_or_else(unknown)?;
    if let Some(unavailable) = &dataset.unavailable {
        return Err(unavailable.reason.clone().into());
    }
    let definition = dataset.definition.clone();
    let pairs = match &arguments.output {
        Some(output) => with_name(pairs, output)?,
        None => pairs,
    };
    let (workspace, pairs) = match definition.access {
        Access::Workspace => match take_workspace(pairs)? {
            (None, _) => {
                return Err(
                    "the rows of this dataset belong to workspaces; name one with --workspace".into(),
                );
            }
            taken => taken,
        },
        Access::Admin | Access::Owner => (None, pairs),
    };
    let options = file::parse_options(&pairs)?;
    let selection = Selection::parse(&definition, &file::without_file_words(&pairs))?
        .for_format(&definition, options.format);

    let output = arguments.output.unwrap_or_else(|| {
        let at = selection.zone.time_zone().to_datetime(Timestamp::now());
        let name = definition.file_name(&Caller::operator(), &options, at);
        report(format_args!("The file is {name}."));
        name.into()
    });

    let connection = Connection::open(&settings).await?;
    let stop = cancelled_by_signal()?;
    let exporting = async {
        let mut session = connection.source.for_query().await?;
        catalog.prepare(&mut session).await?;
        let dataset = catalog.get(&arguments.dataset).ok_or_else(unknown)?;
        if let Some(unavailable) = &dataset.unavailable {
            return Err(connection.reason(unavailable).into());
        }
        let caller = match &workspace {
            Some(workspace) => within(&catalog, workspace, &mut session).await?,
            None => Caller::operator(),
        };
        drop(session);
        let query = Query::new(dataset, &caller, &selection)?;
        let prepared = Prepared::new(connection.source.for_export().await?, &query, &selection).await?;
        dataset.definition.allowed().check(prepared.header(), &options)?;
        let timing = StreamTiming {
            heartbeat: settings.heartbeat,
            abort: stop.clone(),
        };
        export(prepared, &caller, timing, options, &output).await
    };
    let outcome = exporting.await;
    connection.close(or_interrupted(&stop, outcome)).await
}

/// Returns the operator within a workspace.
async fn within(
    catalog: &Catalog,
    workspace: &str,
    session: &mut PgConnection,
) -> Result<Caller, Box<dyn std::error::Error>> {
    let operator = Caller::operator();
    let membership = catalog
        .workspaces()
        .membership(session, &operator, workspace)
        .await?;
    match membership {
        Some(membership) => Ok(operator.within(membership)),
        None => Err(format!("there is no workspace `{workspace}`").into()),
    }
}

async fn export(
    prepared: Prepared,
    caller: &Caller,
    timing: StreamTiming,
    options: Options,
    output: &Path,
) -> Outcome {
    let audit = prepared.begin_audit(caller);
    let summary = write_rows(prepared, timing, options, output).await?;
    audit.complete(summary.file_bytes);
    report(format_args!(
        "{} rows, {} bytes.",
        summary.rows, summary.file_bytes
    ));
    Ok(())
}

/// Reads rows here, and formats and writes them on another thread, so that both run at the same time.
async fn write_rows(
    prepared: Prepared,
    timing: StreamTiming,
    options: Options,
    output: &Path,
) -> Result<Summary, Box<dyn std::error::Error>> {
    let bar = progress_bar(prepared.header().estimated_rows);
    let (pieces, received) = mpsc::channel(PIECES_MAX);
    let file = OutputFile::open(output)?;
    let shown = bar.clone();
    let writer = tokio::task::spawn_blocking(move || write(received, options, file, &shown));
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
enum WriteError {
    #[error("the export failed: {0}")]
    Export(#[from] wasm_export::ExportError),
    #[error(transparent)]
    Output(#[from] OutputError),
}

fn write(
    mut received: mpsc::Receiver<Bytes>,
    options: Options,
    mut output: OutputFile,
    bar: &ProgressBar,
) -> Result<Summary, WriteError> {
    let mut export = Export::new(options);
    let mut formatted = Vec::with_capacity(2 * WRITE_BYTES);
    while let Some(raw) = received.blocking_recv() {
        export.push(&raw, &mut formatted)?;
        if formatted.len() >= WRITE_BYTES {
            output.write(&formatted)?;
            formatted.clear();
            bar.set_position(export.progress().rows);
        }
    }
    let summary = export.finish(&mut formatted)?;
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
