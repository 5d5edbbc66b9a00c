//! `decant restore`: a dump put back, tried beside the live database first.

use std::fs::File;
use std::io::{self, BufRead, IsTerminal, Read, Write};
use std::path::PathBuf;

use clap::{ArgGroup, Args};

use super::Outcome;
use super::connection::Connection;
use super::interrupt::{failed, told_to_stop};
use crate::config::Settings;
use crate::database::restore::merge::Merged;
use crate::database::restore::{Event, Manner, Plan, Restored};

/// What to restore, and how.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("manner").required(true))]
pub struct Arguments {
    /// The dump.
    file: PathBuf,
    /// The dump takes the place of the database, which is kept beside it.
    #[arg(long, group = "manner")]
    clean: bool,
    /// What the database has stays; what it lacks comes from the dump.
    #[arg(long, group = "manner")]
    merge: bool,
    /// Leave out the rows of `message_request`.
    #[arg(long)]
    skip_logs: bool,
    /// Do not ask.
    #[arg(long)]
    yes: bool,
}

/// Restores.
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
    let stop = told_to_stop()?;
    let plan = Plan {
        manner: if arguments.merge {
            Manner::Merge
        } else {
            Manner::Clean
        },
        skip_logs: arguments.skip_logs,
    };
    let mut events = connection
        .database(settings)
        .restore(arguments.file, plan, "Operator", stop.clone())
        .await?;
    let mut outcome = Err("the restore ended without a word".into());
    while let Some(event) = events.recv().await {
        match event {
            Event::Progress { message, percent } => eprintln!("{percent:3} %  {message}"),
            Event::Complete(restored) => {
                print_result(&restored);
                outcome = Ok(());
            }
            Event::Error { message } => outcome = Err(failed(&stop, message)),
        }
    }
    outcome
}

/// Whoever restores by hand types the database's name: a restore of the wrong one is the worst mistake there is.
fn ask(database: &str) -> Outcome {
    if !io::stdin().is_terminal() {
        return Err("a restore changes the database; say --yes if nobody is there to be asked".into());
    }
    eprint!("This changes the database `{database}`. Type its name to go on: ");
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
        let Merged {
            inserted,
            skipped,
            conflicting,
        } = merged;
        match (skipped, conflicting) {
            (0, 0) => println!("{table}: {inserted} rows"),
            _ => println!("{table}: {inserted} inserted, {skipped} there already, {conflicting} in conflict"),
        }
    }
    for warning in &restored.warnings {
        eprintln!("not restored: {warning}");
    }
    if let Some(previous) = &restored.previous {
        println!("The database as it was is kept as {previous}.");
    }
    println!("The dump made before lies in {}.", restored.safety_dump.display());
}
