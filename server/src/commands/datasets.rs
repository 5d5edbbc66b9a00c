//! `decant datasets`: lists the datasets, checks their definitions, or writes new ones.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Subcommand;

use super::connection::Connection;
use super::outcome::Outcome;
use super::standard_streams::{StdoutError, print, report};
use super::terminal::printable;
use crate::auth::HubUsers;
use crate::config::Settings;
use crate::datasets::bundle::{Bundle, Part};
use crate::datasets::catalog::Cause;
use crate::datasets::definition::RowDatabase;
use crate::datasets::new_definition::{self, NewDefinition};
use crate::datasets::{self, BundleParts, Catalog};

#[derive(Debug, Subcommand)]
pub enum Command {
    /// List the datasets with their columns and filters.
    List,
    /// Check every definition against the database. The command fails if one is wrong, if a table is not trusted, or if
    /// no dataset can be used. Warnings do not make it fail.
    Check,
    /// Write the definition of a table or a view, which works as it is: columns, order by the primary key, filters by
    /// indexes, foreign keys and lists of values.
    New {
        /// Tables and views, with their schema or found along the search path.
        #[arg(required = true, value_name = "TABLE")]
        tables: Vec<String>,
        /// Folder for one file per table, such as that of DECANT_DATASETS_DIR. A file that exists is not replaced.
        /// Without it, the definition of one table goes to standard output.
        #[arg(short, long, value_name = "FOLDER")]
        output: Option<PathBuf>,
        /// Columns that together are unique, for a view or a table without a primary key.
        #[arg(long, value_name = "COLUMN", value_delimiter = ',')]
        order: Vec<String>,
    },
}

pub async fn run(settings: Settings, command: &Command) -> Outcome {
    let catalog = || Catalog::load(&settings.datasets, &settings.hub_tables);
    match command {
        Command::List => list(&catalog()?)?,
        Command::Check => {
            let mut catalog = catalog()?;
            let connection = Connection::open(&settings).await?;
            let mut warnings = Vec::new();
            let prepared = async {
                let mut session = connection.source.for_query().await?;
                catalog.prepare(&mut session, connection.state()).await?;
                warnings = datasets::warnings::of_catalog(&catalog, &mut session).await?;
                warnings.extend(HubUsers::warning(&mut session, &settings.hub_tables).await?);
                Ok(())
            };
            let prepared = prepared.await;
            let checked = prepared.and_then(|()| {
                for warning in warnings {
                    report(format_args!("warning: {}", printable(&warning)));
                }
                check(&catalog, &connection)
            });
            connection.close(checked).await?;
        }
        Command::New {
            tables,
            output,
            order,
        } => {
            if tables.len() > 1 && output.is_none() {
                return Err("each definition needs a file of its own: give a folder with -o".into());
            }
            let connection = Connection::open(&settings).await?;
            let written = async {
                let mut session = connection.source.for_query().await?;
                let definitions = new_definition::write(tables, order, &mut session).await?;
                match output {
                    Some(folder) => save(&definitions, folder),
                    None => definitions
                        .iter()
                        .try_for_each(|one| print(one.text.trim_end()))
                        .map_err(Into::into),
                }
            };
            let written = written.await;
            connection.close(written).await?;
        }
    }
    Ok(())
}

fn save(definitions: &[NewDefinition], folder: &Path) -> Outcome {
    let failed = |path: &Path, error| format!("{} cannot be written: {error}", path.display());
    std::fs::create_dir_all(folder).map_err(|error| failed(folder, error))?;
    for NewDefinition { name, text } in definitions {
        let path = folder.join(format!("{name}.toml"));
        let mut file = std::fs::File::create_new(&path).map_err(|error| failed(&path, error))?;
        file.write_all(text.as_bytes())
            .map_err(|error| failed(&path, error))?;
        print(format_args!("{name}: {}", path.display()))?;
    }
    Ok(())
}

fn list(catalog: &Catalog) -> Result<(), StdoutError> {
    for dataset in catalog.iter() {
        let definition = &dataset.definition;
        let columns = definition
            .columns
            .iter()
            .filter(|column| !column.hidden)
            .map(|column| column.name.as_str());
        let filters = definition.filters.iter().map(|filter| filter.name.as_str());
        if let Some(unavailable) = &dataset.unavailable {
            let line = format!("{}: wrong: {}", definition.name, unavailable.reason);
            print(printable(&line))?;
            continue;
        }
        let title = definition.title.replace(['\n', '\r'], " ");
        print(printable(&format!("{}: {title}", definition.name)))?;
        print(format_args!(
            "  columns: {}",
            columns.collect::<Vec<_>>().join(", ")
        ))?;
        print(format_args!(
            "  filters: {}",
            filters.collect::<Vec<_>>().join(", ")
        ))?;
    }
    for bundle in catalog.bundles() {
        let definition = &bundle.definition;
        if let Some(unavailable) = &bundle.unavailable {
            let line = format!("{}: wrong: {}", definition.name, unavailable.reason);
            print(printable(&line))?;
            continue;
        }
        let title = definition.title.replace(['\n', '\r'], " ");
        print(printable(&format!("{}: {title}", definition.name)))?;
        let parts = definition.parts.iter().map(|part| part.name.as_str());
        print(format_args!("  parts: {}", parts.collect::<Vec<_>>().join(", ")))?;
    }
    Ok(())
}

/// Prints whether a bundle can be used, and which of its parts are not in this database. Returns whether its definition is right.
fn check_bundle(bundle: &Arc<Bundle>, catalog: &Catalog) -> Result<bool, StdoutError> {
    let name = &bundle.definition.name;
    let there = match BundleParts::find(catalog, bundle) {
        Ok(bundle) => bundle.parts,
        Err(unavailable) => {
            let verdict = verdict(unavailable.cause);
            print(printable(&format!("{name}: {verdict}: {}", unavailable.reason)))?;
            return Ok(!is_wrong(unavailable.cause));
        }
    };
    let is_absent = |part: &&Part| !there.iter().any(|(known, _)| known.name == part.name);
    let absent: Vec<_> = bundle
        .definition
        .parts
        .iter()
        .filter(is_absent)
        .map(|part| format!("{} ({})", part.name, part.datasets.join(", ")))
        .collect();
    match absent.is_empty() {
        true => print(format_args!("{name}: good"))?,
        false => print(format_args!("{name}: good, without {}", absent.join(", ")))?,
    }
    Ok(true)
}

fn verdict(cause: Cause) -> &'static str {
    match cause {
        Cause::Mistake => "wrong",
        Cause::NoTable | Cause::NoColumn => "not in this database",
        Cause::NotHere => "not here",
        Cause::NoState => "no state database",
        Cause::NoRight => "not readable",
        Cause::Untrusted => "not trusted",
    }
}

/// Returns whether a definition, or the database, needs a change before the definition is used anywhere.
fn is_wrong(cause: Cause) -> bool {
    matches!(cause, Cause::Mistake | Cause::Untrusted)
}

fn check(catalog: &Catalog, connection: &Connection) -> Outcome {
    let (mut good, mut unusable) = (0, 0);
    for dataset in catalog.iter() {
        let name = &dataset.definition.name;
        match &dataset.unavailable {
            None => {
                print(format_args!("{name}: good"))?;
                good += usize::from(dataset.definition.database == RowDatabase::Source);
            }
            Some(unavailable) => {
                let verdict = verdict(unavailable.cause);
                print(format_args!(
                    "{name}: {verdict}: {}",
                    printable(&connection.reason(unavailable))
                ))?;
                unusable += usize::from(is_wrong(unavailable.cause));
            }
        }
    }
    for bundle in catalog.bundles() {
        unusable += usize::from(!check_bundle(bundle, catalog)?);
    }
    match unusable {
        0 if good == 0 => Err("no dataset can be used with this database".into()),
        0 => Ok(()),
        _ => Err(format!("{unusable} dataset(s) or bundle(s) cannot be used").into()),
    }
}
