//! All settings, one row each. Parsing, defaults, `decant serve --help` and the README's table come from these rows.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use api::database::DumpMode;
use lettre::message::Mailbox;
use secrecy::SecretString;
use url::Url;
use wasm_export::Zone;

use super::given::{Given, SettingError};
use super::parse::{
    at_least_one, at_least_one_minute, at_least_one_second, bytes, days, flag, from_str, megabytes,
    megabytes_or_none, milliseconds, name, number, path, redis_url, seconds, secret, session_hours,
    socket_address, status_401, text, word,
};
use crate::backups::retention::RetentionPolicy;
use crate::base_path::BasePath;
use crate::database::dump::Compression;
use crate::database::restore::OnDisconnect;
use crate::database::restore::disk_space::DiskSpaceCheck;
use crate::dsn::Dsn;
use crate::exports::alerts::parse_webhook;
use crate::exports::deliveries::{PublicUrl, SmtpUrl, parse_domains, parse_hosts, parse_sender};
use crate::exports::file_options::StorageLinks;
use crate::hub_tables::Name;
use crate::schedule::Pattern;
use crate::state;
use crate::storage::Location;
use crate::storage::encryption::{Identities, Recipients, parse_recipients, read_identities};
use crate::telemetry::LogStyle;

/// The part of a setting that people read.
#[derive(Debug)]
pub(super) struct Row {
    pub name: &'static str,
    pub default: PrintedDefault,
    pub help: &'static str,
}

#[derive(Debug)]
pub(super) enum PrintedDefault {
    /// Parsed like a value that is set.
    Value(&'static str),
    /// Explains what an unset value means.
    Unset(&'static str),
}

impl Row {
    pub fn default_text(&self) -> &'static str {
        match self.default {
            PrintedDefault::Value(text) | PrintedDefault::Unset(text) => text,
        }
    }
}

/// Declares `ROWS` and `Values`. A row is `field: Type = NAME, default or unset "text", parser, "help"`; the field of an
/// `unset` row is an `Option`.
macro_rules! settings {
    ($($field:ident: $type:ty = $name:ident, $kind:ident $default:literal, $parse:expr, $help:literal;)*) => {
        pub(super) const ROWS: &[Row] = &[$(
            Row { name: stringify!($name), default: settings!(@default $kind $default), help: $help },
        )*];

        /// The parsed value of every setting.
        pub(super) struct Values {
            $(pub $field: $type,)*
        }

        impl Values {
            /// # Errors
            /// [`SettingError::Invalid`] for the first setting that cannot be used.
            pub fn parse(given: &Given) -> Result<Self, SettingError> {
                Ok(Self {
                    $($field: settings!(@value given $kind stringify!($name), $default, $parse),)*
                })
            }
        }
    };
    (@default default $text:literal) => { PrintedDefault::Value($text) };
    (@default unset $text:literal) => { PrintedDefault::Unset($text) };
    (@value $given:ident default $name:expr, $default:literal, $parse:expr) => {
        $given.value_or($name, $default, $parse)?
    };
    (@value $given:ident unset $name:expr, $default:literal, $parse:expr) => {
        $given.value($name, $parse)?
    };
}

settings! {
    dsn: Option<Dsn> = DSN, unset "a private PostgreSQL with demo data", from_str,
        "PostgreSQL database to export from: postgres://user:password@host:5432/database?sslmode=require, or \
         ?host=/socket/folder";
    state: Option<state::Options> = STATE_DSN, unset "the database decant_state of the private PostgreSQL", from_str,
        "PostgreSQL database for Decant's own tables: audit records, sign-outs, counted wrong credentials. It must not be \
         the database of DSN. Several servers may share it. none turns it off";
    audit_waiting_max: u32 = DECANT_AUDIT_WAITING_MAX, default "10000", at_least_one,
        "Audit records that wait in memory while the state database is away; further ones are counted and dropped";
    audit_of_caller_max: u32 = DECANT_AUDIT_PER_CALLER, default "100", at_least_one,
        "Audit records of one caller and action within a minute; those after them are one record with their number";
    audit_days: Option<u32> = DECANT_AUDIT_DAYS, unset "none: audit records are kept", days,
        "Audit records that are older than this number of days are removed";
    admin_token: Option<SecretString> = ADMIN_TOKEN, unset "none; generated for the private PostgreSQL", secret::<16>,
        "Token that signs in the administrator; at least 16 characters";
    jwt_secret: Option<SecretString> = JWT_SECRET, unset "none", secret::<32>,
        "Decant accepts bearer tokens that are signed with this secret (HS256); at least 32 characters";
    jwks_file: Option<PathBuf> = JWKS_FILE, unset "none", path,
        "Decant accepts bearer tokens that are signed with a key of this JSON Web Key Set. Set JWT_AUDIENCE as well";
    jwt_audience: Option<String> = JWT_AUDIENCE, unset "none: a bearer token with aud is refused", name,
        "Decant accepts only bearer tokens whose aud contains this value";
    jwt_issuer: Option<String> = JWT_ISSUER, unset "none: any", name,
        "Decant accepts only bearer tokens whose iss is this value";
    jwt_hub_users: bool = JWT_HUB_USERS, default "false", flag,
        "Whether a bearer token whose sub is the id of an enabled user of the hub gives this user's rows. Set it only if the \
         issuer takes its sub from the hub";
    redis: Option<redis::Client> = REDIS_URL, unset "none", redis_url,
        "The hub's Redis, which has the stored requests of sessions: redis://user:password@host:6379/0, rediss:// for \
         TLS";
    storage: Option<Location> = STORAGE_URL, unset "the folder storage in the data folder", from_str,
        "Storage of backups and archives: file:///folder or s3://bucket/prefix. S3 needs AWS_ACCESS_KEY_ID, \
         AWS_SECRET_ACCESS_KEY, AWS_REGION and, for another service than Amazon's, AWS_ENDPOINT_URL";
    listen: Option<SocketAddr> = DECANT_LISTEN, unset "127.0.0.1:8080; `decant work` has none", socket_address,
        "Address and port of the server; port 0 takes a free port. With it, `decant work` answers there /healthz, /readyz and \
         /metrics";
    base_path: Option<BasePath> = DECANT_BASE_PATH, unset "none: the page's addresses are relative", from_str,
        "Path of Decant behind a proxy that leaves the path as it is, for example /decant. A proxy that removes the path \
         needs no setting";
    data_dir: Option<PathBuf> = DECANT_DATA_DIR, unset "/var/lib/decant for root, else ~/.local/share/decant", path,
        "Folder for Decant's own files";
    datasets_dir: Option<PathBuf> = DECANT_DATASETS_DIR, unset "none", path,
        "Folder with your own datasets (*.toml)";
    built_in_datasets: bool = DECANT_BUILT_IN_DATASETS, default "true", flag,
        "Whether the hub's datasets are offered, and with them session requests, probes and log clean-up; set it to false for \
         a database that is not a hub's";
    hub_schema: Name = DECANT_HUB_SCHEMA, default "public", from_str,
        "Schema of the hub's tables (keys, users, message_request, usage_ledger, …)";
    hub_owner: Option<Name> = DECANT_HUB_OWNER, unset "none", from_str,
        "Role that owns the hub's tables, where it is neither a superuser, the database's owner nor the role of DSN; \
         tables of another role are not used";
    demo_rows: u64 = DECANT_DEMO_ROWS, default "100000", number,
        "Usage rows that a new private PostgreSQL gets";
    log_style: Option<LogStyle> = DECANT_LOG, unset "pretty on a terminal, else json", word,
        "Format of the log: pretty or json";
    log_filter: String = DECANT_LOG_FILTER, default "info", text,
        "Levels of the log, for example info,decant=debug,sqlx=warn";
    exports_max: u32 = DECANT_EXPORTS_MAX, default "8", at_least_one,
        "Exports that run at the same time; each has its own database connection";
    connections_max: u32 = DECANT_CONNECTIONS_MAX, default "8", at_least_one,
        "Database connections for pages, counts and lists of filter values, and as many for sign-in";
    exports_per_caller: u32 = DECANT_EXPORTS_PER_CALLER, default "4", at_least_one,
        "Exports that one caller may run at the same time";
    queries_per_caller: u32 = DECANT_QUERIES_PER_CALLER, default "4", at_least_one,
        "Pages, counts and lists of filter values that one caller may request at the same time; more of them wait";
    membership_kept: Duration = DECANT_MEMBERSHIP_SECONDS, default "30", seconds,
        "How long a caller's membership of a workspace is kept before the database is asked again; 0 asks each time";
    streams_max: u32 = DECANT_STREAMS_MAX, default "100", at_least_one,
        "Streams of probes that run at the same time; all of them together cost one query a second";
    streams_per_caller: u32 = DECANT_STREAMS_PER_CALLER, default "20", at_least_one,
        "Streams of probes that one caller may have at the same time";
    stall_max: Duration = DECANT_STALL_SECONDS, default "300", at_least_one_second,
        "How long a client may accept no byte of an answer, or take to send a request or 64 KiB of it; then its connection is \
         closed, and what it ran ends";
    wait_max: Duration = DECANT_WAIT_SECONDS, default "10", seconds,
        "How long a request waits for a free connection";
    query_max: Duration = DECANT_QUERY_SECONDS, default "60", seconds,
        "Time limit of a page, a count or a list of filter values; exports have no limit";
    heartbeat: Duration = DECANT_HEARTBEAT_SECONDS, default "10", at_least_one_second,
        "How often an export that has no row to send shows that it is alive";
    shutdown_max: Duration = DECANT_SHUTDOWN_SECONDS, default "30", seconds,
        "How long exports, restores and backups may continue after Decant is asked to stop";
    page_rows_max: u32 = DECANT_PAGE_ROWS_MAX, default "500", at_least_one,
        "Largest number of rows in one page of a table";
    session_lifetime: Duration = DECANT_SESSION_HOURS, default "12", session_hours,
        "How long a sign-in lasts";
    sign_outs_max: u32 = DECANT_SIGN_OUTS_MAX, default "1000", at_least_one,
        "Sign-outs of one user that are remembered one by one while the sessions would last; with more, all sessions of the \
         user that began before end";
    session_secret: Option<SecretString> = DECANT_SESSION_SECRET, unset "generated, and kept in the data folder",
        secret::<32>,
        "Signs session cookies; all instances need the same secret; at least 32 characters";
    login_attempts_max: u32 = DECANT_LOGIN_ATTEMPTS_MAX, default "10", at_least_one,
        "Wrong credentials that one address may send in a minute";
    dump_compression: Compression = DECANT_DUMP_COMPRESSION, default "auto", from_str,
        "Compression of dumps: none, gzip:1 to gzip:9, from PostgreSQL 16 on lz4 or zstd:1 to zstd:22; auto is zstd:1 \
         if pg_dump supports it, else gzip:1";
    upload_bytes_max: u64 = DECANT_UPLOAD_MAX_MB, default "500", megabytes,
        "Largest dump that may be uploaded for a restore, in megabytes of 1024 x 1024 bytes";
    safety_dumps: u32 = DECANT_SAFETY_DUMPS, default "3", at_least_one,
        "How many safety dumps of a database are kept; the newest one before a merge is kept besides";
    post_restore_migrations: Option<PathBuf> = DECANT_POST_RESTORE_MIGRATIONS, unset "none", path,
        "Folder of SQL files that run on a restored database in the order of their names, each in its own transaction, \
         which it must not end";
    unfollowed: OnDisconnect = DECANT_RESTORE_UNFOLLOWED, default "finish", word,
        "What happens to a restore whose client has disconnected: finish (the log reports it) or stop (the database \
         stays as it was)";
    room: DiskSpaceCheck = DECANT_RESTORE_ROOM, default "check", word,
        "Whether a restore first checks the free space on the database's disk, where it is visible: check or ignore";
    scratch_age: Duration = DECANT_SCRATCH_SECONDS, default "21600", at_least_one_second,
        "Age at which a file that an interrupted upload has left is removed";
    disk_reserve: u64 = DECANT_DISK_RESERVE_MB, default "64", megabytes_or_none,
        "Space that uploads, fetched backups, spooled dumps, safety dumps and backups leave free on their disk, in megabytes of \
         1024 x 1024 bytes; 0 takes all of it";
    lock_ttl: Duration = DECANT_LOCK_SECONDS, default "300", at_least_one_second,
        "How long Redis keeps the backup lock of a server that has crashed; a running server renews it";
    log_cleanup_days: Option<u32> = DECANT_LOG_CLEANUP_DAYS, unset "none: the scheduled clean-up is off", days,
        "The scheduled clean-up deletes rows of the hub's log that are older than this number of days";
    log_cleanup_at: Pattern = DECANT_LOG_CLEANUP_AT, default "02:00", from_str,
        "When the scheduled clean-up runs: a time of day, or a cron pattern such as 0 2 * * SUN";
    log_cleanup_archive: bool = DECANT_LOG_CLEANUP_ARCHIVE, default "true", flag,
        "Whether the scheduled clean-up archives the rows first, so that they can be restored";
    log_cleanup_without_statistics: bool = DECANT_LOG_CLEANUP_WITHOUT_STATISTICS, default "false", flag,
        "Whether the scheduled clean-up also deletes rows whose statistics no usage_ledger keeps";
    backup_at: Option<Pattern> = DECANT_BACKUP_AT, unset "none: scheduled backups are off", from_str,
        "When a scheduled backup is made: a time of day, or a cron pattern such as 0 3 * * SUN";
    backup_mode: DumpMode = DECANT_BACKUP_MODE, default "full", from_str,
        "Content of a scheduled backup: full, excludeLogs or ledgerOnly";
    backup_keep: RetentionPolicy = DECANT_BACKUP_KEEP, default "last=3,daily=7,weekly=4,monthly=6", from_str,
        "Scheduled backups that are kept; the others are removed when a new one is complete";
    backup_proof_at: Option<Pattern> = DECANT_BACKUP_PROOF_AT, unset "none: scheduled proofs are off", from_str,
        "When the newest backup is proved by a restore into a staging database: a time of day, or a cron pattern";
    schedule_zone: Zone = DECANT_SCHEDULE_ZONE, default "UTC", from_str,
        "Time zone of all schedules, for example Asia/Shanghai";
    cleanup_batch_rows: u32 = DECANT_CLEANUP_BATCH_ROWS, default "10000", at_least_one,
        "Rows of the log that one transaction of a clean-up deletes";
    cleanup_pause: Duration = DECANT_CLEANUP_PAUSE_MS, default "100", milliseconds,
        "Pause between two batches of a clean-up, in milliseconds, so that other queries get their turn";
    backup_passphrase: Option<SecretString> = DECANT_BACKUP_PASSPHRASE, unset "none", secret::<16>,
        "Encrypts backups and archives with this passphrase (age); at least 16 characters";
    backup_recipients: Option<Recipients> = DECANT_BACKUP_RECIPIENTS, unset "none", parse_recipients,
        "Encrypts backups and archives for these public keys of age, separated by commas, instead of with a passphrase";
    backup_identities: Option<Identities> = DECANT_BACKUP_IDENTITY_FILE, unset "none",
        |file: &str| read_identities(Path::new(file.trim())),
        "File of age-keygen with the secret key of a recipient; without it Decant cannot prove or restore its backups";
    backup_secret: Option<SecretString> = DECANT_BACKUP_SECRET,
        unset "derived from the passphrase, else generated and kept in the data folder", secret::<32>,
        "Authenticates the manifests of backups and archives; servers without a passphrase that share a storage need the \
         same secret; at least 32 characters";
    export_rate_limit: u32 = EXPORT_RATE_LIMIT, default "10", number,
        "Background exports that a person who is no administrator may create in an hour; 0 is no limit";
    exports_per_user: u32 = DECANT_EXPORTS_PER_USER, default "5", at_least_one,
        "Background exports of one person that run at the same time; more of them wait";
    exports_per_workspace: u32 = DECANT_EXPORTS_PER_WORKSPACE, default "5", at_least_one,
        "Background exports of one workspace that run at the same time; more of them wait";
    workers: u32 = DECANT_WORKERS, default "2", number,
        "Workers for background exports in `decant serve` and in `decant work`; 0 leaves them to other processes";
    work_at_once: u32 = DECANT_WORK_AT_ONCE, default "2", at_least_one,
        "Background exports that one worker makes at the same time; each takes one of DECANT_EXPORTS_MAX";
    export_max_size: u64 = EXPORT_MAX_SIZE, default "104857600", bytes,
        "Largest stored file of a background export, in bytes";
    export_compression: bool = EXPORT_COMPRESSION_ENABLED, default "true", flag,
        "Whether files of background exports are compressed with gzip where the request chooses no compression";
    conversation_threshold: u64 = DECANT_CONVERSATION_THRESHOLD, default "500", number,
        "From so many conversations on, an export of them is answered before the file is made";
    export_templates_max: u32 = DECANT_EXPORT_TEMPLATES_MAX, default "100", number,
        "Templates of exports that a person may have";
    background_rows: u64 = DECANT_BACKGROUND_ROWS, default "100000", number,
        "From so many rows on, the page suggests an export in the background";
    export_retention_days: u32 = EXPORT_RETENTION_DAYS, default "7", days,
        "Days for which the file of a background export is kept";
    conversation_retention_hours: u32 = DECANT_CONVERSATION_RETENTION_HOURS, default "24", at_least_one,
        "Hours for which the file of an export of conversations is kept";
    workspace_retention_hours: u32 = DECANT_WORKSPACE_RETENTION_HOURS, default "72", at_least_one,
        "Hours for which the file of an export of a workspace is kept";
    export_retention_max_days: u32 = DECANT_EXPORT_RETENTION_MAX_DAYS, default "30", days,
        "The most days for which a request may have its file kept";
    user_quota: Option<u64> = DECANT_USER_QUOTA_MB, unset "none", megabytes,
        "Space that the stored files of one person may take, in megabytes of 1024 x 1024 bytes";
    workspace_quota: Option<u64> = DECANT_WORKSPACE_QUOTA_MB, unset "none", megabytes,
        "Space that the stored files of one workspace may take, in megabytes of 1024 x 1024 bytes";
    export_redis: Option<redis::Client> = DECANT_REDIS_URL, unset "REDIS_URL", redis_url,
        "Redis that wakes workers for background exports; PostgreSQL does without one. Its only key is decant:exports";
    export_lease: Duration = DECANT_EXPORT_LEASE_SECONDS, default "60", at_least_one_second,
        "Time without a sign of life after which the export of a worker is given to another one";
    export_poll: Duration = DECANT_EXPORT_POLL_SECONDS, default "5", at_least_one_second,
        "How often workers look for exports when nothing wakes them";
    export_retry: Duration = DECANT_EXPORT_RETRY_SECONDS, default "30", seconds,
        "Pause before the second attempt at a background export; each further one is four times as long, and the third attempt is \
         the last";
    schedule_tick: Duration = DECANT_SCHEDULE_TICK_SECONDS, default "30", at_least_one_second,
        "How often a server looks for schedules of exports whose time has come, and for alerts";
    schedule_interval: Duration = DECANT_SCHEDULE_INTERVAL_SECONDS, default "900", at_least_one_second,
        "The least time between two runs of one schedule; administrators have no limit";
    schedule_grace: Duration = DECANT_SCHEDULE_GRACE_SECONDS, default "300", at_least_one_second,
        "How late a schedule that skips missed runs may still run, for example after a restart";
    schedules_per_user: u32 = DECANT_SCHEDULES_PER_USER, default "50", at_least_one,
        "Schedules that one person may have; administrators have no limit";
    internal_token: Option<SecretString> = DECANT_INTERNAL_TOKEN, unset "none: only administrators", secret::<16>,
        "Token of programs that call /api/exports/process-scheduled, as `Authorization: Bearer …`; at least 16 characters";
    public_url: Option<PublicUrl> = DECANT_PUBLIC_URL, unset "none: mails and webhooks have no links", from_str,
        "Address of the page for links in mails and to webhooks, for example https://decant.example.com";
    smtp: Option<SmtpUrl> = SMTP_URL, unset "none: no mail is sent", from_str,
        "Mail server for files of background exports: smtp://user:password@host:587, or smtps:// for TLS from the first byte. smtp:// \
         needs STARTTLS, except on this machine; ?tls=required demands it there, too";
    mail_from: Option<Mailbox> = DECANT_MAIL_FROM, unset "none; SMTP_URL needs it", parse_sender,
        "Sender of mails, for example Decant <decant@example.com>";
    mail_domains: Option<Vec<String>> = DECANT_MAIL_DOMAINS, unset "none: only administrators have files mailed", parse_domains,
        "Domains to whose addresses everybody may have files mailed, separated by commas; administrators may name any address";
    mail_attach_max: u64 = DECANT_MAIL_ATTACH_MAX_MB, default "10", megabytes_or_none,
        "Largest file that is attached to a mail, in megabytes of 1024 x 1024 bytes; a larger one is a link";
    mail_link_hours: u32 = DECANT_MAIL_LINK_HOURS, default "24", at_least_one,
        "Hours for which a link in a mail or to a webhook is good, at most until the file expires";
    webhook_allow: Option<Vec<String>> = DECANT_WEBHOOK_ALLOW, unset "none", parse_hosts,
        "Hosts within a private network that webhooks may reach, also without TLS, separated by commas";
    webhook_secret: Option<SecretString> = DECANT_WEBHOOK_SECRET, unset "none: a request with a webhook gives one", secret::<16>,
        "Signs requests to webhooks that have no secret of their own; at least 16 characters";
    delivery_retry: Duration = DECANT_DELIVERY_RETRY_SECONDS, default "60", seconds,
        "Pause before the second attempt at a mail or a webhook; the next ones are 5, 30 and 360 times as long, and the fifth attempt \
         is the last";
    alert_window: Duration = DECANT_ALERT_WINDOW_MINUTES, default "15", at_least_one_minute,
        "Time before now in which failed exports are counted: at least three that are more than 20 % of all are an alert";
    alert_webhook: Option<Url> = DECANT_ALERT_WEBHOOK, unset "none", parse_webhook,
        "Webhook of the operators for alerts: many exports fail, one waits five minutes for a worker, the storage or a quota is used to \
         more than 90 %. It may be within the private network; it needs DECANT_WEBHOOK_SECRET";
    export_cleanup_at: Pattern = EXPORT_CLEANUP_AT, default "03:30", from_str,
        "When files of background exports whose time is over are removed, and files without an export: a time of day, or a cron \
         pattern";
    export_records_days: u32 = EXPORT_ANALYTICS_RETENTION_DAYS, default "90", days,
        "Days for which the record of a background export is kept after its file was removed";
    export_passphrase: Option<SecretString> = DECANT_EXPORT_PASSPHRASE, unset "none", secret::<16>,
        "Encrypts the stored files of background exports with this passphrase (age); at least 16 characters. Decant decrypts \
         them for a download, which takes 256 MB of memory for a second; keys take none";
    export_recipients: Option<Recipients> = DECANT_EXPORT_RECIPIENTS, unset "none", parse_recipients,
        "Encrypts the stored files of background exports for these public keys of age, separated by commas, instead of with a \
         passphrase";
    export_identities: Option<Identities> = DECANT_EXPORT_IDENTITY_FILE, unset "none",
        |file: &str| read_identities(Path::new(file.trim())),
        "File of age-keygen with the secret key of a recipient; without it, downloads of background exports are encrypted";
    link_secret: Option<SecretString> = DECANT_LINK_SECRET, unset "the secret of sessions", secret::<32>,
        "Signs links to files of background exports; all instances need the same secret; at least 32 characters";
    receipt_secret: Option<SecretString> = DECANT_RECEIPT_KEY, unset "a secret in the data folder", secret::<32>,
        "Secret from which the key that signs receipts of background exports is derived; all instances need the same one; at \
         least 32 characters";
    storage_links: StorageLinks = DECANT_STORAGE_LINKS, default "proxied", word,
        "Where links to files of background exports lead: proxied, to Decant; or direct, to the bucket of STORAGE_URL, which then \
         cannot withdraw them. Links that are good once and encrypted files always lead to Decant";
    metrics_token: Option<SecretString> = DECANT_METRICS_TOKEN, unset "none: everybody who reaches the port may read them",
        secret::<16>,
        "Token that /metrics needs, as `Authorization: Bearer …`; at least 16 characters";
    not_admin_is_401: bool = DECANT_NOT_ADMIN_STATUS, default "403", status_401,
        "Status for a signed-in user who is not an administrator: 403, or 401 for clients of the hub's own addresses";
    trust_proxy: bool = DECANT_TRUST_PROXY, default "false", flag,
        "Whether the client's address is taken from X-Forwarded-For, and Decant's own host also from X-Forwarded-Host; set \
         it only behind a proxy that sets these headers";
}
