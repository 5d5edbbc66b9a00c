//! `decant demo`.

use std::error::Error;
use std::path::{Path, PathBuf};

use clap::Args;
use decant_demo::KeyMaker;
use indicatif::{ProgressBar, ProgressStyle};
use secrecy::{ExposeSecret, SecretString};
use sqlx::{Connection as _, PgConnection};

use super::connection::Connection;
use super::outcome::Outcome;
use super::standard_streams::report;
use crate::config::Settings;
use crate::startup;

/// How much to make up.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Usage rows to add to those that are there.
    #[arg(long, default_value_t = 100_000)]
    rows: u64,
    /// Make the users' keys from the secret in FILE, at least 32 characters, not from the data folder's.
    #[arg(long, value_name = "FILE")]
    keys: Option<PathBuf>,
    /// Put the demo beside the other tables of the database.
    #[arg(long)]
    yes: bool,
}

/// Makes the hub's tables where there are none, and adds rows.
pub async fn run(settings: Settings, arguments: &Arguments) -> Outcome {
    let connection = Connection::open(&settings).await?;
    let outcome = fill(&connection, &settings, arguments).await;
    connection.close(outcome).await
}

async fn fill(connection: &Connection, settings: &Settings, arguments: &Arguments) -> Outcome {
    let keys = match &arguments.keys {
        Some(file) => read_keys(file)?,
        None => startup::demo_keys(settings)?,
    };
    let mut session = PgConnection::connect_with(connection.dsn.options()).await?;
    if !arguments.yes {
        decant_demo::check_alone(&mut session).await?;
    }
    decant_demo::create_schema(&mut session).await?;
    startup::replace_published_keys(&mut session, settings, &keys).await?;
    let before = decant_demo::is_filled(&mut session).await?.unwrap_or_default();
    let bar = ProgressBar::new(arguments.rows);
    let style =
        ProgressStyle::with_template("{bar:40} {human_pos} of {human_len} rows, {per_sec}, {eta} left")?;
    bar.set_style(style);
    let plan = decant_demo::Plan::new(arguments.rows, keys);
    let summary = decant_demo::fill(&mut session, &plan, |rows| bar.set_position(rows)).await?;
    let accounts = decant_demo::accounts(&mut session).await?;
    session.close().await?;
    bar.finish_and_clear();
    let others = match before {
        0 => String::new(),
        before => format!(" to the {before} that were there"),
    };
    report(format_args!(
        "{} usage rows were added{others} in {:.1} s.",
        summary.rows,
        summary.took.as_secs_f64()
    ));
    if let Some(accounts) = accounts {
        report(format_args!(
            "{}, an administrator of the hub, signs in with   {}",
            accounts.admin_name,
            accounts.admin_key.expose_secret()
        ));
        report(format_args!(
            "{}, an ordinary user, signs in with   {}",
            accounts.user_name,
            accounts.user_key.expose_secret()
        ));
    }
    Ok(())
}

fn read_keys(file: &Path) -> Result<KeyMaker, Box<dyn Error>> {
    let secret = std::fs::read_to_string(file)
        .map_err(|error| format!("{} cannot be read: {error}", file.display()))?;
    Ok(KeyMaker::new(SecretString::from(secret.trim().to_owned()))?)
}
