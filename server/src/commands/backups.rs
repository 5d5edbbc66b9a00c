//! `decant backups`: the backups in the storage.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use api::backups::Backup;
use api::database::DumpMode;
use clap::Subcommand;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::confirmation::Confirmation;
use super::connection::Connection;
use super::interrupt::{cancelled_by_signal, or_interrupted};
use super::operator::OPERATOR;
use super::outcome::Outcome;
use super::output::OutputFile;
use super::standard_streams::{print, report};
use crate::backups::Backups;
use crate::backups::make::BackupJob;
use crate::backups::repository::Repository;
use crate::config::Settings;
use crate::database::Database;
use crate::database::temporary_files::TemporaryFolder;
use crate::startup::prepare_folders;
use crate::storage::{Storage, StorageError};

const PIECE_BYTES: usize = 256 * 1024;

#[derive(Debug, Subcommand)]
pub enum Command {
    /// List the backups of this database, the newest first.
    List {
        /// List the backups of all databases that share the storage. This needs no database.
        #[arg(long)]
        all: bool,
    },
    /// Dump the database into the storage.
    Make {
        /// Content of the backup: full, excludeLogs (without the rows of `message_request`) or ledgerOnly (`usage_ledger`).
        #[arg(long, default_value = "full")]
        mode: DumpMode,
    },
    /// Restore a backup into a staging database, count its rows, and remove that database.
    Prove {
        /// Name of the backup, as `list` prints it.
        name: String,
    },
    /// Download and decrypt a backup of any database; `decant restore` restores the file. This needs no database.
    Fetch {
        /// Name of the backup, as `list` prints it.
        name: String,
        /// File to write, `-` for standard output.
        #[arg(short, long, value_name = "FILE")]
        output: PathBuf,
        /// Fetch a backup whose manifest was not written with the secret of this storage, or that is not encrypted although
        /// encryption is set. A dump runs SQL of whoever made it.
        #[arg(long)]
        unverified: bool,
    },
    /// Remove a backup from the storage.
    Remove {
        /// Name of the backup, as `list` prints it.
        name: String,
        /// Do not ask for confirmation.
        #[arg(long)]
        yes: bool,
    },
}

pub async fn run(settings: Settings, command: Command) -> Outcome {
    for warning in prepare_folders(&settings, false)? {
        report(format_args!("decant: {warning}"));
    }
    let repository = repository(&settings);
    match command {
        // After the loss of a machine there may be no database yet.
        Command::List { all: true } => {
            for backup in repository.list().await? {
                let database = backup.database.as_deref().unwrap_or("unknown");
                print(format_args!("{}  database: {database}", line(&backup)))?;
            }
            return Ok(());
        }
        Command::Fetch {
            name,
            output,
            unverified,
        } => return fetch(&repository, &name, &output, unverified).await,
        _ => {}
    }
    let connection = Connection::open(&settings).await?;
    let stop = match command {
        Command::Make { .. } => cancelled_by_signal()?,
        // The other commands leave nothing behind, so Ctrl-C may end the process.
        _ => CancellationToken::new(),
    };
    let run = async {
        if let Command::Make { .. } = command {
            connection.check_tables().await?;
        }
        let backups = open(&connection, &settings, repository, stop.clone())?;
        dispatch(&Arc::new(backups), command).await
    };
    let outcome = run.await;
    connection.close(or_interrupted(&stop, outcome)).await
}

fn repository(settings: &Settings) -> Repository {
    let temporary_files = TemporaryFolder::in_data_dir(&settings.data_dir, settings.database.disk_reserve);
    Repository::new(Storage::new(settings.storage.clone()), temporary_files)
}

fn open(
    connection: &Connection,
    settings: &Settings,
    repository: Repository,
    stop: CancellationToken,
) -> Result<Backups, StorageError> {
    let (storage, tasks) = (Storage::new(settings.storage.clone()), TaskTracker::new());
    let database = Database::new(&connection.dsn, &settings.database, storage, &tasks);
    Backups::new(
        connection.dsn.clone(),
        database.dumper,
        database.restorer,
        repository,
        tasks,
        settings.backups.clone(),
        stop,
    )
}

async fn dispatch(backups: &Arc<Backups>, command: Command) -> Outcome {
    match command {
        Command::List { .. } => {
            for backup in backups.list().await? {
                print(line(&backup))?;
            }
        }
        Command::Make { mode } => {
            let job = BackupJob {
                mode,
                due: None,
                caller: OPERATOR.to_owned(),
            };
            print(line(&backups.make(job).await?.await??))?;
        }
        Command::Prove { name } => {
            let proved = backups.prove(&name, OPERATOR).await?.await??;
            print(line(&proved))?;
            if let Some(failure) = proved.proof.and_then(|proof| proof.failure) {
                return Err(failure.into());
            }
        }
        // `run` fetches without a database.
        Command::Fetch { .. } => {}
        Command::Remove { name, yes } => {
            if !yes {
                ask(&name)?;
            }
            backups.remove(&name, OPERATOR).await?;
        }
    }
    Ok(())
}

fn ask(name: &str) -> Outcome {
    Confirmation {
        change: "a removed backup cannot be brought back",
        question: &format!("This removes {name} for ever. Type yes to continue: "),
        expected: "yes",
        refusal: "nothing was removed",
    }
    .ask()
}

async fn fetch(repository: &Repository, name: &str, path: &Path, unverified: bool) -> Outcome {
    let mut output = OutputFile::open_private(path)?;
    let manifest = repository.manifest(name).await?;
    let fetched = repository.fetch(&manifest, unverified).await?;
    let mut file = File::open(&fetched)?;
    let mut piece = vec![0; PIECE_BYTES];
    loop {
        match file.read(&mut piece)? {
            0 => break,
            read => output.write(&piece[..read])?,
        }
    }
    Ok(output.finish()?)
}

fn line(backup: &Backup) -> String {
    let proof = match &backup.proof {
        None => "not proved".to_owned(),
        Some(proof) => match &proof.failure {
            None => format!("proved {:.0} with {} rows", proof.at, proof.rows),
            Some(_) => format!("does NOT restore, tried {:.0}", proof.at),
        },
    };
    format!(
        "{}  {} bytes  encryption: {}  {proof}{}",
        backup.name,
        backup.bytes,
        backup.encryption,
        if backup.authentic { "" } else { "  NOT authentic" }
    )
}
