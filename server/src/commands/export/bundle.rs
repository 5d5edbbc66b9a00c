//! The export of a bundle: all its parts in one file.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use sqlx::PgConnection;
use tokio_util::sync::CancellationToken;
use wasm_export::Bundle;
use wasm_export::format_from_file_name;
use wasm_export::options::{Compression, Format};

use super::background;
use super::workspace::within;
use super::writing::{timing, write_rows};
use crate::auth::Caller;
use crate::commands::connection::Connection;
use crate::commands::interrupt::{cancelled_by_signal, or_interrupted};
use crate::commands::outcome::Outcome;
use crate::commands::output::with_name;
use crate::commands::standard_streams::report;
use crate::config::Settings;
use crate::datasets::bundle::BundleAccess;
use crate::datasets::words::{PairList, take_workspace};
use crate::datasets::{BundleParts, BundleRequest, Catalog};
use crate::exports::order::Order;
use crate::file;
use crate::permissions::Permissions;
use crate::rows::Prepared;

/// The flags of a bundle that may be no filter of a dataset, each with its help.
pub(super) const FLAGS: [(&str, &str); 3] = [
    (PERSON, "Of a bundle: the id of the person whose data it is"),
    ("start", "Of a bundle: only rows from this time on"),
    (
        "end",
        "Of a bundle: only rows before this time, or until the end of this day",
    ),
];

/// The flag that names the person. An address has `userId`, because `user` is a filter of datasets.
const PERSON: &str = "user";

pub(super) async fn run(
    settings: &Settings,
    mut catalog: Catalog,
    name: &str,
    output: Option<PathBuf>,
    is_background: bool,
    pairs: Vec<(String, String)>,
) -> Outcome {
    let pairs = with_words_of_bundle(pairs);
    let connection = Connection::open(settings).await?;
    let stop = cancelled_by_signal()?;
    let exporting = async {
        let mut session = connection.source.for_query().await?;
        catalog.prepare(&mut session, connection.state()).await?;
        let bundle = find(&catalog, name)?;
        let operator = enter(&catalog, &bundle, pairs, &mut session).await?;
        drop(session);
        check_person(&bundle, &operator.pairs)?;
        match is_background {
            true => enqueue(&connection, settings, &bundle, operator).await,
            false => export(&connection, settings, &bundle, operator, output, &stop).await,
        }
    };
    let outcome = exporting.await;
    connection.close(or_interrupted(&stop, outcome)).await
}

/// The operator, who is within the workspace of a bundle that needs one.
struct Operator {
    caller: Caller,
    /// The short name of the workspace, if names of files have it.
    slug: Option<String>,
    /// The flags without the workspace.
    pairs: PairList,
}

async fn enter(
    catalog: &Catalog,
    bundle: &BundleParts,
    pairs: PairList,
    session: &mut PgConnection,
) -> Result<Operator, Box<dyn std::error::Error>> {
    let definition = &bundle.bundle.definition;
    if definition.access != BundleAccess::Workspace {
        return Ok(Operator {
            caller: Caller::operator(),
            slug: None,
            pairs,
        });
    }
    let (workspace, pairs) = take_workspace(pairs)?;
    let Some(workspace) = workspace else {
        return Err("this bundle is of workspaces; name one with --workspace".into());
    };
    let caller = within(catalog, &workspace, session).await?;
    let slug = match definition.has_workspace_in_names() {
        true => catalog.workspaces().slug(session, &caller).await?,
        false => None,
    };
    Ok(Operator { caller, slug, pairs })
}

fn find(catalog: &Catalog, name: &str) -> Result<BundleParts, String> {
    let bundle = catalog
        .bundle(name)
        .ok_or_else(|| format!("there is no bundle `{name}`"))?;
    BundleParts::find(catalog, bundle)
        .map_err(|unavailable| format!("the bundle `{name}` cannot be used: {}", unavailable.reason))
}

fn with_words_of_bundle(pairs: Vec<(String, String)>) -> Vec<(String, String)> {
    let word = |(name, value): (String, String)| match name == PERSON {
        true => ("userId".to_owned(), value),
        false => (name, value),
    };
    pairs.into_iter().map(word).collect()
}

/// Refuses an export of one person without `--user`: the operator is no person of the database.
fn check_person(bundle: &BundleParts, pairs: &[(String, String)]) -> Result<(), String> {
    let is_named = pairs.iter().any(|(name, _)| name == "userId");
    match bundle.bundle.definition.access == BundleAccess::Owner && !is_named {
        true => Err(format!("name the person whose data it is: --{PERSON} ID")),
        false => Ok(()),
    }
}

/// Puts the export into the queue.
async fn enqueue(
    connection: &Connection,
    settings: &Settings,
    bundle: &BundleParts,
    operator: Operator,
) -> Outcome {
    let Operator { caller, slug, pairs } = operator;
    // As for a direct export, before anything is read of the words of the file.
    BundleRequest::parse(bundle, &caller, &file::without_file_words(&pairs))?;
    file::parse_options(&pairs)?;
    let rows = background::rows_of_bundle(&pairs);
    let workspace = caller.workspace().map(str::to_owned);
    let request = background::request(&bundle.bundle.definition.name, rows, workspace, &pairs);
    let order = Order::new(request, None)?;
    let permitted = order.of_bundle(
        bundle,
        &caller,
        &Permissions::of_operator(),
        PairList::new(),
        slug.as_deref(),
        &settings.exports,
    )?;
    background::enqueue(connection, settings, &caller, permitted.export).await
}

async fn export(
    connection: &Connection,
    settings: &Settings,
    bundle: &BundleParts,
    operator: Operator,
    output: Option<PathBuf>,
    stop: &CancellationToken,
) -> Outcome {
    let definition = &bundle.bundle.definition;
    let Operator { caller, slug, pairs } = operator;
    let pairs = match &output {
        Some(output) => with_format_of(pairs, output, definition.formats.all())?,
        None => pairs,
    };
    let asked = BundleRequest::parse(bundle, &caller, &file::without_file_words(&pairs))?;
    let options = bundle.options(file::parse_options(&pairs)?, file::is_format_chosen(&pairs))?;
    let output = output.unwrap_or_else(|| {
        let at = Timestamp::now();
        let name = definition.file_name(&asked.caller, slug.as_deref(), &options, at);
        report(format_args!("The file is {name}."));
        name.into()
    });
    let (contents, format) = (bundle.contents(), options.format);
    let formatter = || Bundle::new(options, contents);
    let target = bundle.bundle.export_target(&caller, &[format]);
    let right = Permissions::of_operator().right_to_export(&target)?;
    let queries = asked.queries(bundle, &right)?;
    let prepared =
        Prepared::of_bundle(connection.source.for_export().await?, &definition.name, &queries).await?;
    let audit = prepared.begin_audit(&caller);
    let summary = write_rows(prepared, timing(settings, stop), formatter, &output).await?;
    audit.complete(summary.file_bytes);
    for part in &summary.parts {
        report(format_args!("{}: {} rows.", part.name, part.rows));
    }
    let declared = definition.parts.iter().map(|part| part.name.as_str());
    let absent: Vec<_> = declared
        .filter(|name| !summary.parts.iter().any(|part| part.name == *name))
        .collect();
    if !absent.is_empty() {
        report(format_args!("Not in this database: {}.", absent.join(", ")));
    }
    report(format_args!(
        "{} rows, {} bytes.",
        summary.rows, summary.file_bytes
    ));
    Ok(())
}

/// Adds the format of the file's name unless one was chosen. A zip archive is that of CSV files.
fn with_format_of(
    mut pairs: Vec<(String, String)>,
    output: &Path,
    formats: &[Format],
) -> Result<Vec<(String, String)>, Box<dyn std::error::Error>> {
    let name = output.file_name().unwrap_or_default().to_string_lossy();
    let ending = format_from_file_name(&name);
    let csv = Format::Csv.word();
    if ending == (None, Compression::Zip) && !file::is_format_chosen(&pairs) {
        pairs.push(("format".to_owned(), csv.to_owned()));
    }
    let pairs = with_name(pairs, output)?;
    let is_csv =
        formats.contains(&Format::Csv) && pairs.iter().any(|(name, value)| name == "format" && value == csv);
    match (is_csv, ending) {
        (true, (Some(Format::Csv), compression)) if compression != Compression::Zip => Err(format!(
            "the CSV files of a bundle come in a zip archive; give {name} a name that ends in .zip"
        )
        .into()),
        _ => Ok(pairs),
    }
}
