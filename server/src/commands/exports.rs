//! `decant exports`: background exports, and their files.

use std::path::PathBuf;

use api::exports::{ExportStatus, ExportStatusAnswer};
use clap::Subcommand;
use futures_util::StreamExt;
use jiff::Timestamp;

use super::connection::Connection;
use super::outcome::Outcome;
use super::output::OutputFile;
use super::standard_streams::{print, report};
use super::terminal::printable;
use crate::auth::Caller;
use crate::config::Settings;
use crate::exports::files::ExportFiles;
use crate::exports::metrics::ExportMetrics;
use crate::exports::notices::Notices;
use crate::exports::record::ExportRecord;
use crate::exports::store::{ExportStore, ListRequest};
use crate::storage::Storage;

/// Messages that `show` prints.
const LOGS: u32 = 100;

#[derive(Debug, Subcommand)]
pub enum Command {
    /// List background exports of everybody, the newest first.
    List {
        /// Only exports in this state: scheduled, queued, processing, completed, failed, cancelled or expired.
        #[arg(long, value_parser = status)]
        status: Option<ExportStatus>,
        /// The most exports to list, up to 1000.
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=1000))]
        limit: u32,
    },
    /// Print an export and what happened to it, as JSON.
    Show {
        /// Id of the export, as `list` prints it.
        id: String,
    },
    /// Cancel an export that waits or runs.
    Cancel {
        /// Id of the export, as `list` prints it.
        id: String,
    },
    /// Download the file of an export. A file that is encrypted for recipients stays encrypted.
    Fetch {
        /// Id of the export, as `list` prints it.
        id: String,
        /// File to write, `-` for standard output. Without it, the file has the name of the export's file.
        #[arg(short, long, value_name = "FILE")]
        output: Option<PathBuf>,
    },
}

fn status(word: &str) -> Result<ExportStatus, String> {
    let words = || ExportStatus::ALL.map(ExportStatus::word).join(", ");
    ExportStatus::from_word(word).ok_or_else(|| format!("it must be one of {}", words()))
}

pub async fn run(settings: Settings, command: Command) -> Outcome {
    let connection = Connection::open(&settings).await?;
    let (store, files) = open_store(&connection, &settings);
    let outcome = dispatch(&store, &files, command).await;
    connection.close(outcome).await
}

/// Returns the records of background exports, and their files.
pub fn open_store(connection: &Connection, settings: &Settings) -> (ExportStore, ExportFiles) {
    let state = connection.state();
    let files = ExportFiles::new(
        Storage::new(settings.storage.clone()),
        settings.export_files.encryption.clone(),
        state.clone(),
    );
    let notices = Notices::new(state.clone(), settings.export_redis.clone());
    let store = ExportStore::new(
        state.clone(),
        settings.exports.clone(),
        notices,
        files.clone(),
        ExportMetrics::default(),
    );
    (store, files)
}

async fn dispatch(store: &ExportStore, files: &ExportFiles, command: Command) -> Outcome {
    match command {
        Command::List { status, limit } => {
            let request = ListRequest {
                statuses: status.iter().map(|status| status.word().to_owned()).collect(),
                limit,
                ..ListRequest::default()
            };
            for record in store.list(&request).await?.records {
                print(line(&record))?;
            }
        }
        Command::Show { id } => {
            let record = store.find(&id).await?;
            let shown = ExportStatusAnswer {
                success: true,
                export: record.to_export(store.position(&record).await?),
                logs: store.logs(record.id, LOGS).await?,
            };
            print(serde_json::to_string_pretty(&shown)?)?;
        }
        Command::Cancel { id } => {
            let record = store.find(&id).await?;
            print(line(&store.cancel(&record, &Caller::operator()).await?))?;
        }
        Command::Fetch { id, output } => fetch(&store.find(&id).await?, files, output).await?,
    }
    Ok(())
}

async fn fetch(record: &ExportRecord, files: &ExportFiles, output: Option<PathBuf>) -> Outcome {
    let stored = record.stored_file()?;
    let output = output.unwrap_or_else(|| {
        let name = record.download_name(files.stays_encrypted(&stored));
        report(format_args!("The file is {name}."));
        name.into()
    });
    let mut output = OutputFile::open_private(&output)?;
    let mut pieces = files.read(&stored, None).await?;
    while let Some(piece) = pieces.next().await {
        output.write(&piece?)?;
    }
    Ok(output.finish()?)
}

fn line(record: &ExportRecord) -> String {
    let status = record.status_at(Timestamp::now());
    let size = match record.file_bytes {
        Some(bytes) => format!("{bytes} bytes"),
        None => format!("{} %", record.progress),
    };
    let reason = record
        .error_message
        .as_deref()
        .map(|reason| format!("  {reason}"));
    let line = format!(
        "{}  {status:<10}  {size}  {}.{}  {:.0}  {}{}",
        record.id,
        record.dataset,
        record.format,
        record.created_at,
        record.caller,
        reason.unwrap_or_default()
    );
    // A user chooses their own name, and it may contain line ends.
    printable(&line).replace(['\n', '\r'], " ")
}
