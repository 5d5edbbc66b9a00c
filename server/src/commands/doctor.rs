//! `decant doctor`: what this machine lacks.

use super::Outcome;
use crate::config::{SettingError, Settings};
use crate::database::dump::find_tools;
use crate::datasets::Catalog;
use crate::dsn::Dsn;
use crate::source::Source;
use crate::audit;

/// Looks at everything that Decant needs, says what it finds, and fails if something needed is missing.
pub async fn run(settings: Result<Settings, SettingError>) -> Outcome {
    let mut missing = 0;
    let mut say = |what: &str, found: Result<String, String>| match found {
        Ok(found) => println!("good     {what}: {found}"),
        Err(problem) => {
            missing += 1;
            println!("missing  {what}: {problem}");
        }
    };
    match settings {
        Err(error) => say("settings", Err(error.to_string())),
        Ok(settings) => {
            say("settings", Ok("they can be used".into()));
            say("datasets", datasets(&settings));
            match &settings.dsn {
                Some(dsn) => {
                    say("database of DSN", database(dsn, &settings).await);
                    say("pg_dump and pg_restore", tools(dsn).await);
                }
                None => say("PostgreSQL for the private database", programs()),
            }
            match &settings.audit {
                audit::Options::Database(state) => {
                    say("database of STATE_DSN", database(state, &settings).await)
                }
                audit::Options::LogOnly => say(
                    "database of STATE_DSN",
                    Ok("not set: audit records are in the log only".into()),
                ),
                audit::Options::BesideExported => {}
            }
            say("data folder", folder(&settings));
            say("address", address(&settings));
        }
    }
    match missing {
        0 => Ok(()),
        _ => Err(format!("{missing} thing(s) are missing").into()),
    }
}

fn datasets(settings: &Settings) -> Result<String, String> {
    let catalog = Catalog::load(settings.datasets_dir.as_deref()).map_err(|error| error.to_string())?;
    Ok(format!("{} declared", catalog.iter().count()))
}

fn programs() -> Result<String, String> {
    let binaries = decant_embedded::binaries().map_err(|error| error.to_string())?;
    Ok(format!("{} in {}", binaries.version, binaries.folder.display()))
}

async fn tools(dsn: &Dsn) -> Result<String, String> {
    let tools = find_tools(dsn).await.map_err(|error| error.to_string())?;
    Ok(format!("those in {}", tools.folder().display()))
}

async fn database(dsn: &Dsn, settings: &Settings) -> Result<String, String> {
    let source = Source::new(dsn.options(), settings.source);
    let mut connection = source.reach().await.map_err(|error| error.to_string())?;
    let version: String = sqlx::query_scalar("show server_version")
        .fetch_one(&mut *connection)
        .await
        .map_err(|error| error.to_string())?;
    match version
        .split(['.', ' '])
        .next()
        .and_then(|major| major.parse::<u32>().ok())
    {
        Some(major) if major < 14 => Err(format!(
            "PostgreSQL {version} does not notice that a client has left while a query has no rows; 14 and later do"
        )),
        _ => Ok(format!("PostgreSQL {version}")),
    }
}

fn folder(settings: &Settings) -> Result<String, String> {
    let path = &settings.data_dir;
    let wrong = |error: std::io::Error| format!("{} cannot be written: {error}", path.display());
    std::fs::create_dir_all(path).map_err(wrong)?;
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
