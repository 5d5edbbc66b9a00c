//! The settings: environment variables, or the same names in a TOML file. The environment has precedence.
//!
//! | module | content |
//! |---|---|
//! | `table` | one row for each setting |
//! | `given` | the texts from the environment and the file |
//! | `parse` | the parsers of values |
//!
//! This module fills the options of all domains. None of them imports it.

mod given;
mod parse;
mod table;

use std::fmt::Write as _;
use std::io::IsTerminal;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use lettre::message::Mailbox;
use secrecy::SecretString;
use url::Url;

use crate::base_path::BasePath;
use crate::database::cleanup::Batches;
use crate::database::cleanup::request::CleanupOptions;
use crate::database::cleanup::schedule::CleanupSchedule;
use crate::datasets::catalog::CatalogOptions;
use crate::dsn::Dsn;
use crate::exports::alerts;
use crate::exports::deliveries::{self, MailOptions, SmtpUrl};
use crate::exports::file_options::FileOptions;
use crate::hub_tables::HubTables;
use crate::monitor::redis_server::RedisServer;
use crate::schedule::{Pattern, Schedule};
use crate::source::Limits;
use crate::storage::Location;
use crate::storage::encryption::{Encryption, Identities, Recipients};
use crate::telemetry::{self, LogStyle};
use crate::{audit, auth, backups, database, exports, monitor, state, storage};
use given::{Given, read_file};
use table::{ROWS, Values};

pub use given::SettingError;

/// The address of a server without DECANT_LISTEN.
const DEFAULT_ADDRESS: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8080);

/// All settings, parsed, as the options of the domains that use them.
#[derive(Debug)]
pub struct Settings {
    /// The database to export from; `None`: the private PostgreSQL.
    pub dsn: Option<Dsn>,
    pub listen: SocketAddr,
    /// Where `decant work` shows its health and metrics.
    pub work_listen: Option<SocketAddr>,
    pub base_path: Option<BasePath>,
    pub shutdown_max: Duration,
    pub data_dir: PathBuf,
    pub datasets: CatalogOptions,
    /// Usage rows of a new private PostgreSQL.
    pub demo_rows: u64,
    pub redis: Option<redis::Client>,
    pub exports_per_caller: u32,
    pub queries_per_caller: u32,
    /// How long a membership of a workspace is kept.
    pub membership_kept: Duration,
    /// Streams of probes that run at the same time.
    pub streams_max: u32,
    pub streams_per_caller: u32,
    pub stall_max: Duration,
    pub page_rows_max: u64,
    pub heartbeat: Duration,
    pub upload_bytes_max: u64,
    /// Unfinished files are removed at this age.
    pub scratch_age: Duration,
    pub log: telemetry::Options,
    pub state: state::Options,
    pub audit: audit::Options,
    pub auth: auth::Options,
    pub source: Limits,
    pub database: database::Options,
    pub hub_tables: HubTables,
    pub log_cleanup: Option<CleanupSchedule>,
    pub storage: storage::Options,
    pub exports: exports::Options,
    /// Each Redis that a setting names.
    pub redis_servers: Vec<RedisServer>,
    pub monitor: monitor::Options,
    /// Wakes workers for background exports.
    pub export_redis: Option<redis::Client>,
    pub export_files: FileOptions,
    /// Files that leave by mail, and webhooks.
    pub deliveries: deliveries::Options,
    /// Alerts for operators.
    pub alerts: alerts::Options,
    pub backups: backups::Options,
}

/// Returns the list of all settings for `--help`.
#[must_use]
pub fn help() -> String {
    let mut text =
        String::from("Settings (environment variables, or the same names in the TOML file of --config):\n");
    for row in ROWS {
        let _ = writeln!(
            text,
            "  {}\n      {} [{}]",
            row.name,
            row.help,
            row.default_text()
        );
    }
    text
}

impl Settings {
    /// Reads the environment, and the file if one is named.
    ///
    /// # Errors
    /// [`SettingError`] with the name of the setting and the reason.
    pub fn load(file: Option<&Path>) -> Result<Self, SettingError> {
        let is_known = |name: &str| ROWS.iter().any(|row| row.name == name);
        let file = file
            .map(|file| read_file(file, is_known))
            .transpose()?
            .unwrap_or_default();
        Self::from_given(&Given {
            environment: |name| std::env::var(name).ok(),
            file,
        })
    }

    fn from_given(given: &Given) -> Result<Self, SettingError> {
        let values = Values::parse(given)?;
        let data_dir = values.data_dir.unwrap_or_else(decant_embedded::default_data_dir);
        let hub_tables = HubTables {
            schema: values.hub_schema,
            owner: values.hub_owner,
        };
        if let (false, Some(_)) = (values.built_in_datasets, values.log_cleanup_days) {
            return Err(SettingError::Invalid {
                name: "DECANT_LOG_CLEANUP_DAYS",
                problem: "needs the log of a hub, and DECANT_BUILT_IN_DATASETS is false".to_owned(),
            });
        }
        let redis_servers = [
            ("REDIS_URL", &values.redis),
            ("DECANT_REDIS_URL", &values.export_redis),
        ];
        let redis_servers = redis_servers.into_iter().filter_map(|(setting, client)| {
            let client = client.clone()?;
            Some(RedisServer { setting, client })
        });
        let redis_servers = redis_servers.collect();
        let export_redis = values.export_redis.or_else(|| values.redis.clone());
        let schedule = |pattern: Pattern| Schedule::new(pattern, values.schedule_zone.clone());
        Ok(Self {
            listen: values.listen.unwrap_or(DEFAULT_ADDRESS),
            work_listen: values.listen,
            base_path: values.base_path,
            shutdown_max: values.shutdown_max,
            datasets: CatalogOptions {
                folder: values.datasets_dir,
                built_in: values.built_in_datasets,
            },
            demo_rows: values.demo_rows,
            redis: values.redis.clone(),
            exports_per_caller: values.exports_per_caller,
            queries_per_caller: values.queries_per_caller,
            membership_kept: values.membership_kept,
            streams_max: values.streams_max,
            streams_per_caller: values.streams_per_caller,
            stall_max: values.stall_max,
            page_rows_max: values.page_rows_max.into(),
            heartbeat: values.heartbeat,
            upload_bytes_max: values.upload_bytes_max,
            scratch_age: values.scratch_age,
            log: telemetry::Options {
                style: values.log_style.unwrap_or_else(default_log_style),
                filter: values.log_filter,
            },
            state: values.state.unwrap_or(state::Options::Private),
            audit: audit::Options {
                waiting_max: values.audit_waiting_max.try_into().unwrap_or(usize::MAX),
                of_caller_max: values.audit_of_caller_max.into(),
                kept: values
                    .audit_days
                    .map(|days| Duration::from_secs(u64::from(days) * 24 * 60 * 60)),
            },
            auth: auth::Options {
                admin_token: values.admin_token,
                internal_token: values.internal_token,
                jwt_secret: values.jwt_secret,
                jwks_file: values.jwks_file,
                token_rules: auth::TokenRules {
                    audience: values.jwt_audience,
                    issuer: values.jwt_issuer,
                    are_hub_users: values.jwt_hub_users,
                },
                session_secret: values.session_secret,
                session_lifetime: values.session_lifetime,
                sign_outs_max: values.sign_outs_max.try_into().unwrap_or(usize::MAX),
                login_attempts_max: values.login_attempts_max,
                trust_proxy: values.trust_proxy,
                not_admin_is_401: values.not_admin_is_401,
            },
            source: Limits {
                exports_max: values.exports_max,
                queries_max: values.connections_max,
                wait_max: values.wait_max,
                query_max: values.query_max,
            },
            database: database::Options {
                data_dir: data_dir.clone(),
                redis: values.redis,
                lock_ttl: values.lock_ttl,
                dump_compression: values.dump_compression,
                safety_dumps: values.safety_dumps.try_into().unwrap_or(usize::MAX),
                post_restore_migrations: values.post_restore_migrations,
                on_disconnect: values.unfollowed,
                disk_space: values.room,
                hub_tables: hub_tables.clone(),
                disk_reserve: values.disk_reserve,
                cleanup_batches: Batches {
                    rows_max: values.cleanup_batch_rows,
                    pause: values.cleanup_pause,
                },
            },
            hub_tables,
            log_cleanup: values.log_cleanup_days.map(|days| CleanupSchedule {
                days,
                schedule: schedule(values.log_cleanup_at),
                options: CleanupOptions {
                    archive_first: values.log_cleanup_archive,
                    without_statistics: values.log_cleanup_without_statistics,
                },
            }),
            storage: storage::Options {
                location: values
                    .storage
                    .unwrap_or_else(|| Location::Folder(data_dir.join("storage"))),
                encryption: Arc::new(encryption(
                    &OF_BACKUPS,
                    values.backup_passphrase,
                    values.backup_recipients,
                    values.backup_identities,
                )?),
                data_dir: data_dir.clone(),
                manifest_secret: values.backup_secret,
                reserve: values.disk_reserve,
            },
            exports: exports::Options {
                rate_limit: Some(values.export_rate_limit).filter(|limit| *limit > 0),
                per_user: values.exports_per_user,
                per_workspace: values.exports_per_workspace,
                workers: values.workers,
                at_once: values.work_at_once,
                bytes_max: values.export_max_size,
                compression: values.export_compression,
                conversation_threshold: values.conversation_threshold,
                templates_max: values.export_templates_max,
                background_rows: values.background_rows,
                retention_hours: values.export_retention_days * 24,
                conversation_retention_hours: values.conversation_retention_hours,
                workspace_retention_hours: values.workspace_retention_hours,
                retention_hours_max: values.export_retention_max_days * 24,
                user_quota: values.user_quota,
                workspace_quota: values.workspace_quota,
                lease: values.export_lease,
                poll: values.export_poll,
                retry_after: values.export_retry,
                schedule_tick: values.schedule_tick,
                schedule_interval: values.schedule_interval,
                schedule_grace: values.schedule_grace,
                schedules_per_user: values.schedules_per_user,
                wait_max: values.wait_max,
            },
            redis_servers,
            monitor: monitor::Options {
                token: values.metrics_token,
            },
            export_redis,
            export_files: FileOptions {
                encryption: Arc::new(encryption(
                    &OF_EXPORTS,
                    values.export_passphrase,
                    values.export_recipients,
                    values.export_identities,
                )?),
                cleanup_schedule: schedule(values.export_cleanup_at),
                records_kept: Duration::from_secs(u64::from(values.export_records_days) * 24 * 60 * 60),
                link_secret: values.link_secret,
                receipt_secret: values.receipt_secret,
                links: values.storage_links,
            },
            alerts: alerts(
                values.alert_window,
                values.alert_webhook,
                values.webhook_secret.as_ref(),
            )?,
            deliveries: deliveries::Options {
                mail: mail(
                    values.smtp,
                    values.mail_from,
                    values.mail_domains,
                    values.mail_attach_max,
                )?,
                allowed_hosts: values.webhook_allow.unwrap_or_default(),
                webhook_secret: values.webhook_secret,
                public_url: values.public_url,
                link_lifetime: Duration::from_secs(u64::from(values.mail_link_hours) * 60 * 60),
                retry_after: values.delivery_retry,
            },
            backups: backups::Options {
                schedule: values.backup_at.map(schedule),
                mode: values.backup_mode,
                retention: values.backup_keep,
                proof_schedule: values.backup_proof_at.map(schedule),
            },
            dsn: values.dsn,
            data_dir,
        })
    }
}

fn default_log_style() -> LogStyle {
    match std::io::stderr().is_terminal() {
        true => LogStyle::Pretty,
        false => LogStyle::Json,
    }
}

/// Returns the settings of alerts. Requests to the webhook are signed.
fn alerts(
    window: Duration,
    webhook: Option<Url>,
    secret: Option<&SecretString>,
) -> Result<alerts::Options, SettingError> {
    match webhook.is_some() && secret.is_none() {
        true => Err(SettingError::Invalid {
            name: "DECANT_ALERT_WEBHOOK",
            problem: "needs DECANT_WEBHOOK_SECRET, which signs its requests".to_owned(),
        }),
        false => Ok(alerts::Options { window, webhook }),
    }
}

/// Returns how mail is sent, if it is.
fn mail(
    smtp: Option<SmtpUrl>,
    from: Option<Mailbox>,
    domains: Option<Vec<String>>,
    attachment_max: u64,
) -> Result<Option<MailOptions>, SettingError> {
    let Some(smtp) = smtp else {
        return Ok(None);
    };
    let from = from.ok_or_else(|| SettingError::Invalid {
        name: "SMTP_URL",
        problem: "needs DECANT_MAIL_FROM, the sender of mails".to_owned(),
    })?;
    Ok(Some(MailOptions {
        smtp,
        from,
        domains: domains.unwrap_or_default(),
        attachment_max,
    }))
}

/// The names of the settings of one encryption.
struct EncryptionSettings {
    passphrase: &'static str,
    identities: &'static str,
    identities_alone: &'static str,
}

const OF_BACKUPS: EncryptionSettings = EncryptionSettings {
    passphrase: "DECANT_BACKUP_PASSPHRASE",
    identities: "DECANT_BACKUP_IDENTITY_FILE",
    identities_alone: "needs DECANT_BACKUP_RECIPIENTS, the public keys that backups are encrypted for",
};

const OF_EXPORTS: EncryptionSettings = EncryptionSettings {
    passphrase: "DECANT_EXPORT_PASSPHRASE",
    identities: "DECANT_EXPORT_IDENTITY_FILE",
    identities_alone: "needs DECANT_EXPORT_RECIPIENTS, the public keys that exports are encrypted for",
};

fn encryption(
    names: &EncryptionSettings,
    passphrase: Option<SecretString>,
    recipients: Option<Recipients>,
    identities: Option<Identities>,
) -> Result<Encryption, SettingError> {
    let (name, problem) = match (passphrase, recipients, identities) {
        (None, None, None) => return Ok(Encryption::None),
        (Some(passphrase), None, None) => return Ok(Encryption::Passphrase(passphrase)),
        (None, Some(recipients), identities) => {
            return Ok(Encryption::Keys {
                recipients,
                identities: identities.unwrap_or_default(),
            });
        }
        (Some(_), ..) => (
            names.passphrase,
            "cannot be used together with keys; choose one of them",
        ),
        (None, None, Some(_)) => (names.identities, names.identities_alone),
    };
    let problem = problem.to_owned();
    Err(SettingError::Invalid { name, problem })
}

#[cfg(test)]
mod tests {
    use super::table::PrintedDefault;
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

    /// With UPDATE_README=1 in the environment, this test writes the table.
    #[test]
    fn the_readme_has_the_table_of_settings() {
        const README: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../README.md");
        const MARKS: [&str; 2] = ["<!-- settings -->\n", "<!-- /settings -->"];
        let mut expected = "\n| setting | default | meaning |\n|---|---|---|\n".to_owned();
        for row in ROWS {
            let default = match row.default {
                PrintedDefault::Value(text) => format!("`{text}`"),
                PrintedDefault::Unset(text) => text.to_owned(),
            };
            let _ = writeln!(expected, "| `{}` | {default} | {} |", row.name, row.help);
        }
        expected.push('\n');
        let readme = std::fs::read_to_string(README).unwrap();
        let (before, rest) = readme.split_once(MARKS[0]).unwrap();
        let (table, after) = rest.split_once(MARKS[1]).unwrap();
        if std::env::var_os("UPDATE_README").is_some() {
            let updated = [before, MARKS[0], &expected, MARKS[1], after].concat();
            std::fs::write(README, updated).unwrap();
        } else {
            assert_eq!(table, expected, "run this test with UPDATE_README=1");
        }
    }

    #[test]
    fn every_printed_default_is_in_force() {
        let defaults = settings(&[]).unwrap();
        let (auth, storage) = (&defaults.auth, &defaults.storage);
        for row in ROWS {
            let name = row.name;
            let is_in_force = match row.default {
                PrintedDefault::Value(text) => {
                    let explicit = settings(&[(name, text)]).unwrap();
                    format!("{explicit:?}") == format!("{defaults:?}")
                }
                PrintedDefault::Unset(text) => match (name, text.starts_with("none")) {
                    ("DSN", _) => defaults.dsn.is_none(),
                    ("DECANT_LISTEN", _) => {
                        defaults.listen.to_string() == "127.0.0.1:8080" && defaults.work_listen.is_none()
                    }
                    ("DECANT_METRICS_TOKEN", true) => defaults.monitor.token.is_none(),
                    ("STATE_DSN", _) => matches!(defaults.state, state::Options::Private),
                    ("DECANT_AUDIT_DAYS", true) => defaults.audit.kept.is_none(),
                    ("ADMIN_TOKEN", true) => auth.admin_token.is_none(),
                    ("DECANT_INTERNAL_TOKEN", true) => auth.internal_token.is_none(),
                    ("JWT_SECRET", true) => auth.jwt_secret.is_none(),
                    ("JWKS_FILE", true) => auth.jwks_file.is_none(),
                    ("JWT_AUDIENCE", true) => auth.token_rules.audience.is_none(),
                    ("JWT_ISSUER", true) => auth.token_rules.issuer.is_none(),
                    ("REDIS_URL", true) => defaults.redis.is_none() && defaults.database.redis.is_none(),
                    ("STORAGE_URL", _) => {
                        storage.location == Location::Folder(defaults.data_dir.join("storage"))
                    }
                    ("DECANT_BASE_PATH", true) => defaults.base_path.is_none(),
                    ("DECANT_DATA_DIR", _) => defaults.data_dir == decant_embedded::default_data_dir(),
                    ("DECANT_DATASETS_DIR", true) => defaults.datasets.folder.is_none(),
                    ("DECANT_HUB_OWNER", true) => defaults.hub_tables.owner.is_none(),
                    ("DECANT_LOG", _) => defaults.log.style == default_log_style(),
                    ("DECANT_SESSION_SECRET", _) => auth.session_secret.is_none(),
                    ("DECANT_BACKUP_SECRET", _) => storage.manifest_secret.is_none(),
                    ("DECANT_POST_RESTORE_MIGRATIONS", true) => {
                        defaults.database.post_restore_migrations.is_none()
                    }
                    ("DECANT_LOG_CLEANUP_DAYS", true) => defaults.log_cleanup.is_none(),
                    ("DECANT_BACKUP_AT", true) => defaults.backups.schedule.is_none(),
                    ("DECANT_BACKUP_PROOF_AT", true) => defaults.backups.proof_schedule.is_none(),
                    ("DECANT_REDIS_URL", _) => defaults.export_redis.is_none(),
                    ("DECANT_USER_QUOTA_MB", true) => defaults.exports.user_quota.is_none(),
                    ("DECANT_WORKSPACE_QUOTA_MB", true) => defaults.exports.workspace_quota.is_none(),
                    ("DECANT_ALERT_WEBHOOK", true) => defaults.alerts.webhook.is_none(),
                    ("DECANT_LINK_SECRET", _) => defaults.export_files.link_secret.is_none(),
                    ("DECANT_RECEIPT_KEY", _) => defaults.export_files.receipt_secret.is_none(),
                    ("SMTP_URL" | "DECANT_MAIL_FROM" | "DECANT_MAIL_DOMAINS", true) => {
                        defaults.deliveries.mail.is_none()
                    }
                    ("DECANT_PUBLIC_URL", true) => defaults.deliveries.public_url.is_none(),
                    ("DECANT_WEBHOOK_ALLOW", true) => defaults.deliveries.allowed_hosts.is_empty(),
                    ("DECANT_WEBHOOK_SECRET", true) => defaults.deliveries.webhook_secret.is_none(),
                    (
                        "DECANT_EXPORT_PASSPHRASE"
                        | "DECANT_EXPORT_RECIPIENTS"
                        | "DECANT_EXPORT_IDENTITY_FILE",
                        true,
                    ) => !defaults.export_files.encryption.is_on(),
                    (
                        "DECANT_BACKUP_PASSPHRASE"
                        | "DECANT_BACKUP_RECIPIENTS"
                        | "DECANT_BACKUP_IDENTITY_FILE",
                        true,
                    ) => matches!(*storage.encryption, Encryption::None),
                    _ => panic!("{name} has no check of its default here"),
                },
            };
            assert!(is_in_force, "{name} = {}", row.default_text());
        }
        let off = settings(&[("STATE_DSN", "none")]).unwrap();
        assert!(matches!(off.state, state::Options::Off));
    }

    /// A default is only shown by [`every_printed_default_is_in_force`] to be in force if the setting has an effect.
    #[test]
    fn every_setting_with_a_default_has_an_effect() {
        for row in ROWS {
            let other = match (row.name, &row.default) {
                ("DECANT_LOG_CLEANUP_AT" | "EXPORT_CLEANUP_AT", _) => "03:00",
                ("DECANT_STORAGE_LINKS", _) => "direct",
                ("EXPORT_RETENTION_DAYS", _) => "8",
                (_, PrintedDefault::Value("false")) => "true",
                (_, PrintedDefault::Value("true")) => "false",
                ("DECANT_DUMP_COMPRESSION", _) => "none",
                ("DECANT_RESTORE_UNFOLLOWED", _) => "stop",
                ("DECANT_RESTORE_ROOM", _) => "ignore",
                ("DECANT_BACKUP_MODE", _) => "excludeLogs",
                ("DECANT_BACKUP_KEEP", _) => "last=1",
                ("DECANT_SCHEDULE_ZONE", _) => "Asia/Shanghai",
                ("DECANT_NOT_ADMIN_STATUS", _) => "401",
                ("DECANT_LOG_FILTER", _) => "warn",
                (_, PrintedDefault::Value(_)) => "7",
                (_, PrintedDefault::Unset(_)) => continue,
            };
            // The schedule of clean-ups and the zone show only with a schedule, which needs a hub.
            let schedule = match row.name {
                "DECANT_MAIL_ATTACH_MAX_MB" => ("SMTP_URL", "smtp://localhost"),
                "DECANT_BUILT_IN_DATASETS" => ("DECANT_BACKUP_AT", "03:00"),
                _ => ("DECANT_LOG_CLEANUP_DAYS", "30"),
            };
            let sender = ("DECANT_MAIL_FROM", "decant@example.com");
            let scheduled = [sender, schedule, (row.name, other)];
            let changed = settings(&scheduled).unwrap();
            let unchanged = settings(&scheduled[..2]).unwrap();
            assert_ne!(format!("{changed:?}"), format!("{unchanged:?}"), "{}", row.name);
        }
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
            ("STATE_DSN", "off:hunter2"),
            ("DECANT_AUDIT_DAYS", "0"),
            ("ADMIN_TOKEN", "hunter2"),
            ("REDIS_URL", "http://:hunter2@localhost"),
            ("REDIS_URL", "redis://:hunter2@localhost/first"),
            ("DECANT_LISTEN", "hunter2"),
            ("DECANT_EXPORTS_MAX", "0"),
            ("DECANT_LOG", "loud"),
            ("DECANT_LOG_CLEANUP_DAYS", "0"),
            ("DECANT_LOG_CLEANUP_AT", "sometimes"),
            ("DECANT_CLEANUP_BATCH_ROWS", "0"),
            ("SMTP_URL", "http://u:hunter2@localhost"),
            ("SMTP_URL", "smtp://u:hunter2@localhost"),
            ("DECANT_MAIL_DOMAINS", "hunter2@example.com"),
            ("DECANT_PUBLIC_URL", "https://u:hunter2@example.com"),
            ("DECANT_WEBHOOK_SECRET", "hunter2"),
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
