//! `decant cleanup`: old rows of the hub's log deleted, or brought back.

use std::io::{self, BufRead, IsTerminal, Write};
use std::sync::Arc;

use clap::{Args, Subcommand};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Map, Value, json};

use super::Outcome;
use super::connection::Connection;
use super::interrupt::told_to_stop;
use crate::config::Settings;
use crate::database::Database;
use crate::database::cleanup::log::Preview;
use crate::database::cleanup::order::{Order, Task};
use crate::database::cleanup::run::{Cleaned, Event, Phase, Progress};

/// Which rows to delete, and how.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    /// Rows made before this time: 2026-01-28, 2026-01-28T12:00:00Z.
    #[arg(long, value_name = "TIME", required = true)]
    before: Option<String>,
    /// Only rows made at this time or later.
    #[arg(long, value_name = "TIME")]
    after: Option<String>,
    /// Only rows of this user; may be given several times.
    #[arg(long, value_name = "ID")]
    user: Vec<i64>,
    /// Only rows of this provider; may be given several times.
    #[arg(long, value_name = "ID")]
    provider: Vec<i64>,
    /// Only rows with this status code; may be given several times.
    #[arg(long, value_name = "CODE")]
    status: Vec<i64>,
    /// Only requests that the hub has blocked.
    #[arg(long)]
    blocked: bool,
    /// Count the rows, and change nothing.
    #[arg(long)]
    dry_run: bool,
    /// Write the rows to the storage first, and delete only what has been found there.
    #[arg(long)]
    archive_first: bool,
    /// Delete also where no `usage_ledger` keeps the statistics.
    #[arg(long)]
    without_statistics: bool,
    /// Do not ask.
    #[arg(long)]
    yes: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Put the rows of an archive back; those whose id is taken stay away.
    Restore {
        /// The archive's name in the storage, or a file that was taken out of it; its manifest lies beside it.
        archive: String,
    },
}

/// Counts, deletes or brings back.
pub async fn run(settings: Settings, arguments: Arguments) -> Outcome {
    if let Some(Command::Restore { archive }) = arguments.command {
        return bring_back(settings, archive).await;
    }
    let yes = arguments.yes;
    let order = Order::parse(arguments.fields()).map_err(|error| with_flags(&error))?;
    let connection = Connection::open(&settings).await?;
    let database = connection.database(&settings);
    let outcome = clean_up(database, order, yes).await;
    connection
        .close(outcome.map_err(|error| with_flags(&*error).into()))
        .await
}

/// What is wrong, in the words of this command line.
fn with_flags(error: &dyn std::error::Error) -> String {
    let fields = [
        ("beforeDate", "--before"),
        ("afterDate", "--after"),
        ("userIds", "--user"),
        ("providerIds", "--provider"),
        ("statusCodes", "--status"),
        ("withoutStatistics", "--without-statistics"),
    ];
    let flagged = |text: String, (field, flag): (&str, &str)| text.replace(field, flag);
    fields.into_iter().fold(error.to_string(), flagged)
}

async fn clean_up(database: Arc<Database>, order: Order, yes: bool) -> Outcome {
    let preview = database.preview_cleanup(&order.conditions, "Operator").await?;
    eprintln!("{}", sentence(&preview));
    if let Task::Delete(manner) = order.task
        && preview.rows > 0
    {
        if !yes {
            ask(&preview)?;
        }
        let stop = told_to_stop()?;
        let events = Arc::clone(&database).clean_up(order.conditions, manner, "Operator", stop);
        follow(events.await?, &database).await?;
    }
    Ok(())
}

impl Arguments {
    /// The same fields as an address takes, so that both are understood in one place.
    fn fields(self) -> Map<String, Value> {
        let list = |numbers: Vec<i64>| (!numbers.is_empty()).then_some(numbers);
        let fields = json!({
            "beforeDate": self.before,
            "afterDate": self.after,
            "userIds": list(self.user),
            "providerIds": list(self.provider),
            "statusCodes": list(self.status),
            "onlyBlocked": self.blocked,
            "dryRun": self.dry_run,
            "archiveFirst": self.archive_first,
            "withoutStatistics": self.without_statistics,
        });
        match fields {
            Value::Object(fields) => fields,
            _ => Map::new(),
        }
    }
}

async fn bring_back(settings: Settings, archive: String) -> Outcome {
    let connection = Connection::open(&settings).await?;
    let back = connection
        .database(&settings)
        .bring_back(&archive, "Operator")
        .await;
    let outcome = back.map_err(Into::into).map(|back| {
        println!(
            "{} rows were brought back; {} stayed away, since there are rows with their id.",
            back.inserted, back.there_already
        );
    });
    connection.close(outcome).await
}

fn sentence(preview: &Preview) -> String {
    let Preview {
        rows, oldest, newest, ..
    } = preview;
    match (oldest, newest) {
        (Some(oldest), Some(newest)) => format!("{rows} rows match, made from {oldest:.0} to {newest:.0}."),
        _ => format!("{rows} rows match."),
    }
}

fn ask(preview: &Preview) -> Outcome {
    if !io::stdin().is_terminal() {
        return Err("a clean-up deletes rows; say --yes if nobody is there to be asked".into());
    }
    eprint!("Type their number to delete them: ");
    io::stderr().flush()?;
    let mut typed = String::new();
    io::stdin().lock().read_line(&mut typed)?;
    match typed.trim() == preview.rows.to_string() {
        true => Ok(()),
        false => Err("that is not their number; nothing was deleted".into()),
    }
}

/// Shows how it goes on.
async fn follow(mut events: tokio::sync::mpsc::Receiver<Event>, database: &Database) -> Outcome {
    let bar = ProgressBar::new(100).with_style(ProgressStyle::with_template("{bar:40} {percent} %  {msg}")?);
    loop {
        match events.recv().await {
            Some(Event::Progress(progress)) => {
                bar.set_position(progress.percent.into());
                bar.set_message(doing(progress));
            }
            Some(Event::Complete(cleaned)) => {
                bar.finish_and_clear();
                print_result(&cleaned, database);
                return Ok(());
            }
            Some(Event::Error(broken)) => {
                let deleted = broken.deleted;
                return Err(format!("{}; {deleted} rows had been deleted", broken.message).into());
            }
            None => return Err("the clean-up ended without a word".into()),
        }
    }
}

fn doing(progress: Progress) -> String {
    match progress.phase {
        Phase::Counting => "counting the rows".to_owned(),
        Phase::Archiving => format!("{} rows archived", progress.archived),
        Phase::Checking => format!("{} rows read back", progress.checked),
        Phase::Deleting => format!("{} rows deleted", progress.deleted),
        Phase::Vacuuming => "tidying up".to_owned(),
    }
}

fn print_result(cleaned: &Cleaned, database: &Database) {
    let Cleaned {
        deleted,
        left,
        cancelled,
        archive,
        ..
    } = cleaned;
    let stopped = if *cancelled { "Stopped: " } else { "" };
    println!("{stopped}{deleted} rows were deleted.");
    if *left > 0 && !cancelled {
        println!("{left} rows that match are still there: others had locked or changed them.");
    }
    if let Some(archive) = archive {
        println!("The archive is {}.", database.archives.whereabouts(archive));
    }
}
