//! `decant demo`.

use std::error::Error;
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use decant_demo::{
    self as demo, Accounts, Choice, KeyMaker, Period, Plan, Share, Summary, Totals, Usd, hour_of,
};
use indicatif::{ProgressBar, ProgressStyle};
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use sqlx::{Connection as _, PgConnection};
use wasm_export::Zone;

use super::connection::Connection;
use super::outcome::Outcome;
use super::standard_streams::{print, report};
use crate::config::Settings;
use crate::parameter::parse_time;
use crate::startup;
use crate::stored_requests::demo as stored_requests;

/// The usage rows without `--rows`.
const ROWS: u64 = 100_000;

/// What to make up.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Usage rows to add to those that are there [default: 100000]. With fewer, there are also fewer conversations and alerts.
    #[arg(long, value_name = "NUMBER")]
    rows: Option<u64>,
    /// Another seed makes other rows. The same seed, period and keys make the same rows.
    #[arg(long, default_value_t = 1, value_name = "NUMBER")]
    seed: u64,
    /// The earliest time of the usage rows: 2026-01-28, 2026-01-28T12:00:00Z [default: 90 days before --to].
    #[arg(long, value_name = "TIME", value_parser = time)]
    from: Option<Timestamp>,
    /// The time before which all rows are [default: the current hour].
    #[arg(long, value_name = "TIME", value_parser = time)]
    to: Option<Timestamp>,
    /// Only requests of these users, by id.
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    users: Vec<i64>,
    /// Only requests to these providers, by id.
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    providers: Vec<i64>,
    /// Only requests for these models.
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    models: Vec<String>,
    /// The exact sum of the costs of the added rows, in USD.
    #[arg(long, value_name = "USD")]
    total_cost: Option<Usd>,
    /// The part of the requests that fail or are blocked, from 0 to 1.
    #[arg(long, value_name = "SHARE")]
    errors: Option<Share>,
    /// Make only these: usage rows, probe logs, conversations, workspaces with their brands, saved files, stored requests of
    /// sessions (with --redis).
    #[arg(long, value_name = "PART", value_delimiter = ',')]
    only: Vec<Part>,
    /// Store requests of 20 sessions in the Redis of REDIS_URL, one of them with a body of 20 MB. They expire after a day.
    #[arg(long)]
    redis: bool,
    /// Print the sums of the usage rows without making any.
    #[arg(long)]
    dry_run: bool,
    /// Print the sums of the usage rows as JSON.
    #[arg(long)]
    json: bool,
    /// Make the users' keys from the secret in FILE, at least 32 characters, not from the data folder's.
    #[arg(long, value_name = "FILE")]
    keys: Option<PathBuf>,
    /// Put the demo beside the other tables of the database.
    #[arg(long)]
    yes: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Part {
    Usage,
    Probes,
    Conversations,
    Brands,
    Files,
    Sessions,
}

/// The parts that are tables of an application beside the hub's.
const OF_APPLICATION: [(Part, demo::Part); 3] = [
    (Part::Conversations, demo::Part::Conversations),
    (Part::Brands, demo::Part::Brands),
    (Part::Files, demo::Part::Files),
];

/// Reads a time. A time without a zone is in UTC.
fn time(text: &str) -> Result<Timestamp, String> {
    parse_time("time", text, &Zone::default()).map_err(|error| error.to_string())
}

impl Arguments {
    fn makes(&self, part: Part) -> bool {
        match self.only.is_empty() {
            true => part != Part::Sessions || self.redis,
            false => self.only.contains(&part),
        }
    }

    /// # Errors
    /// Flags that contradict each other, or name what no demo has.
    fn plan(&self, keys: KeyMaker) -> Result<Plan, Box<dyn Error>> {
        let makes_usage = self.makes(Part::Usage);
        let parts = OF_APPLICATION.into_iter().filter(|(part, _)| self.makes(*part));
        let parts: Vec<_> = parts.map(|(_, part)| part).collect();
        for (flag, is_unused) in [
            ("--rows", self.rows.is_some() && parts.is_empty()),
            ("--total-cost", self.total_cost.is_some()),
        ] {
            if is_unused && !makes_usage {
                return Err(format!("{flag} is for usage rows, and --only leaves them out").into());
            }
        }
        let rows = self.rows.unwrap_or(ROWS);
        if self.makes(Part::Sessions) && !self.redis {
            return Err("stored requests of sessions are in Redis; add --redis to store some there".into());
        }
        Ok(Plan {
            rows: if makes_usage { rows } else { 0 },
            probes: self.makes(Part::Probes),
            parts,
            scale: rows,
            seed: self.seed,
            period: Period::new(self.from, self.to.unwrap_or_else(|| hour_of(Timestamp::now())))?,
            keys,
            choice: Choice::new(&self.users, &self.providers, &self.models)?,
            errors: self.errors,
            total_cost: self.total_cost,
        })
    }
}

/// Makes the hub's tables where there are none, and adds rows.
pub async fn run(settings: Settings, arguments: &Arguments) -> Outcome {
    startup::check_demo_schema(&settings)?;
    if arguments.redis && settings.redis.is_none() {
        return Err("--redis needs REDIS_URL, the address of the Redis that takes the requests".into());
    }
    let connection = Connection::open(&settings).await?;
    let outcome = make(&connection, &settings, arguments).await;
    connection.close(outcome).await
}

async fn make(connection: &Connection, settings: &Settings, arguments: &Arguments) -> Outcome {
    let keys = match &arguments.keys {
        Some(file) => read_keys(file)?,
        None => startup::demo_keys(settings)?,
    };
    let plan = arguments.plan(keys)?;
    let mut session = PgConnection::connect_with(connection.dsn.options()).await?;
    let outcome = make_in(&mut session, settings, arguments, &plan).await;
    let closed = session.close().await;
    outcome?;
    Ok(closed?)
}

async fn make_in(
    session: &mut PgConnection,
    settings: &Settings,
    arguments: &Arguments,
    plan: &Plan,
) -> Outcome {
    if !arguments.yes {
        decant_demo::check_alone(session).await?;
    }
    if arguments.dry_run {
        let totals = decant_demo::totals(session, plan).await?;
        return print_totals(&totals, arguments.json);
    }
    decant_demo::create_schema(session, plan).await?;
    startup::replace_published_keys(session, settings, &plan.keys).await?;
    let before = decant_demo::is_filled(session).await?.unwrap_or_default();
    if before > 0 && plan.rows > 0 {
        report(format_args!(
            "The database has {before} usage rows, and {} are added to them. For a demo of these alone, name an empty \
             database in DSN, or remove the folder of the private PostgreSQL.",
            plan.rows
        ));
    }
    let bar = ProgressBar::new(plan.rows);
    let style =
        ProgressStyle::with_template("{bar:40} {human_pos} of {human_len} rows, {per_sec}, {eta} left")?;
    bar.set_style(style);
    let summary = decant_demo::fill(session, plan, |rows| bar.set_position(rows)).await?;
    bar.finish_and_clear();
    report_added(&summary, before, plan);
    if let (Some(redis), true) = (&settings.redis, arguments.makes(Part::Sessions)) {
        let sessions = decant_demo::newest_sessions(session, stored_requests::SESSIONS).await?;
        let stored = stored_requests::store(redis, sessions).await?;
        report(format_args!(
            "{} requests of {} sessions were stored in Redis for a day; the largest is of the session {}.",
            stored.requests, stored.sessions, stored.largest
        ));
    }
    if let Some(accounts) = decant_demo::accounts(session).await? {
        report_accounts(&accounts);
    }
    print_totals(&summary.totals, arguments.json)
}

fn report_added(summary: &Summary, before: u64, plan: &Plan) {
    let others = match before {
        0 => String::new(),
        before => format!(" to the {before} that were there"),
    };
    report(format_args!(
        "{} usage rows were added{others} in {:.1} s.",
        summary.rows,
        summary.took.as_secs_f64()
    ));
    if plan.probes {
        report(match summary.probes {
            0 => "Probe logs were there already; none were added.".to_owned(),
            added => format!("{added} probe logs were added."),
        });
    }
    for (part, added) in summary.parts.iter().filter(|_| plan.scale > 0) {
        let (what, name) = match part {
            demo::Part::Conversations => ("conversations", "Conversations"),
            demo::Part::Brands => ("alerts of three workspaces", "Workspaces and their alerts"),
            demo::Part::Files => ("entries of saved files", "Entries of saved files"),
        };
        report(match added {
            0 => format!("{name} were there already; none were added."),
            added => format!("{added} {what} were added."),
        });
    }
}

fn report_accounts(accounts: &Accounts) {
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

/// Prints the sums, as JSON to standard output, else as a sentence to standard error.
fn print_totals(totals: &Totals, as_json: bool) -> Outcome {
    let Totals {
        records,
        cost,
        input_tokens,
        output_tokens,
        cache_creation_tokens,
        cache_read_tokens,
    } = totals;
    let tokens = totals.tokens();
    if as_json {
        // A JSON library would round the cost.
        print(format_args!(
            "{{\"totalRecords\":{records},\"totalCost\":{cost},\"totalTokens\":{tokens},\"totalInputTokens\":{input_tokens},\
             \"totalOutputTokens\":{output_tokens},\"totalCacheCreationTokens\":{cache_creation_tokens},\
             \"totalCacheReadTokens\":{cache_read_tokens}}}"
        ))?;
        return Ok(());
    }
    report(format_args!(
        "{records} usage rows: {cost} USD, {tokens} tokens ({input_tokens} input, {output_tokens} output, \
         {cache_creation_tokens} written to the cache, {cache_read_tokens} read from it)."
    ));
    Ok(())
}

/// More than any secret has.
const KEYS_BYTES_MAX: u64 = 64 * 1024;

fn read_keys(file: &Path) -> Result<KeyMaker, Box<dyn Error>> {
    let mut secret = String::new();
    let read = File::open(file).and_then(|file| file.take(KEYS_BYTES_MAX).read_to_string(&mut secret));
    read.map_err(|error| format!("{} cannot be read: {error}", file.display()))?;
    Ok(KeyMaker::new(SecretString::from(secret.trim().to_owned()))?)
}
