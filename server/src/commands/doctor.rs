//! `decant doctor`: checks everything that Decant needs on this machine.

use super::connection::running_state_postgres;
use super::outcome::Outcome;
use super::standard_streams::print;
use crate::config::{SettingError, Settings};
use crate::database::tools::Tools;
use crate::datasets::Catalog;
use crate::dsn::Dsn;
use crate::exports::sending::mail;
use crate::monitor::redis_server::RedisServer;
use crate::private_folder;
use crate::source::Source;
use crate::state::{self, RunningDatabase, SchemaVersion, State};
use crate::storage::{Location, Storage};

/// Prints the result of each check, and fails if one of them fails.
pub async fn run(settings: Result<Settings, SettingError>) -> Outcome {
    let mut missing = 0;
    let mut print_check = |what: &str, found: Result<String, String>| match found {
        Ok(found) => print(format_args!("good     {what}: {found}")),
        Err(problem) => {
            missing += 1;
            // The answer of a bucket may have several lines.
            let problem: Vec<_> = problem.split_whitespace().collect();
            print(format_args!("missing  {what}: {}", problem.join(" ")))
        }
    };
    match settings {
        Err(error) => print_check("settings", Err(error.to_string()))?,
        Ok(settings) => {
            print_check("settings", Ok("valid".into()))?;
            print_check("datasets", datasets(&settings))?;
            let mut exported = None;
            match &settings.dsn {
                Some(dsn) => {
                    let found = database(dsn, &settings).await;
                    exported = found.as_ref().ok().map(|(_, running)| running.clone());
                    print_check("database of DSN", found.map(|(version, _)| version))?;
                    print_check("pg_dump and pg_restore", tools(dsn).await)?;
                }
                None => print_check("PostgreSQL for the private database", programs())?,
            }
            print_check(
                "state database",
                state_database(&settings, exported.as_ref()).await,
            )?;
            if settings.redis_servers.is_empty() {
                print_check(
                    "Redis",
                    Ok("off: PostgreSQL alone wakes workers and holds the lock".into()),
                )?;
            }
            for server in &settings.redis_servers {
                print_check(server.setting, redis(server).await)?;
            }
            print_check("storage", storage(&settings).await)?;
            print_check("SMTP_URL", mail_server(&settings).await)?;
            print_check("data folder", folder(&settings))?;
            print_check("address", address(&settings))?;
        }
    }
    match missing {
        0 => Ok(()),
        _ => Err(format!("{missing} check(s) failed").into()),
    }
}

fn datasets(settings: &Settings) -> Result<String, String> {
    let catalog =
        Catalog::load(&settings.datasets, &settings.hub_tables).map_err(|error| error.to_string())?;
    let of_datasets = catalog.iter().filter_map(|dataset| dataset.unavailable.as_ref());
    let of_bundles = catalog.bundles().filter_map(|bundle| bundle.unavailable.as_ref());
    match of_datasets.chain(of_bundles).next() {
        None => Ok(format!("{} declared", catalog.iter().count())),
        Some(unavailable) => Err(unavailable.reason.clone()),
    }
}

fn programs() -> Result<String, String> {
    let binaries = decant_embedded::binaries().map_err(|error| error.to_string())?;
    Ok(format!("{} in {}", binaries.version, binaries.folder.display()))
}

async fn tools(dsn: &Dsn) -> Result<String, String> {
    let tools = Tools::for_database(dsn)
        .await
        .map_err(|error| error.to_string())?;
    Ok(format!("found in {}", tools.folder().display()))
}

/// Returns version and identity of the exported database.
async fn database(dsn: &Dsn, settings: &Settings) -> Result<(String, RunningDatabase), String> {
    let source = Source::new(dsn.options(), settings.source);
    let mut connection = source
        .check_connection()
        .await
        .map_err(|error| error.to_string())?;
    let version: String = sqlx::query_scalar("show server_version")
        .fetch_one(&mut *connection)
        .await
        .map_err(|error| error.to_string())?;
    let running = RunningDatabase::read(&mut connection)
        .await
        .map_err(|error| error.to_string())?;
    match version
        .split(['.', ' '])
        .next()
        .and_then(|major| major.parse::<u32>().ok())
    {
        Some(major) if major < 14 => Err(format!(
            "PostgreSQL {version} does not notice during a query that the client has disconnected; use 14 or later"
        )),
        _ => Ok((format!("PostgreSQL {version}"), running)),
    }
}

async fn state_database(settings: &Settings, exported: Option<&RunningDatabase>) -> Result<String, String> {
    let options = match &settings.state {
        state::Options::Off => return Ok("off: audit records are in the log only".into()),
        state::Options::Database(dsn) => dsn.options().clone(),
        state::Options::Private => match running_state_postgres(settings).await {
            Some(private) => private.database(decant_embedded::STATE_DATABASE),
            None => return Ok(private_state_database()),
        },
    };
    let SchemaVersion { found, known } = State::dry_run(&options, exported)
        .await
        .map_err(|error| error.to_string())?;
    Ok(match found {
        Some(found) if found == known => format!("version {found} of Decant's tables, up to date"),
        Some(found) => format!(
            "version {found} of Decant's tables; `decant serve` will bring them to version {known} at its next start"
        ),
        None => "`decant serve` will make Decant's tables".into(),
    })
}

fn private_state_database() -> String {
    match decant_embedded::binaries() {
        Ok(_) => "`decant serve` will start the private PostgreSQL for it".into(),
        Err(error) => format!("off, and audit records are in the log only: {error}"),
    }
}

async fn redis(server: &RedisServer) -> Result<String, String> {
    match server.ping().await {
        Ok(()) => Ok("answers".into()),
        Err(error) => Err(format!(
            "does not answer: {error}. Start that Redis, or correct host, port, user and password in {}",
            server.setting
        )),
    }
}

/// Writes, reads and removes a small file of the storage.
async fn storage(settings: &Settings) -> Result<String, String> {
    let storage = Storage::new(settings.storage.clone());
    let location = storage.location();
    let advice = match location {
        Location::Folder(_) => {
            "Let the user of Decant write to this folder, free space on its disk, or choose another folder with STORAGE_URL"
        }
        Location::Bucket { .. } => {
            "Check the bucket in STORAGE_URL, AWS_ENDPOINT_URL and AWS_REGION, and that the keys may list the bucket and put, get, \
             head and delete its objects"
        }
    };
    match storage.check_round_trip().await {
        Ok(()) => Ok(format!(
            "a small file was written, read and removed in {location}"
        )),
        Err(error) => Err(format!("{error}. It is {location}. {advice}")),
    }
}

/// Connects to the mail server, and sends no mail.
async fn mail_server(settings: &Settings) -> Result<String, String> {
    let Some(options) = &settings.deliveries.mail else {
        return Ok("off: no mail is sent".into());
    };
    mail::check_connection(options).await.map_err(|error| {
        format!("{error}. Start that mail server, or correct host, port, user and password in SMTP_URL")
    })?;
    Ok(match settings.deliveries.public_url {
        Some(_) => "answers".into(),
        None => "answers; without DECANT_PUBLIC_URL, mails with large files have no link to them".into(),
    })
}

fn folder(settings: &Settings) -> Result<String, String> {
    let path = &settings.data_dir;
    let wrong = |error: std::io::Error| format!("{} cannot be written: {error}", path.display());
    private_folder::create(path).map_err(wrong)?;
    let probe = path.join(format!(".doctor-{}", std::process::id()));
    std::fs::write(&probe, b"")
        .and_then(|()| std::fs::remove_file(&probe))
        .map_err(wrong)?;
    Ok(path.display().to_string())
}

fn address(settings: &Settings) -> Result<String, String> {
    match std::net::TcpListener::bind(settings.listen) {
        Ok(_) => Ok(format!("{} is free", settings.listen)),
        Err(error) => Err(format!("{} cannot be used: {error}", settings.listen)),
    }
}
