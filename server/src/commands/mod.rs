//! The commands of the program `decant`.

#![warn(clippy::print_stdout, clippy::print_stderr)]

mod backup;
mod backups;
mod cleanup;
mod confirmation;
mod connection;
mod convert;
mod datasets;
mod demo;
mod doctor;
mod export;
mod exports;
mod input;
mod interrupt;
mod migrate_webhooks;
mod operator;
mod outcome;
mod output;
mod partial_file;
mod previous;
mod restore;
mod serve;
mod standard_streams;
mod terminal;
mod verify;
mod work;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

use self::interrupt::Interrupted;
use self::outcome::Outcome;
use self::standard_streams::{CLOSED_PIPE_EXIT_CODE, is_closed_pipe, report};
use self::terminal::printable;
use crate::config::Settings;
use crate::datasets::Catalog;
use crate::hub_tables::HubTables;

/// Exports data from PostgreSQL to the browser, to files and to standard output.
#[derive(Debug, Parser)]
#[command(name = "decant", version)]
struct Cli {
    /// TOML file with settings; environment variables have precedence.
    #[arg(long, env = "DECANT_CONFIG", global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the web page and the API.
    #[command(after_help = crate::config::help())]
    Serve,
    /// Make background exports without a server, for servers with the same STATE_DSN.
    #[command(after_help = crate::config::help())]
    Work,
    /// Export a dataset to a file or to standard output.
    Export(export::Arguments),
    /// List, show and cancel background exports, and fetch their files.
    #[command(subcommand)]
    Exports(exports::Command),
    /// Dump the database to a file that appears only when it is complete.
    Backup(backup::Arguments),
    /// List, make, prove, fetch or remove backups in the storage.
    #[command(subcommand)]
    Backups(backups::Command),
    /// Restore a dump into a staging database, then put it in the place of the live one.
    Restore(restore::Arguments),
    /// List or remove the databases that restores have left beside the live one.
    #[command(subcommand)]
    Previous(previous::Command),
    /// Delete old rows of the hub's log, or restore archived rows.
    Cleanup(cleanup::Arguments),
    /// Move the hub's webhooks from its old settings to its targets.
    MigrateWebhooks(migrate_webhooks::Arguments),
    /// Convert a file into another format.
    Convert(convert::Arguments),
    /// Check that files are well formed, and count their rows.
    Verify(verify::Arguments),
    /// Fill the database with made-up usage rows.
    Demo(demo::Arguments),
    /// List the datasets, check their definitions against the database, or write the definition of a table.
    #[command(subcommand)]
    Datasets(datasets::Command),
    /// Check the settings, the database and the programs that Decant needs.
    Doctor,
}

/// Runs the command of the command line.
#[must_use]
pub fn run() -> ExitCode {
    match dispatch() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            if is_closed_pipe(&*error) {
                return ExitCode::from(CLOSED_PIPE_EXIT_CODE);
            }
            report(format_args!("decant: {}", printable(&error.to_string())));
            match error.is::<Interrupted>() {
                true => ExitCode::from(interrupt::EXIT_CODE),
                false => ExitCode::FAILURE,
            }
        }
    }
}

fn dispatch() -> Outcome {
    let catalog = catalog_of_flags();
    let command = Cli::command()
        .mut_subcommand("export", |command| export::with_filters(command, &catalog))
        .mut_subcommand("convert", convert::with_file_words);
    let matches = command.get_matches();
    let cli = Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    let settings = || Settings::load(cli.config.as_deref());
    match cli.command {
        Command::Serve => actix_web::rt::System::new().block_on(serve::run(settings()?)),
        Command::Work => runtime()?.block_on(work::run(settings()?)),
        Command::Export(arguments) => {
            let chosen = matches
                .subcommand_matches("export")
                .map(|matches| export::pairs(matches, &catalog));
            runtime()?.block_on(export::run(settings()?, arguments, chosen.unwrap_or_default()))
        }
        Command::Exports(command) => runtime()?.block_on(exports::run(settings()?, command)),
        Command::Backup(arguments) => runtime()?.block_on(backup::run(settings()?, arguments)),
        Command::Backups(command) => runtime()?.block_on(backups::run(settings()?, command)),
        Command::Restore(arguments) => runtime()?.block_on(restore::run(settings()?, arguments)),
        Command::Previous(command) => runtime()?.block_on(previous::run(settings()?, command)),
        Command::Cleanup(arguments) => runtime()?.block_on(cleanup::run(settings()?, arguments)),
        Command::MigrateWebhooks(arguments) => {
            runtime()?.block_on(migrate_webhooks::run(settings()?, arguments))
        }
        Command::Convert(arguments) => {
            let chosen = matches.subcommand_matches("convert").map(convert::pairs);
            convert::run(&arguments, chosen.unwrap_or_default())
        }
        Command::Verify(arguments) => verify::run(&arguments),
        Command::Demo(arguments) => runtime()?.block_on(demo::run(settings()?, &arguments)),
        Command::Datasets(command) => runtime()?.block_on(datasets::run(settings()?, &command)),
        Command::Doctor => runtime()?.block_on(doctor::run(settings())),
    }
}

/// Returns the datasets whose filters are the flags of `decant export`. Other commands do without the site's, and read none.
fn catalog_of_flags() -> Catalog {
    let hub_tables = HubTables::default();
    let of_site = || {
        let config = named_config(std::env::args_os().skip(1))?;
        let settings = Settings::load(config.as_deref()).ok()?;
        Catalog::load(&settings.datasets, &hub_tables).ok()
    };
    of_site().unwrap_or_else(|| Catalog::built_in(&hub_tables))
}

/// Returns the file of `--config` or DECANT_CONFIG if the command is `export`, or the help of a command. `None`: it is
/// another command.
fn named_config(mut arguments: impl Iterator<Item = OsString>) -> Option<Option<PathBuf>> {
    const FLAG: &str = "--config";
    let mut config = std::env::var_os("DECANT_CONFIG");
    let mut is_export = false;
    while let Some(argument) = arguments.next() {
        let text = argument.to_string_lossy();
        if text == FLAG {
            config = arguments.next();
        } else if let Some(file) = text.strip_prefix(FLAG).and_then(|rest| rest.strip_prefix('=')) {
            config = Some(file.into());
        } else if !is_export && !text.starts_with('-') {
            if text != "export" && text != "help" {
                return None;
            }
            is_export = true;
        }
    }
    is_export.then_some(config.map(PathBuf::from))
}

fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()
}
