//! The settings: from the environment, or under the same names from a TOML file; the environment goes first.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use wasm_export::Zone;

use crate::backups;
use crate::backups::retention::Keep;
use crate::database::cleanup::Pace;
use crate::database::cleanup::order::Manner;
use crate::database::cleanup::scheduled::Upkeep;
use crate::database::dump::{Compression, Mode};
use crate::database::restore::Unfollowed;
use crate::database::restore::room::Room;
use crate::dsn::Dsn;
use crate::schedule::Schedule;
use crate::storage::encryption::{self, Encryption};
use crate::storage::{self, Location};

/// Every setting there is: its name, its default as people read it, what it is.
const KNOWN: &[(&str, &str, &str)] = &[
    (
        "DSN",
        "a private PostgreSQL with demo data",
        "PostgreSQL to export from: postgres://user:password@host:5432/database?sslmode=require, or ?host=/socket/folder",
    ),
    (
        "STATE_DSN",
        "a database beside the private PostgreSQL's; none, where DSN names one",
        "PostgreSQL database of Decant's own, for its audit records; never the one of DSN",
    ),
    (
        "ADMIN_TOKEN",
        "none; made up for the private PostgreSQL",
        "signs in the administrator; at least 16 characters",
    ),
    (
        "JWT_SECRET",
        "none",
        "accepts bearer tokens signed with it (HS256); at least 32 characters",
    ),
    (
        "JWKS_FILE",
        "none",
        "accepts bearer tokens signed with the keys in this JSON Web Key Set",
    ),
    (
        "REDIS_URL",
        "none",
        "the hub's Redis, for the stored requests of sessions: redis://user:password@host:6379/0, rediss:// for TLS",
    ),
    (
        "STORAGE_URL",
        "the folder storage in the data folder",
        "where backups and archived logs are kept: file:///folder or s3://bucket/prefix, with AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION and, for another service than Amazon's, AWS_ENDPOINT_URL",
    ),
    (
        "DECANT_LISTEN",
        "127.0.0.1:8080",
        "address and port; port 0 takes a free one",
    ),
    (
        "DECANT_DATA_DIR",
        "/var/lib/decant for root, else ~/.local/share/decant",
        "folder for what Decant keeps",
    ),
    (
        "DECANT_DATASETS_DIR",
        "none",
        "folder with datasets of your own (*.toml)",
    ),
    (
        "DECANT_DEMO_ROWS",
        "100000",
        "usage rows that the private PostgreSQL is filled with at first",
    ),
    (
        "DECANT_LOG",
        "pretty on a terminal, else json",
        "how the log is written: pretty or json",
    ),
    (
        "DECANT_LOG_FILTER",
        "info",
        "what is logged, e.g. info,decant=debug,sqlx=warn",
    ),
    (
        "DECANT_EXPORTS_MAX",
        "8",
        "exports that run at once; each has a database connection of its own",
    ),
    (
        "DECANT_CONNECTIONS_MAX",
        "8",
        "database connections for everything else",
    ),
    (
        "DECANT_WAIT_SECONDS",
        "10",
        "how long a request waits for a free connection",
    ),
    (
        "DECANT_QUERY_SECONDS",
        "60",
        "how long a page, a count or a list of options may take; exports have no limit",
    ),
    (
        "DECANT_HEARTBEAT_SECONDS",
        "10",
        "an export that has no row to send says so this often",
    ),
    (
        "DECANT_SHUTDOWN_SECONDS",
        "30",
        "how long exports, restores and backups may go on once Decant is told to stop",
    ),
    ("DECANT_PAGE_ROWS_MAX", "500", "rows in one page of a table"),
    ("DECANT_SESSION_HOURS", "12", "how long a sign-in lasts"),
    (
        "DECANT_SESSION_SECRET",
        "made up and kept in the data folder",
        "signs session cookies; the same for all instances; at least 32 characters",
    ),
    (
        "DECANT_LOGIN_ATTEMPTS_MAX",
        "10",
        "wrong credentials that one address may send in a minute",
    ),
    (
        "DECANT_DUMP_COMPRESSION",
        "auto",
        "how dumps are compressed: none, gzip:1 to 9, from PostgreSQL 16 on lz4 or zstd:1 to 22; auto is zstd:1 where \
         pg_dump has it, else gzip:1",
    ),
    (
        "DECANT_UPLOAD_MAX_MB",
        "500",
        "the largest dump that may be uploaded to be restored, in megabytes of 1024 x 1024 bytes",
    ),
    (
        "DECANT_POST_RESTORE_MIGRATIONS",
        "none",
        "folder of SQL files that are run, in the order of their names, on a restored database, each in a transaction that it \
         must not end itself",
    ),
    (
        "DECANT_RESTORE_UNFOLLOWED",
        "finish",
        "what becomes of a restore whose client has left: finish (the log tells how) or stop (the database is as it was)",
    ),
    (
        "DECANT_RESTORE_ROOM",
        "check",
        "whether a restore looks for room on the database's disk before it begins, where that can be seen: check or ignore",
    ),
    (
        "DECANT_SCRATCH_SECONDS",
        "21600",
        "how long a forgotten upload may lie before it is swept away",
    ),
    (
        "DECANT_LOCK_SECONDS",
        "300",
        "how long Redis keeps the backup lock of a server that has crashed; a living one renews it",
    ),
    (
        "DECANT_LOG_CLEANUP_DAYS",
        "none: nothing is deleted by itself",
        "rows of the hub's log are deleted when they are so many days old",
    ),
    (
        "DECANT_LOG_CLEANUP_AT",
        "02:00",
        "when they are: a time of day, or a cron pattern such as 0 2 * * SUN",
    ),
    (
        "DECANT_LOG_CLEANUP_ARCHIVE",
        "true",
        "whether they go to an archive first, from which they can be brought back",
    ),
    (
        "DECANT_LOG_CLEANUP_WITHOUT_STATISTICS",
        "false",
        "delete them also where no usage_ledger keeps their statistics",
    ),
    (
        "DECANT_BACKUP_AT",
        "none: only when asked for",
        "when a backup is made: a time of day, or a cron pattern such as 0 3 * * SUN",
    ),
    (
        "DECANT_BACKUP_MODE",
        "full",
        "what of the database a scheduled backup holds: full, excludeLogs or ledgerOnly",
    ),
    (
        "DECANT_BACKUP_KEEP",
        "last=3,daily=7,weekly=4,monthly=6",
        "which scheduled backups are kept; others are removed when a new one is whole",
    ),
    (
        "DECANT_BACKUP_PROOF_AT",
        "none: only when asked for",
        "when the newest backup is restored beside the database for proof: a time of day, or a cron pattern",
    ),
    (
        "DECANT_SCHEDULE_ZONE",
        "UTC",
        "the time zone of everything that is done at a time of day, e.g. Asia/Shanghai",
    ),
    (
        "DECANT_CLEANUP_BATCH_ROWS",
        "10000",
        "rows of a log that are deleted at a time, in a transaction of their own",
    ),
    (
        "DECANT_CLEANUP_PAUSE_MS",
        "100",
        "how long the database is left to others between two batches, in milliseconds",
    ),
    (
        "DECANT_BACKUP_PASSPHRASE",
        "none",
        "encrypts backups and archived logs with it (age); at least 16 characters",
    ),
    (
        "DECANT_BACKUP_RECIPIENTS",
        "none",
        "encrypts backups and archived logs for these public keys of age instead, separated by commas",
    ),
    (
        "DECANT_BACKUP_IDENTITY_FILE",
        "none",
        "the secret key of one of them, as age-keygen writes it; without it Decant cannot prove or restore its backups",
    ),
    (
        "DECANT_NOT_ADMIN_STATUS",
        "403",
        "the status for somebody who is signed in and no administrator: 403, or 401 for clients of the hub's own addresses",
    ),
    (
        "DECANT_TRUST_PROXY",
        "false",
        "take the client's address from X-Forwarded-For; only behind a proxy that sets it",
    ),
];

/// A hundred years: rows that are kept longer are kept for ever.
const DAYS_MAX: u32 = 36_500;

/// Everything that can be set, checked.
#[derive(Debug)]
pub struct Settings {
    /// The database to export from; `None`: the private PostgreSQL.
    pub dsn: Option<Dsn>,
    /// Decant's own database.
    pub state_dsn: Option<Dsn>,
    /// What signs in the administrator.
    pub admin_token: Option<SecretString>,
    /// The secret of HS256 tokens.
    pub jwt_secret: Option<SecretString>,
    /// The keys of other tokens.
    pub jwks_file: Option<PathBuf>,
    /// The hub's Redis.
    pub redis: Option<redis::Client>,
    /// Where to listen.
    pub listen: SocketAddr,
    /// The folder of what Decant keeps.
    pub data_dir: PathBuf,
    /// The folder of the site's own datasets.
    pub datasets_dir: Option<PathBuf>,
    /// Usage rows in the private PostgreSQL.
    pub demo_rows: u64,
    /// How the log is written.
    pub log: LogStyle,
    /// What is logged.
    pub log_filter: String,
    /// Exports that run at once.
    pub exports_max: u32,
    /// Connections for everything else.
    pub connections_max: u32,
    /// How long a request waits for a connection.
    pub wait_max: Duration,
    /// How long a query that is not an export may take.
    pub query_max: Duration,
    /// How often a silent export shows that it lives.
    pub heartbeat: Duration,
    /// How long exports may go on while Decant stops.
    pub shutdown_max: Duration,
    /// Rows in one page.
    pub page_rows_max: u64,
    /// How long a sign-in lasts.
    pub session: Duration,
    /// What signs session cookies.
    pub session_secret: Option<SecretString>,
    /// Wrong credentials from one address in a minute.
    pub login_attempts_max: u32,
    /// How dumps are compressed.
    pub dump_compression: Compression,
    /// The largest upload in bytes.
    pub upload_bytes_max: u64,
    /// The folder of the site's own migrations.
    pub post_restore_migrations: Option<PathBuf>,
    /// What becomes of a restore whose client has left.
    pub restore_unfollowed: Unfollowed,
    /// Whether a restore looks for room before it begins.
    pub restore_room: Room,
    /// How long a forgotten upload may lie.
    pub scratch_age: Duration,
    /// How long Redis keeps the lock of a server that has crashed.
    pub lock_ttl: Duration,
    /// What is done with old logs by itself.
    pub log_upkeep: Option<Upkeep>,
    /// How fast logs are deleted.
    pub cleanup_pace: Pace,
    /// Where backups and archived logs are kept, and who can read them.
    pub storage: storage::Options,
    /// When they are made and proved, and which are kept.
    pub backups: backups::Plan,
    /// Whether somebody who is no administrator is answered as if nobody had signed in.
    pub not_admin_is_401: bool,
    /// Whether X-Forwarded-For is believed.
    pub trust_proxy: bool,
}

/// How the log is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogStyle {
    /// For people.
    Pretty,
    /// For programs.
    Json,
}

/// A setting that cannot be used. The value is never part of the text: it may be a secret.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say it")]
pub enum SettingError {
    /// A file of settings that cannot be read.
    #[error("the settings file {path}: {problem}")]
    File { path: PathBuf, problem: String },
    /// A name that means nothing.
    #[error("{path}: there is no setting `{name}`; `decant serve --help` lists them")]
    Unknown { path: PathBuf, name: String },
    /// A value that cannot be used.
    #[error("the setting {name} {problem}")]
    Invalid { name: &'static str, problem: String },
}

/// The settings as text, for `--help`.
#[must_use]
pub fn help() -> String {
    let mut text =
        String::from("Settings (environment variables, or the same names in the TOML file of --config):\n");
    for (name, default, what) in KNOWN {
        let _ = writeln!(text, "  {name}\n      {what} [{default}]");
    }
    text
}

/// What was said, before it is understood.
struct Given {
    environment: fn(&str) -> Option<String>,
    file: BTreeMap<String, String>,
}

impl Settings {
    /// Reads the environment, and the file if one is named.
    ///
    /// # Errors
    /// [`SettingError`] naming the setting and what is wrong with it.
    pub fn load(file: Option<&Path>) -> Result<Self, SettingError> {
        let file = file.map(read_file).transpose()?.unwrap_or_default();
        Self::from_given(&Given {
            environment: |name| std::env::var(name).ok(),
            file,
        })
    }

    fn from_given(given: &Given) -> Result<Self, SettingError> {
        let seconds = |name, default| given.parse(name, default).map(Duration::from_secs);
        let at_least_one = |name, default| match given.parse(name, default)? {
            0 => Err(SettingError::Invalid {
                name,
                problem: "must be at least 1".into(),
            }),
            number => Ok(number),
        };
        let data_dir = given
            .text("DECANT_DATA_DIR")
            .map_or_else(decant_embedded::default_data_dir, PathBuf::from);
        let storage = storage::Options {
            location: given
                .optional("STORAGE_URL")?
                .unwrap_or_else(|| Location::Folder(data_dir.join("storage"))),
            encryption: Arc::new(backup_encryption(given)?),
        };
        let zone = given.parse("DECANT_SCHEDULE_ZONE", Zone::default())?;
        let terminal = std::io::IsTerminal::is_terminal(&std::io::stderr());
        Ok(Self {
            dsn: given.optional("DSN")?,
            state_dsn: given.optional("STATE_DSN")?,
            admin_token: given.secret("ADMIN_TOKEN", 16)?,
            jwt_secret: given.secret("JWT_SECRET", 32)?,
            jwks_file: given.text("JWKS_FILE").map(PathBuf::from),
            redis: given
                .text("REDIS_URL")
                .map(|url| parse_redis_url(&url))
                .transpose()?,
            listen: given.parse("DECANT_LISTEN", SocketAddr::from(([127, 0, 0, 1], 8080)))?,
            data_dir,
            datasets_dir: given.text("DECANT_DATASETS_DIR").map(PathBuf::from),
            demo_rows: given.parse("DECANT_DEMO_ROWS", 100_000)?,
            log: given.parse(
                "DECANT_LOG",
                if terminal {
                    LogStyle::Pretty
                } else {
                    LogStyle::Json
                },
            )?,
            log_filter: given
                .text("DECANT_LOG_FILTER")
                .unwrap_or_else(|| "info".to_owned()),
            exports_max: at_least_one("DECANT_EXPORTS_MAX", 8)?,
            connections_max: at_least_one("DECANT_CONNECTIONS_MAX", 8)?,
            wait_max: seconds("DECANT_WAIT_SECONDS", 10)?,
            query_max: seconds("DECANT_QUERY_SECONDS", 60)?,
            heartbeat: Duration::from_secs(at_least_one("DECANT_HEARTBEAT_SECONDS", 10)?.into()),
            shutdown_max: seconds("DECANT_SHUTDOWN_SECONDS", 30)?,
            page_rows_max: at_least_one("DECANT_PAGE_ROWS_MAX", 500)?.into(),
            session: Duration::from_secs(u64::from(at_least_one("DECANT_SESSION_HOURS", 12)?) * 3600),
            session_secret: given.secret("DECANT_SESSION_SECRET", 32)?,
            login_attempts_max: at_least_one("DECANT_LOGIN_ATTEMPTS_MAX", 10)?,
            dump_compression: given.parse("DECANT_DUMP_COMPRESSION", Compression::default())?,
            upload_bytes_max: u64::from(at_least_one("DECANT_UPLOAD_MAX_MB", 500)?) * 1024 * 1024,
            post_restore_migrations: given.text("DECANT_POST_RESTORE_MIGRATIONS").map(PathBuf::from),
            restore_unfollowed: given.parse("DECANT_RESTORE_UNFOLLOWED", Unfollowed::default())?,
            restore_room: given.parse("DECANT_RESTORE_ROOM", Room::default())?,
            scratch_age: Duration::from_secs(at_least_one("DECANT_SCRATCH_SECONDS", 21_600)?.into()),
            lock_ttl: Duration::from_secs(at_least_one("DECANT_LOCK_SECONDS", 300)?.into()),
            log_upkeep: log_upkeep(given, &zone)?,
            cleanup_pace: Pace {
                batch_rows: at_least_one("DECANT_CLEANUP_BATCH_ROWS", 10_000)?,
                pause: Duration::from_millis(given.parse("DECANT_CLEANUP_PAUSE_MS", 100)?),
            },
            storage,
            backups: backups::Plan {
                make: given.schedule("DECANT_BACKUP_AT", &zone)?,
                mode: given.parse("DECANT_BACKUP_MODE", Mode::Full)?,
                prove: given.schedule("DECANT_BACKUP_PROOF_AT", &zone)?,
                keep: given.parse("DECANT_BACKUP_KEEP", Keep::default())?,
            },
            not_admin_is_401: match given.parse("DECANT_NOT_ADMIN_STATUS", 403)? {
                401 => true,
                403 => false,
                _ => {
                    return Err(SettingError::Invalid {
                        name: "DECANT_NOT_ADMIN_STATUS",
                        problem: "must be 403 or 401".into(),
                    });
                }
            },
            trust_proxy: given.parse("DECANT_TRUST_PROXY", false)?,
        })
    }
}

/// What the settings of scheduled clean-ups say; all of them are read, so that a wrong one is not found years later.
fn log_upkeep(given: &Given, zone: &Zone) -> Result<Option<Upkeep>, SettingError> {
    let invalid = |name, problem: String| SettingError::Invalid { name, problem };
    let schedule = match given.schedule("DECANT_LOG_CLEANUP_AT", zone)? {
        Some(schedule) => schedule,
        None => Schedule::parse("02:00", zone.clone()).expect("this is a time of day"),
    };
    let manner = Manner {
        archive_first: given.parse("DECANT_LOG_CLEANUP_ARCHIVE", true)?,
        without_statistics: given.parse("DECANT_LOG_CLEANUP_WITHOUT_STATISTICS", false)?,
    };
    let Some(days) = given.text("DECANT_LOG_CLEANUP_DAYS") else {
        return Ok(None);
    };
    let days = days
        .trim()
        .parse()
        .ok()
        .filter(|days| (1..=DAYS_MAX).contains(days));
    let days = days.ok_or_else(|| {
        let problem = format!("must be a whole number from 1 to {DAYS_MAX}");
        invalid("DECANT_LOG_CLEANUP_DAYS", problem)
    })?;
    Ok(Some(Upkeep {
        days,
        schedule,
        manner,
    }))
}

impl Given {
    /// The value as text; a blank one is as good as none.
    fn text(&self, name: &'static str) -> Option<String> {
        debug_assert!(
            KNOWN.iter().any(|(known, ..)| *known == name),
            "{name} is not listed"
        );
        let value = (self.environment)(name).or_else(|| self.file.get(name).cloned());
        value.filter(|value| !value.trim().is_empty())
    }

    fn parse<T: FromStr<Err: std::fmt::Display>>(
        &self,
        name: &'static str,
        default: T,
    ) -> Result<T, SettingError> {
        Ok(self.optional(name)?.unwrap_or(default))
    }

    fn optional<T: FromStr<Err: std::fmt::Display>>(
        &self,
        name: &'static str,
    ) -> Result<Option<T>, SettingError> {
        let parse = |value: String| {
            value
                .trim()
                .parse()
                .map_err(|error: T::Err| SettingError::Invalid {
                    name,
                    problem: format!("cannot be used: {error}"),
                })
        };
        self.text(name).map(parse).transpose()
    }

    fn schedule(&self, name: &'static str, zone: &Zone) -> Result<Option<Schedule>, SettingError> {
        let parse = |text: String| {
            Schedule::parse(&text, zone.clone()).map_err(|error| SettingError::Invalid {
                name,
                problem: format!("cannot be used: {error}"),
            })
        };
        self.text(name).map(parse).transpose()
    }

    fn secret(&self, name: &'static str, length_min: usize) -> Result<Option<SecretString>, SettingError> {
        match self.text(name).map(SecretString::from) {
            Some(secret) if secret.expose_secret().chars().count() < length_min => {
                let problem = format!("is too short: it needs at least {length_min} characters");
                Err(SettingError::Invalid { name, problem })
            }
            secret => Ok(secret),
        }
    }
}

impl FromStr for LogStyle {
    type Err = String;

    fn from_str(value: &str) -> Result<Self, String> {
        match value {
            "pretty" => Ok(Self::Pretty),
            "json" => Ok(Self::Json),
            _ => Err("it is neither `pretty` nor `json`".into()),
        }
    }
}

fn backup_encryption(given: &Given) -> Result<Encryption, SettingError> {
    const RECIPIENTS: &str = "DECANT_BACKUP_RECIPIENTS";
    const IDENTITIES: &str = "DECANT_BACKUP_IDENTITY_FILE";
    let invalid = |name, problem: String| SettingError::Invalid { name, problem };
    let identities = given
        .text(IDENTITIES)
        .map(|path| encryption::read_identities(Path::new(path.trim())))
        .transpose()
        .map_err(|problem| invalid(IDENTITIES, problem))?;
    match (
        given.secret("DECANT_BACKUP_PASSPHRASE", 16)?,
        given.text(RECIPIENTS),
        identities,
    ) {
        (None, None, None) => Ok(Encryption::None),
        (Some(passphrase), None, None) => Ok(Encryption::Passphrase(passphrase)),
        (None, Some(recipients), identities) => Ok(Encryption::Keys {
            recipients: encryption::parse_recipients(&recipients)
                .map_err(|problem| invalid(RECIPIENTS, problem))?,
            identities: identities.unwrap_or_default(),
        }),
        (Some(_), ..) => Err(invalid(
            "DECANT_BACKUP_PASSPHRASE",
            "cannot be used together with keys; choose one of them".into(),
        )),
        (None, None, Some(_)) => Err(invalid(
            IDENTITIES,
            "needs DECANT_BACKUP_RECIPIENTS, the public keys that backups are encrypted for".into(),
        )),
    }
}

fn parse_redis_url(url: &str) -> Result<redis::Client, SettingError> {
    // The parser's own words may quote a part of the address.
    redis::Client::open(url.trim()).map_err(|_| SettingError::Invalid {
        name: "REDIS_URL",
        problem: "is not a Redis address: redis://user:password@host:6379/0, rediss://… for TLS, or \
                  unix:///path/to/socket; a character that has a meaning in an address is written percent-encoded"
            .into(),
    })
}

fn read_file(path: &Path) -> Result<BTreeMap<String, String>, SettingError> {
    let wrong = |problem: String| SettingError::File {
        path: path.to_owned(),
        problem,
    };
    let text = std::fs::read_to_string(path).map_err(|error| wrong(format!("cannot be read: {error}")))?;
    // TOML's own message quotes the line, which may hold a secret: only where it is, is told.
    let table: toml::Table = text.parse().map_err(|error: toml::de::Error| {
        let line = error
            .span()
            .map_or(0, |span| text[..span.start].matches('\n').count() + 1);
        wrong(format!("is not TOML in line {line}: {}", error.message()))
    })?;
    let entry = |(name, value): (String, toml::Value)| {
        if !KNOWN.iter().any(|(known, ..)| *known == name) {
            return Err(SettingError::Unknown {
                path: path.to_owned(),
                name,
            });
        }
        match value {
            toml::Value::String(text) => Ok((name, text)),
            toml::Value::Integer(number) => Ok((name, number.to_string())),
            toml::Value::Boolean(flag) => Ok((name, flag.to_string())),
            _ => Err(wrong(format!(
                "`{name}` must be a text, a whole number or true/false"
            ))),
        }
    };
    table.into_iter().map(entry).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(pairs: &[(&str, &str)]) -> Result<Settings, SettingError> {
        let file = pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        Settings::from_given(&Given {
            environment: |_| None,
            file,
        })
    }

    #[test]
    fn every_setting_has_a_default() {
        let settings = settings(&[]).unwrap();
        assert_eq!(settings.listen.to_string(), "127.0.0.1:8080");
        assert!(settings.dsn.is_none());
    }

    #[test]
    fn both_url_forms_sockets_and_encoded_passwords_are_understood() {
        for dsn in [
            "postgres://u:p%40ss@db.example:5433/name?sslmode=require",
            "postgresql://u@localhost/name",
            "postgres:///name?host=/run/pg",
            "postgres://%2Frun%2Fpg/name",
        ] {
            assert!(settings(&[("DSN", dsn)]).unwrap().dsn.is_some(), "{dsn}");
        }
    }

    #[test]
    fn a_wrong_setting_is_named_and_its_value_is_not_shown() {
        for (name, value) in [
            ("DSN", "mysql://root:hunter2@localhost/x"),
            ("DSN", "postgres://u:hunter2@localhost:notaport/x"),
            ("DSN", "postgres://u:hunter2@localhost/x?sslmode=sometimes"),
            ("ADMIN_TOKEN", "hunter2"),
            ("REDIS_URL", "http://:hunter2@localhost"),
            ("REDIS_URL", "redis://:hunter2@localhost/first"),
            ("DECANT_LISTEN", "hunter2"),
            ("DECANT_EXPORTS_MAX", "0"),
            ("DECANT_LOG", "loud"),
            ("DECANT_LOG_CLEANUP_DAYS", "0"),
            ("DECANT_LOG_CLEANUP_AT", "sometimes"),
            ("DECANT_CLEANUP_BATCH_ROWS", "0"),
        ] {
            let error = settings(&[(name, value)])
                .expect_err("it should be refused")
                .to_string();
            assert!(error.contains(name), "{error}");
            assert!(
                !error.contains("hunter2") && !error.contains("sometimes"),
                "{error}"
            );
        }
    }
}
