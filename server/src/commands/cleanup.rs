//! `decant cleanup`: deletes old rows of the hub's log, or restores them from an archive.

use api::cleanup::{CleanupEvent, CleanupPhase, CleanupPreview, CleanupProgress, CleanupResult};
use clap::{Args, Subcommand};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Map, Value, json};

use super::confirmation::Confirmation;
use super::connection::{Connection, check_hub};
use super::interrupt::cancelled_by_signal;
use super::operator::OPERATOR;
use super::outcome::Outcome;
use super::standard_streams::{StdoutError, print, report};
use super::terminal::printable;
use crate::config::Settings;
use crate::database::cleanup::request::{CleanupRequest, Task};
use crate::database::cleanup::{LogCleaner, Permitted};

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    /// Only rows created before this time: 2026-01-28, 2026-01-28T12:00:00Z.
    #[arg(long, value_name = "TIME", required = true)]
    before: Option<String>,
    /// Only rows created at this time or later.
    #[arg(long, value_name = "TIME")]
    after: Option<String>,
    /// Only rows of this user; repeat it for several users.
    #[arg(long, value_name = "ID")]
    user: Vec<i64>,
    /// Only rows of this provider; repeat it for several providers.
    #[arg(long, value_name = "ID")]
    provider: Vec<i64>,
    /// Only rows with this status code; repeat it for several codes.
    #[arg(long, value_name = "CODE")]
    status: Vec<i64>,
    /// Only requests that the hub has blocked.
    #[arg(long)]
    blocked: bool,
    /// Count the rows without deleting them.
    #[arg(long)]
    dry_run: bool,
    /// Archive the rows in the storage, and delete only rows that were read back from there.
    #[arg(long)]
    archive_first: bool,
    /// Also delete rows whose statistics no `usage_ledger` keeps.
    #[arg(long)]
    without_statistics: bool,
    /// Do not ask for confirmation.
    #[arg(long)]
    yes: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Restore the rows of an archive, except rows whose id exists in the log.
    Restore {
        /// Name of the archive in the storage, or path of a downloaded archive; its manifest must be in the same folder.
        archive: String,
        /// Restore an archive whose manifest was not written with the secret of this storage: one of an older version of
        /// Decant or of another machine.
        #[arg(long)]
        unverified: bool,
        /// Restore an archive of a database with another name.
        #[arg(long)]
        of_another_database: bool,
    },
}

pub async fn run(settings: Settings, arguments: Arguments) -> Outcome {
    check_hub(&settings)?;
    if let Some(Command::Restore {
        archive,
        unverified,
        of_another_database,
    }) = arguments.command
    {
        let permitted = Permitted {
            unverified,
            another_database: of_another_database,
        };
        return restore_archive(settings, &archive, permitted).await;
    }
    let yes = arguments.yes;
    let request = CleanupRequest::parse(arguments.fields()).map_err(|error| with_flags(&error))?;
    let connection = Connection::open(&settings).await?;
    let cleaner = connection.database(&settings).log_cleaner;
    let outcome = clean_up(&cleaner, request, yes).await;
    connection
        .close(outcome.map_err(|error| with_flags(&*error).into()))
        .await
}

/// Returns the text of an error with flags in the place of the API's field names.
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

async fn clean_up(cleaner: &LogCleaner, request: CleanupRequest, yes: bool) -> Outcome {
    let preview = cleaner.preview(&request.conditions, OPERATOR).await?;
    report(sentence(&preview));
    if let Task::Delete(options) = request.task
        && preview.rows > 0
    {
        if !yes {
            ask(&preview)?;
        }
        let stop = cancelled_by_signal()?;
        let events = cleaner.clean_up(request.conditions, options, OPERATOR, stop);
        follow(events.await?, cleaner).await?;
    }
    Ok(())
}

impl Arguments {
    /// Returns the fields of an API request, so that one parser serves both.
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

async fn restore_archive(settings: Settings, archive: &str, permitted: Permitted) -> Outcome {
    let connection = Connection::open(&settings).await?;
    let restored = connection
        .database(&settings)
        .log_cleaner
        .restore_archive(archive, permitted, OPERATOR)
        .await;
    let outcome = restored.map_err(Into::into).and_then(|rows| {
        Ok(print(format_args!(
            "{} rows were restored; {} were skipped, because the log has rows with their ids.",
            rows.inserted, rows.existing
        ))?)
    });
    connection.close(outcome).await
}

fn sentence(preview: &CleanupPreview) -> String {
    let CleanupPreview {
        rows,
        oldest,
        newest,
        changed_tables,
        ..
    } = preview;
    let others = match changed_tables.as_slice() {
        [] => String::new(),
        tables => format!(
            " Foreign keys make the clean-up delete or change rows of {} too.",
            printable(&tables.join(", "))
        ),
    };
    match (oldest, newest) {
        (Some(oldest), Some(newest)) => {
            format!("{rows} rows match, created from {oldest:.0} to {newest:.0}.{others}")
        }
        _ => format!("{rows} rows match.{others}"),
    }
}

fn ask(preview: &CleanupPreview) -> Outcome {
    Confirmation {
        change: "a clean-up deletes rows",
        question: "Type their number to delete them: ",
        expected: &preview.rows.to_string(),
        refusal: "that is not their number; nothing was deleted",
    }
    .ask()
}

/// Shows the progress until the clean-up ends.
async fn follow(mut events: tokio::sync::mpsc::Receiver<CleanupEvent>, cleaner: &LogCleaner) -> Outcome {
    let bar = ProgressBar::new(100).with_style(ProgressStyle::with_template("{bar:40} {percent} %  {msg}")?);
    loop {
        match events.recv().await {
            Some(CleanupEvent::Progress(progress)) => {
                bar.set_position(progress.percent.into());
                bar.set_message(describe(progress));
            }
            Some(CleanupEvent::Complete(result)) => {
                bar.finish_and_clear();
                return Ok(print_result(&result, cleaner)?);
            }
            Some(CleanupEvent::Error(failure)) => {
                let deleted = failure.deleted;
                return Err(format!("{}; {deleted} rows have been deleted", failure.message).into());
            }
            None => return Err("the clean-up ended without a result".into()),
        }
    }
}

fn describe(progress: CleanupProgress) -> String {
    match progress.phase {
        CleanupPhase::Counting => "counting the rows".to_owned(),
        CleanupPhase::Archiving => format!("{} rows archived", progress.archived),
        CleanupPhase::Checking => format!("{} rows read back", progress.checked),
        CleanupPhase::Deleting => format!("{} rows deleted", progress.deleted),
        CleanupPhase::Vacuuming => "vacuuming the table".to_owned(),
    }
}

fn print_result(result: &CleanupResult, cleaner: &LogCleaner) -> Result<(), StdoutError> {
    let CleanupResult {
        deleted,
        left,
        cancelled,
        archive,
        ..
    } = result;
    let stopped = if *cancelled { "Stopped: " } else { "" };
    print(format_args!("{stopped}{deleted} rows were deleted."))?;
    if *left > 0 && !cancelled {
        print(format_args!(
            "{left} matching rows were skipped, because other transactions had locked or changed them."
        ))?;
    }
    if let Some(archive) = archive {
        print(format_args!(
            "The archive is {}.",
            cleaner.archive_location(archive)
        ))?;
    }
    Ok(())
}
