//! `decant backups`: dumps that are kept in the storage.

use std::fs::File;
use std::io::Read;
use std::path::PathBuf;
use std::sync::Arc;

use clap::Subcommand;
use tokio_util::sync::CancellationToken;

use super::Outcome;
use super::interrupt::{told_to_stop, unless_stopped};
use super::reach::Reached;
use super::target::Target;
use crate::backups::Backups;
use crate::backups::make::Order;
use crate::backups::manifest::Manifest;
use crate::config::Settings;
use crate::database::Database;
use crate::database::dump::Mode;

/// A file is copied in pieces of this size.
const PIECE_BYTES: usize = 256 * 1024;

/// What to do with them.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// List the backups in the storage, the newest first.
    List,
    /// Dump the database into the storage.
    Make {
        /// What of the database: full, excludeLogs (without the rows of `message_request`) or ledgerOnly (`usage_ledger`).
        #[arg(long, default_value = "full")]
        mode: Mode,
    },
    /// Restore a backup beside the live database, count its rows, and throw them away.
    Prove {
        /// Its name, as `list` shows it.
        name: String,
    },
    /// Take a backup out of the storage, decrypted: `decant restore` puts it back.
    Fetch {
        /// Its name, as `list` shows it.
        name: String,
        /// The file to write, `-` for standard output.
        #[arg(short, long, value_name = "FILE")]
        output: PathBuf,
    },
    /// Remove a backup from the storage.
    Remove {
        /// Its name, as `list` shows it.
        name: String,
    },
}

/// Does it.
pub async fn run(settings: Settings, command: Command) -> Outcome {
    let reached = Reached::by(&settings).await?;
    let database = Arc::new(Database::of(reached.dsn.clone(), &settings));
    let stop = match command {
        Command::Make { .. } => told_to_stop()?,
        // Ctrl-C ends the others as it ends any program.
        _ => CancellationToken::new(),
    };
    let done = match Backups::of(database, &settings, stop.clone()) {
        Ok(backups) => obey(&Arc::new(backups), command).await,
        Err(error) => Err(error.into()),
    };
    reached.leave(unless_stopped(&stop, done)).await
}

async fn obey(backups: &Arc<Backups>, command: Command) -> Outcome {
    match command {
        Command::List => {
            for backup in backups.list().await? {
                println!("{}", line(&backup));
            }
        }
        Command::Make { mode } => {
            let order = Order {
                mode,
                due: None,
                caller: "Operator".to_owned(),
            };
            println!("{}", line(&backups.make(order).await?.await??));
        }
        Command::Prove { name } => {
            let proved = backups.prove(&name, "Operator").await?.await??;
            println!("{}", line(&proved));
            if let Some(failure) = proved.proof.and_then(|proof| proof.failure) {
                return Err(failure.into());
            }
        }
        Command::Fetch { name, output } => {
            let mut target = Target::open(&output)?;
            let fetched = backups.fetch(&backups.manifest(&name).await?).await?;
            let mut file = File::open(&fetched)?;
            let mut piece = vec![0; PIECE_BYTES];
            loop {
                match file.read(&mut piece)? {
                    0 => break,
                    read => target.write(&piece[..read])?,
                }
            }
            target.finish()?;
        }
        Command::Remove { name } => backups.remove(&name, "Operator").await?,
    }
    Ok(())
}

fn line(backup: &Manifest) -> String {
    let proof = match &backup.proof {
        None => "not proved".to_owned(),
        Some(proof) => match &proof.failure {
            None => format!("proved {:.0} with {} rows", proof.at, proof.rows),
            Some(_) => format!("does NOT restore, tried {:.0}", proof.at),
        },
    };
    format!(
        "{}  {} bytes  encryption: {}  {proof}",
        backup.name, backup.bytes, backup.encryption
    )
}
