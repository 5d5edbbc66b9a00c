//! `decant datasets`: lists the datasets or checks their definitions.

use clap::Subcommand;

use super::connection::Connection;
use super::outcome::Outcome;
use super::standard_streams::{StdoutError, print};
use super::terminal::printable;
use crate::auth::HubUsers;
use crate::config::Settings;
use crate::datasets::Catalog;
use crate::datasets::catalog::Cause;

#[derive(Debug, Subcommand)]
pub enum Command {
    /// List the datasets with their columns and filters.
    List,
    /// Check every definition against the database. The command fails if one is wrong, if a table is not trusted, or if
    /// no dataset can be used.
    Check,
}

pub async fn run(settings: Settings, command: &Command) -> Outcome {
    let mut catalog = Catalog::load(settings.datasets_dir.as_deref(), &settings.hub_tables)?;
    match command {
        Command::List => list(&catalog)?,
        Command::Check => {
            let connection = Connection::open(&settings).await?;
            let mut warnings = Vec::new();
            let prepared = async {
                let mut session = connection.source.for_query().await?;
                catalog.prepare(&mut session).await?;
                warnings = catalog.warnings(&mut session).await?;
                warnings.extend(HubUsers::warning(&mut session, &settings.hub_tables).await?);
                Ok(())
            };
            let prepared = prepared.await;
            let checked = prepared.and_then(|()| {
                for warning in warnings {
                    print(format_args!("warning: {}", printable(&warning)))?;
                }
                check(&catalog, &connection)
            });
            connection.close(checked).await?;
        }
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
            print(format_args!("{}: wrong: {}", definition.name, unavailable.reason))?;
            continue;
        }
        print(format_args!("{}: {}", definition.name, definition.title))?;
        print(format_args!(
            "  columns: {}",
            columns.collect::<Vec<_>>().join(", ")
        ))?;
        print(format_args!(
            "  filters: {}",
            filters.collect::<Vec<_>>().join(", ")
        ))?;
    }
    Ok(())
}

fn check(catalog: &Catalog, connection: &Connection) -> Outcome {
    let (mut good, mut unusable) = (0, 0);
    for dataset in catalog.iter() {
        let name = &dataset.definition.name;
        match &dataset.unavailable {
            None => {
                print(format_args!("{name}: good"))?;
                good += 1;
            }
            Some(unavailable) => {
                let cause = &unavailable.cause;
                let verdict = match cause {
                    Cause::Mistake => "wrong",
                    Cause::NoTable => "not in this database",
                    Cause::NoRight => "not readable",
                    Cause::Untrusted => "not trusted",
                };
                print(format_args!(
                    "{name}: {verdict}: {}",
                    printable(&connection.reason(unavailable))
                ))?;
                unusable += usize::from(matches!(cause, Cause::Mistake | Cause::Untrusted));
            }
        }
    }
    match unusable {
        0 if good == 0 => Err("no dataset can be used with this database".into()),
        0 => Ok(()),
        _ => Err(format!("{unusable} dataset(s) cannot be used").into()),
    }
}
