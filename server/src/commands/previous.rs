//! `decant previous`: the databases that restores have left beside the live one.

use api::restore::{SideDatabase, SideDatabaseRole};
use clap::Subcommand;

use super::confirmation::Confirmation;
use super::connection::Connection;
use super::operator::OPERATOR;
use super::outcome::Outcome;
use super::standard_streams::print;
use crate::config::Settings;
use crate::database::restore::Restorer;

#[derive(Debug, Subcommand)]
pub enum Command {
    /// List the previous databases, the newest first. `decant restore --roll-back` puts one back.
    List,
    /// Remove a previous database for good.
    Remove {
        /// Name of the database, as `list` prints it.
        name: String,
        /// Do not ask for confirmation.
        #[arg(long)]
        yes: bool,
    },
}

pub async fn run(settings: Settings, command: Command) -> Outcome {
    let connection = Connection::open(&settings).await?;
    let restorer = connection.database(&settings).restorer;
    let outcome = match command {
        Command::List => list(&restorer).await,
        Command::Remove { name, yes } => remove(&restorer, &name, yes).await,
    };
    connection.close(outcome).await
}

async fn list(restorer: &Restorer) -> Outcome {
    for found in restorer.side_databases().await? {
        print(line(&found))?;
    }
    Ok(())
}

async fn remove(restorer: &Restorer, name: &str, yes: bool) -> Outcome {
    if !yes {
        ask(name)?;
    }
    restorer.drop_side_database(name, OPERATOR).await?;
    print(format_args!("The database {name} is removed."))?;
    Ok(())
}

fn ask(name: &str) -> Outcome {
    Confirmation {
        change: "a removed database cannot be brought back",
        question: &format!("This removes the database `{name}` for good. Type its name to continue: "),
        expected: name,
        refusal: "that is not its name; nothing was removed",
    }
    .ask()
}

/// Returns a line of the list.
pub fn line(database: &SideDatabase) -> String {
    let role = match database.role {
        SideDatabaseRole::Staging => "unfinished restore",
        SideDatabaseRole::Previous => "live before a restore",
        SideDatabaseRole::RolledBack => "restored, then rolled back",
    };
    let SideDatabase {
        name, since, bytes, ..
    } = database;
    format!("{name}  since {since:.0}, {bytes} bytes, {role}")
}
