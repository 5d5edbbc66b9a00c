//! `decant restore`: restores a dump, or puts the previous database back.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use api::restore::{
    RestoreEvent, RestoreFailure, RestoreProgress, RestoreRequest, Restored, SideDatabase, SideDatabaseRole,
    TableResult,
};
use clap::{ArgGroup, Args};

use super::confirmation::Confirmation;
use super::connection::Connection;
use super::interrupt::{cancelled_by_signal, failure};
use super::operator::OPERATOR;
use super::outcome::Outcome;
use super::previous;
use super::standard_streams::{StdoutError, print, report};
use super::terminal::printable;
use crate::config::Settings;
use crate::database::restore::Restorer;
use crate::database::temporary_files::{TemporaryFile, TemporaryFolder};
use crate::storage::encryption::{Accept, is_encrypted};

#[derive(Debug, Args)]
#[command(group = ArgGroup::new("mode").required(true))]
pub struct Arguments {
    /// Dump of `pg_dump --format=custom`, also one that Decant has encrypted.
    #[arg(required_unless_present = "roll_back", conflicts_with = "roll_back")]
    file: Option<PathBuf>,
    /// Replace the database by the dump; the previous database is kept under another name.
    #[arg(long, group = "mode")]
    clean: bool,
    /// Keep the rows of the database, and insert the rows of the dump that it lacks.
    #[arg(long, group = "mode")]
    merge: bool,
    /// Put the previous database back in the place of the live one, which is kept. With several previous databases, the name
    /// of one is required.
    #[arg(long, group = "mode", value_name = "NAME", num_args = 0..=1)]
    roll_back: Option<Option<String>>,
    /// Skip the rows of `message_request` and its partitions.
    #[arg(long, conflicts_with = "roll_back")]
    skip_logs: bool,
    /// With --clean: remove tables of the database that the dump lacks, and rows of tables whose rows it lacks. Such a dump is
    /// refused otherwise.
    #[arg(long, conflicts_with_all = ["merge", "roll_back"])]
    allow_missing_tables: bool,
    /// Do not ask for confirmation.
    #[arg(long)]
    yes: bool,
}

pub async fn run(settings: Settings, arguments: Arguments) -> Outcome {
    let file = arguments.file.clone();
    let file = file.map(|file| DumpFile::open(file, &settings)).transpose()?;
    let connection = Connection::open(&settings).await?;
    let restorer = connection.database(&settings).restorer;
    let database = connection.dsn.database();
    let outcome = match (file, &arguments.roll_back) {
        (Some(file), _) => restore(restorer, database, file, &arguments).await,
        (None, name) => roll_back(&restorer, database, name.clone().flatten(), arguments.yes).await,
    };
    connection.close(outcome).await
}

/// The dump that is restored.
enum DumpFile {
    Given(PathBuf),
    Decrypted(TemporaryFile),
}

impl DumpFile {
    /// Decrypts an encrypted file with the passphrase or the key of the settings.
    fn open(path: PathBuf, settings: &Settings) -> Result<Self, String> {
        let failed = |error: &dyn std::error::Error| format!("{} cannot be read: {error}", path.display());
        let mut file = BufReader::new(File::open(&path).map_err(|error| failed(&error))?);
        if !is_encrypted(file.fill_buf().map_err(|error| failed(&error))?) {
            return Ok(Self::Given(path));
        }
        let folder = TemporaryFolder::in_data_dir(&settings.data_dir, settings.database.disk_reserve);
        let size = file.get_ref().metadata().map_or(0, |metadata| metadata.len());
        folder.check_space(size).map_err(|error| failed(&error))?;
        let encryption = &settings.storage.encryption;
        let mut content = encryption
            .read(file, Accept::OLDER)
            .map_err(|error| failed(&error))?;
        let (decrypted, mut output) = folder.create("dump").map_err(|error| failed(&error))?;
        io::copy(&mut content, &mut output).map_err(|error| failed(&error))?;
        Ok(Self::Decrypted(decrypted))
    }
}

impl AsRef<Path> for DumpFile {
    fn as_ref(&self) -> &Path {
        match self {
            Self::Given(path) => path,
            Self::Decrypted(file) => file.path(),
        }
    }
}

async fn restore(restorer: Arc<Restorer>, database: &str, file: DumpFile, arguments: &Arguments) -> Outcome {
    if !arguments.yes {
        ask(database)?;
    }
    let stop = cancelled_by_signal()?;
    let options = RestoreRequest {
        clean_first: arguments.clean,
        skip_logs: arguments.skip_logs,
        allow_missing_tables: arguments.allow_missing_tables,
    };
    let mut events = restorer
        .restore(file, options.into(), OPERATOR, stop.clone())
        .await?;
    let mut outcome = Err("the restore ended without a result".into());
    while let Some(event) = events.recv().await {
        match event {
            RestoreEvent::Progress(RestoreProgress { message, percent }) => {
                report(format_args!("{percent:3} %  {}", printable(&message)));
            }
            RestoreEvent::Complete(restored) => {
                outcome = print_result(&restored).map_err(Into::into);
            }
            RestoreEvent::Error(RestoreFailure { message }) => outcome = Err(failure(&stop, message)),
        }
    }
    outcome
}

/// Swaps the previous database of this name with the live one. Without a name, there must be exactly one.
async fn roll_back(restorer: &Restorer, database: &str, name: Option<String>, yes: bool) -> Outcome {
    let name = match name {
        Some(name) => name,
        None => only_previous(restorer.side_databases().await?)?,
    };
    if !yes {
        ask(database)?;
    }
    let kept = restorer.roll_back(&name, OPERATOR).await?;
    print(format_args!(
        "{name} is the live database {database} now. The one before is kept as {kept}."
    ))?;
    Ok(())
}

/// Returns the name of the only database that can be put back.
fn only_previous(mut found: Vec<SideDatabase>) -> Result<String, String> {
    found.retain(|one| one.role != SideDatabaseRole::Staging);
    match found.as_slice() {
        [] => Err("no restore has left a previous database here".to_owned()),
        [one] => Ok(one.name.clone()),
        several => {
            let lines = several.iter().map(|one| format!("\n  {}", previous::line(one)));
            let lines: String = lines.collect();
            Err(format!(
                "there are several previous databases; name one of them:{lines}"
            ))
        }
    }
}

/// Asks for the name of the database, since a restore into the wrong one is the worst mistake.
fn ask(database: &str) -> Outcome {
    Confirmation {
        change: "a restore changes the database",
        question: &format!("This changes the database `{database}`. Type its name to continue: "),
        expected: database,
        refusal: "that is not its name; nothing was changed",
    }
    .ask()
}

fn print_result(restored: &Restored) -> Result<(), StdoutError> {
    for (table, merged) in &restored.tables {
        let table = printable(table);
        let TableResult {
            inserted,
            skipped,
            conflicting,
        } = merged;
        match (skipped, conflicting) {
            (0, 0) => print(format_args!("{table}: {inserted} rows"))?,
            _ => print(format_args!(
                "{table}: {inserted} inserted, {skipped} skipped because they exist, {conflicting} in conflict"
            ))?,
        }
    }
    for warning in &restored.warnings {
        report(format_args!("not restored: {}", printable(warning)));
    }
    if let Some(previous) = &restored.previous {
        print(format_args!("The previous database is kept as {previous}."))?;
    }
    print(format_args!("The safety dump is {}.", restored.safety_dump))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_is_put_back_without_its_name_if_there_is_no_other() {
        let database = |name: &str, role| SideDatabase {
            name: name.to_owned(),
            role,
            since: "2026-01-28T12:00:00Z".parse().expect("a time"),
            bytes: 1,
        };
        let staging = database("hub_restore", SideDatabaseRole::Staging);
        let before = database("hub_before", SideDatabaseRole::Previous);
        let undone = database("hub_undone", SideDatabaseRole::RolledBack);
        assert!(only_previous(vec![staging.clone()]).is_err());
        assert_eq!(
            only_previous(vec![staging, before.clone()]),
            Ok("hub_before".to_owned())
        );
        let several = only_previous(vec![before, undone]).unwrap_err();
        assert!(
            several.contains("hub_before  since 2026-01-28T12:00:00Z, 1 bytes"),
            "{several}"
        );
        assert!(several.contains("hub_undone"), "{several}");
    }
}
