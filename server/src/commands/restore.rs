//! `decant restore`: restores a dump.

use std::fs::File;
use std::io::{self, BufRead, IsTerminal, Read, Write};
use std::path::PathBuf;

use api::restore::{RestoreEvent, RestoreFailure, RestoreMode, RestoreProgress, Restored, TableResult};
use clap::{ArgGroup, Args};

use super::connection::Connection;
use super::interrupt::{cancelled_by_signal, failure};
use super::outcome::Outcome;
use crate::config::Settings;
use crate::database::restore::RestoreOptions;

#[derive(Debug, Args)]
#[command(group = ArgGroup::new("manner").required(true))]
pub struct Arguments {
    /// Dump of `pg_dump --format=custom`.
    file: PathBuf,
    /// Replace the database by the dump; the previous database is kept under another name.
    #[arg(long, group = "manner")]
    clean: bool,
    /// Keep the rows of the database, and insert the rows of the dump that it lacks.
    #[arg(long, group = "manner")]
    merge: bool,
    /// Skip the rows of `message_request`.
    #[arg(long)]
    skip_logs: bool,
    /// Do not ask for confirmation.
    #[arg(long)]
    yes: bool,
}

pub async fn run(settings: Settings, arguments: Arguments) -> Outcome {
    let file = arguments.file.display();
    let read = File::open(&arguments.file).and_then(|mut file| file.read(&mut [0]));
    read.map_err(|error| format!("{file} cannot be read: {error}"))?;
    let connection = Connection::open(&settings).await?;
    let outcome = restore(&connection, &settings, arguments).await;
    connection.close(outcome).await
}

async fn restore(connection: &Connection, settings: &Settings, arguments: Arguments) -> Outcome {
    if !arguments.yes {
        ask(connection.dsn.database())?;
    }
    let stop = cancelled_by_signal()?;
    let options = RestoreOptions {
        mode: if arguments.merge {
            RestoreMode::Merge
        } else {
            RestoreMode::Clean
        },
        skip_logs: arguments.skip_logs,
    };
    let mut events = connection
        .database(settings)
        .restorer
        .restore(arguments.file, options, "Operator", stop.clone())
        .await?;
    let mut outcome = Err("the restore ended without a result".into());
    while let Some(event) = events.recv().await {
        match event {
            RestoreEvent::Progress(RestoreProgress { message, percent }) => {
                eprintln!("{percent:3} %  {message}")
            }
            RestoreEvent::Complete(restored) => {
                print_result(&restored);
                outcome = Ok(());
            }
            RestoreEvent::Error(RestoreFailure { message }) => outcome = Err(failure(&stop, message)),
        }
    }
    outcome
}

/// Asks for the name of the database, since a restore into the wrong one is the worst mistake.
fn ask(database: &str) -> Outcome {
    if !io::stdin().is_terminal() {
        return Err("a restore changes the database; without a terminal, confirm it with --yes".into());
    }
    eprint!("This changes the database `{database}`. Type its name to continue: ");
    io::stderr().flush()?;
    let mut typed = String::new();
    io::stdin().lock().read_line(&mut typed)?;
    match typed.trim() == database {
        true => Ok(()),
        false => Err("that is not its name; nothing was changed".into()),
    }
}

fn print_result(restored: &Restored) {
    for (table, merged) in &restored.tables {
        let TableResult {
            inserted,
            skipped,
            conflicting,
        } = merged;
        match (skipped, conflicting) {
            (0, 0) => println!("{table}: {inserted} rows"),
            _ => println!(
                "{table}: {inserted} inserted, {skipped} skipped because they exist, {conflicting} in conflict"
            ),
        }
    }
    for warning in &restored.warnings {
        eprintln!("not restored: {warning}");
    }
    if let Some(previous) = &restored.previous {
        println!("The previous database is kept as {previous}.");
    }
    println!("The safety dump is {}.", restored.safety_dump);
}
