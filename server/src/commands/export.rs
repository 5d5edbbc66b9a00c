//! `decant export`: exports a dataset or a bundle into a file, with the rows and the formatter of the web page.

mod background;
mod bundle;
mod workspace;
mod writing;

use std::path::{Path, PathBuf};

use api::datasets::FilterKind;
use api::flags::long;
use clap::{Arg, ArgAction, ArgMatches, Args};
use jiff::Timestamp;
use sqlx::PgConnection;
use wasm_export::Export;
use wasm_export::options::Options;

use self::workspace::within;
use self::writing::{timing, write_rows};
use super::connection::Connection;
use super::interrupt::{cancelled_by_signal, or_interrupted};
use super::outcome::Outcome;
use super::output::with_name;
use super::standard_streams::report;
use crate::auth::Caller;
use crate::config::Settings;
use crate::datasets::definition::{Access, Definition};
use crate::datasets::words::{WORKSPACE, take_workspace};
use crate::datasets::{Catalog, Dataset, Query, Selection, words};
use crate::exports::order::Order;
use crate::file;
use crate::permissions::Permissions;
use crate::rows::{Prepared, StreamTiming};

#[derive(Debug, Args)]
pub struct Arguments {
    /// Name of the dataset or the bundle; `decant datasets list` prints all.
    dataset: String,
    /// File to write, `-` for standard output. Its name, such as `usage.jsonl.gz`, sets the format and the compression
    /// unless --format and --compression do. It is FILE.part until it is complete. Without it, the file gets its name from the
    /// dataset and the time.
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Let a worker of `decant serve` or `decant work` make the file, and store it. Prints the id of the export, with which
    /// `decant exports` shows it and fetches its file. Its compression is that of EXPORT_COMPRESSION_ENABLED by default.
    #[arg(long, conflicts_with = "output")]
    background: bool,
}

/// Adds a flag for every filter that a dataset declares, and for the words of a bundle.
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
    for (name, help) in bundle::FLAGS {
        if !known.contains(&name) {
            command = command.arg(flag(name).help(help).help_heading("Filters"));
        }
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
    let of_bundles = bundle::FLAGS.iter().map(|(word, _)| *word);
    let mut words: Vec<&str> = words()
        .map(|(word, _)| word)
        .chain(filters)
        .chain(of_bundles)
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
    if catalog.bundle(&arguments.dataset).is_some() {
        let Arguments {
            dataset,
            output,
            background,
        } = arguments;
        return bundle::run(&settings, catalog, &dataset, output, background, pairs).await;
    }
    let name = &arguments.dataset;
    let dataset = catalog.get(name).ok_or_else(|| unknown(&catalog, name))?;
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
            (None, _) if definition.needs_workspace(&Caller::operator()) => {
                return Err(
                    "the rows of this dataset belong to workspaces; name one with --workspace".into(),
                );
            }
            taken => taken,
        },
        Access::Admin | Access::Owner => (None, pairs),
    };
    let options = definition.allowed().parse_options(&pairs)?;
    if arguments.background {
        background::refuse_resuming(&pairs)?;
    }
    let selection = Selection::parse(&definition, &file::without_file_words(&pairs))?;
    if arguments.background {
        let rows = selection.to_request(&definition);
        let order = Order::new(
            background::request(&definition.name, rows, workspace, &pairs),
            None,
        )?;
        return enqueue(&settings, catalog, order).await;
    }
    let selection = selection.for_format(&definition, options.format);

    let output = arguments.output.unwrap_or_else(|| {
        let name = definition.file_name(&Caller::operator(), &options, Timestamp::now());
        report(format_args!("The file is {name}."));
        name.into()
    });

    let connection = Connection::open(&settings).await?;
    let stop = cancelled_by_signal()?;
    let exporting = async {
        let mut session = connection.source.for_query().await?;
        catalog.prepare(&mut session, connection.state()).await?;
        let dataset = usable(&catalog, &definition.name, &connection)?;
        let caller = operator(&catalog, workspace.as_deref(), &mut session).await?;
        drop(session);
        let target = dataset.export_target(&caller, &[options.format]);
        let right = Permissions::of_operator().right_to_export(&target)?;
        let query = Query::to_export(dataset, &caller, &right, &selection)?;
        let source = dataset.source(&connection.source, connection.state()).await?;
        let prepared = Prepared::new(source.for_export().await?, &query, &selection).await?;
        dataset.definition.allowed().check(prepared.header(), &options)?;
        export(prepared, &caller, timing(&settings, &stop), options, &output).await
    };
    let outcome = exporting.await;
    connection.close(or_interrupted(&stop, outcome)).await
}

/// Puts an export of a dataset into the queue.
async fn enqueue(settings: &Settings, mut catalog: Catalog, order: Order) -> Outcome {
    let connection = Connection::open(settings).await?;
    let enqueuing = async {
        let mut session = connection.source.for_query().await?;
        catalog.prepare(&mut session, connection.state()).await?;
        let dataset = usable(&catalog, &order.dataset, &connection)?;
        let caller = operator(&catalog, order.workspace.as_deref(), &mut session).await?;
        drop(session);
        let permissions = Permissions::of_operator();
        let permitted = order.of_dataset(dataset, &caller, &permissions, &settings.exports)?;
        background::enqueue(&connection, settings, &caller, permitted.export).await
    };
    let outcome = enqueuing.await;
    connection.close(outcome).await
}

/// Returns a dataset that can be used in this database.
fn usable<'a>(catalog: &'a Catalog, name: &str, connection: &Connection) -> Result<&'a Dataset, String> {
    let dataset = catalog.get(name).ok_or_else(|| unknown(catalog, name))?;
    match &dataset.unavailable {
        Some(unavailable) => Err(connection.reason(unavailable)),
        None => Ok(dataset),
    }
}

fn unknown(catalog: &Catalog, name: &str) -> String {
    let names = catalog.iter().map(|dataset| dataset.definition.name.clone());
    let known = names.collect::<Vec<_>>().join(", ");
    let of_bundles = catalog.bundles().map(|bundle| bundle.definition.name.clone());
    let bundles = of_bundles.collect::<Vec<_>>().join(", ");
    format!("there is no dataset `{name}`; the datasets are {known}, and the bundles are {bundles}")
}

/// Returns the operator, within the workspace if there is one.
async fn operator(
    catalog: &Catalog,
    workspace: Option<&str>,
    session: &mut PgConnection,
) -> Result<Caller, Box<dyn std::error::Error>> {
    match workspace {
        Some(workspace) => within(catalog, workspace, session).await,
        None => Ok(Caller::operator()),
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
    let summary = write_rows(prepared, timing, move || Ok(Export::new(options)), output).await?;
    audit.complete(summary.file_bytes);
    report(format_args!(
        "{} rows, {} bytes.",
        summary.rows, summary.file_bytes
    ));
    Ok(())
}
