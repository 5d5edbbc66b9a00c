//! Builds the application from the settings and runs it until a signal. `work` does the same for workers without a server.

mod datasets;
mod monitoring;
mod work;

use std::future::Future;
use std::net::{SocketAddr, TcpListener};
use std::num::NonZero;
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::Server;
use actix_web::middleware::from_fn;
use actix_web::{HttpServer, web};
use decant_demo::{Accounts, DemoError, KeyMaker};
use decant_embedded::{EmbeddedError, EmbeddedPostgres};
use jiff::Timestamp;
use nix::unistd::geteuid;
use secrecy::{ExposeSecret, SecretString};
use sqlx::postgres::PgConnectOptions;
use sqlx::{Connection, PgConnection};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::app::App;
use crate::audit::{self, Action, AuditWriter};
use crate::auth::{self, Authenticator, HubUsers, JwksError, PUBLISHED_KEY_PREFIX, Sessions, TokenKeys};
use crate::backups::Backups;
use crate::backups::repository::{self, Repository};
use crate::config::Settings;
use crate::database::Database;
use crate::database::cleanup::archive;
use crate::database::temporary_files::TemporaryFolder;
use crate::datasets::Catalog;
use crate::datasets::catalog::{CatalogError, CurrentCatalog};
use crate::datasets::options;
use crate::datasets::warnings;
use crate::datasets::workspaces::membership_cache;
use crate::dsn::Dsn;
use crate::exports::alerts::AlertWatch;
use crate::exports::cleanup_schedule;
use crate::exports::files::ExportFiles;
use crate::exports::link_signature::LinkSigner;
use crate::exports::metrics::ExportMetrics;
use crate::exports::notices::Notices;
use crate::exports::plan::Planner;
use crate::exports::receipt::ReceiptSigner;
use crate::exports::schedules;
use crate::exports::sending::Sender;
use crate::exports::store::ExportStore;
use crate::exports::stored_exports::StoredExports;
use crate::exports::work::{self as export_work, Workers};
use crate::monitor::{self, Monitor};
use crate::permissions::PermissionStore;
use crate::probes::ProbeFeed;
use crate::shares::Shares;
use crate::source::{Source, SourceError};
use crate::state::{self, Attempts, RunningDatabase, SignOuts, State, StateError};
use crate::storage::{Location, Storage, StorageError};
use crate::stored_requests::StoredRequests;
use crate::{listener, private_folder, routes, telemetry};
use datasets::{DatasetReload, report};

pub use work::WorkProcess;

/// Time for the last bytes to reach the clients after exports were interrupted.
const LAST_BYTES_MAX: Duration = Duration::from_secs(2);

/// Time for interrupted operations to undo their changes in the database.
const UNDOING_MAX: Duration = Duration::from_secs(30);

/// The file of the data folder with the secret that signs sessions.
const SESSION_SECRET_FILE: &str = "session.secret";

/// The file of the data folder with the secret that signs receipts. It outlives sessions: a receipt is good for years.
const RECEIPT_SECRET_FILE: &str = "receipt.secret";

/// Interval at which files of interrupted operations are removed.
const SWEEP_EVERY: Duration = Duration::from_secs(60 * 60);

/// Interval at which expired rows of the state database are removed.
const EXPIRY_EVERY: Duration = Duration::from_secs(60);

pub struct Application {
    server: Server,
    address: SocketAddr,
    app: web::Data<App>,
    /// Restores, clean-ups and backups, which continue without their client.
    tasks: TaskTracker,
    audit: Option<AuditWriter>,
    embedded: Option<EmbeddedPostgres>,
    /// The private PostgreSQL where it has the state database only.
    state_postgres: Option<EmbeddedPostgres>,
    demo: Option<DemoSignIn>,
}

/// How to sign in to the private PostgreSQL's demo.
pub struct DemoSignIn {
    pub admin_token: SecretString,
    /// The demo's accounts; `None` where the database is no demo any more.
    pub accounts: Option<Accounts>,
}

#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error(transparent)]
    Embedded(#[from] EmbeddedError),
    /// The setting's value.
    #[error(
        "the demo makes its tables in the schema {schema}, and the setting DECANT_HUB_SCHEMA is {0}; leave it out for a demo",
        schema = decant_demo::SCHEMA
    )]
    DemoSchema(String),
    #[error("the demo data could not be made: {0}")]
    Demo(#[from] DemoError),
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    #[error(transparent)]
    Source(#[from] SourceError),
    #[error(transparent)]
    Jwks(#[from] JwksError),
    #[error(transparent)]
    Storage(#[from] StorageError),
    #[error(transparent)]
    State(#[from] StateError),
    #[error(
        "the private PostgreSQL, which has the state database, does not start: {0}. STATE_DSN=none does without"
    )]
    StatePostgres(EmbeddedError),
    #[error("the data folder {path} cannot be used: {source}")]
    DataDir {
        path: std::path::PathBuf,
        source: std::io::Error,
    },
    #[error(
        "`decant work` needs STATE_DSN, the address of the database that it shares with the servers; a single machine needs no \
         `decant work`, because `decant serve` has workers"
    )]
    NoSharedState,
    #[error("`decant work` needs DSN, the address of the database that is exported")]
    NoSource,
    #[error("`decant work` needs at least one worker; DECANT_WORKERS is 0")]
    NoWorkers,
    #[error("cannot listen on {address}: {source}. Choose another address with DECANT_LISTEN")]
    Listen {
        address: SocketAddr,
        source: std::io::Error,
    },
}

impl Application {
    /// Starts everything except the server.
    ///
    /// # Errors
    /// [`StartError`] for the first part that does not start.
    pub async fn build(mut settings: Settings) -> Result<Self, StartError> {
        let mut catalog = Catalog::load(&settings.datasets, &settings.hub_tables)?;
        let auth = &settings.auth;
        let token_keys = TokenKeys::load(
            auth.jwt_secret.as_ref(),
            auth.jwks_file.as_deref(),
            auth.token_rules.clone(),
        )?;
        if let Some(warning) = token_keys.warning() {
            tracing::warn!("{warning}");
        }
        if token_keys.refuses_any_audience() {
            tracing::info!(
                "bearer tokens with `aud` are refused; to accept them, set JWT_AUDIENCE to its value"
            );
        }
        let has_private_state = matches!(settings.state, state::Options::Private);
        for warning in prepare_folders(&settings, settings.dsn.is_none() || has_private_state)? {
            tracing::warn!("{warning}");
        }
        let listener = listen(settings.listen, &settings)?;
        let (dsn, embedded): (Dsn, _) = match &settings.dsn {
            Some(dsn) => (dsn.clone(), None),
            None => {
                let embedded = EmbeddedPostgres::start(&settings.data_dir).await?;
                (embedded.connect_options().into(), Some(embedded))
            }
        };
        let demo = match &embedded {
            Some(_) => Some(prepare_demo(dsn.options(), &mut settings).await?),
            None => None,
        };
        let source = Source::new(dsn.options(), settings.source);
        let mut connection = source.check_connection().await?;
        let exported = RunningDatabase::read(&mut connection)
            .await
            .map_err(SourceError::Unreachable)?;
        let (private, state_postgres) = match &embedded {
            Some(embedded) => (Some(embedded.connect_options()), None),
            None => state_postgres(&settings).await?,
        };
        let state = State::open(&settings.state, private, exported, settings.source).await?;
        let audit = AuditWriter::start(&state, settings.audit);
        catalog.prepare(&mut connection, &state).await?;
        let sign_in = HubUsers::warning(&mut connection, &settings.hub_tables).await;
        for warning in warnings::of_catalog(&catalog, &mut connection)
            .await
            .map_err(CatalogError::from)?
            .into_iter()
            .chain(sign_in.map_err(CatalogError::from)?)
        {
            tracing::warn!("{warning}");
        }
        let identity = Source::identity(&mut connection)
            .await
            .map_err(SourceError::Unreachable)?;
        drop(connection);
        report(&catalog);

        let session_secret = session_secret(&settings)?;
        let authenticator = authenticator(
            &settings,
            token_keys,
            &session_secret,
            source.clone(),
            &identity,
            &state,
        );
        let (storage, tasks) = (Storage::new(settings.storage.clone()), TaskTracker::new());
        let metrics = ExportMetrics::default();
        let notices = Notices::new(state.clone(), settings.export_redis.clone());
        let encryption = settings.export_files.encryption.clone();
        let files = ExportFiles::new(storage.clone(), encryption, state.clone());
        let exports = ExportStore::new(
            state.clone(),
            settings.exports.clone(),
            notices.clone(),
            files.clone(),
            metrics.clone(),
        );
        let database = Database::new(&dsn, &settings.database, storage.clone(), &tasks);
        let temporary_files =
            TemporaryFolder::in_data_dir(&settings.data_dir, settings.database.disk_reserve);
        let (stopping, abort) = (CancellationToken::new(), CancellationToken::new());
        let export_shares = Arc::new(Shares::new(settings.exports_per_caller, settings.source.wait_max));
        let mut collectors = metrics.collectors();
        collectors.extend(monitoring::of_server(&database, &export_shares));
        let monitor = Arc::new(Monitor::new(monitor::Parts {
            source: source.clone(),
            state: state.clone(),
            storage: storage.clone(),
            redis: settings.redis_servers.clone(),
            collectors,
            options: settings.monitor.clone(),
            stopping: stopping.clone(),
        }));
        let stored_exports = StoredExports::new(
            files.clone(),
            state.clone(),
            &settings.export_files,
            &session_secret,
            ReceiptSigner::new(&given_or_kept(
                settings.export_files.receipt_secret.as_ref(),
                &settings,
                RECEIPT_SECRET_FILE,
            )?),
            settings.scratch_age,
            metrics.clone(),
        );
        let backups = Arc::new(Backups::new(
            dsn.clone(),
            Arc::clone(&database.dumper),
            Arc::clone(&database.restorer),
            Repository::new(storage, temporary_files.clone()),
            tasks.clone(),
            settings.backups.clone(),
            abort.clone(),
        )?);
        backups.start_scheduler();
        let stored_requests = settings.redis.clone().map(StoredRequests::in_redis);
        let probes = ProbeFeed::new(source.clone(), settings.hub_tables.clone(), settings.streams_max);
        let app = web::Data::new(App {
            database,
            temporary_files,
            backups,
            stored_exports,
            stored_requests,
            probes: Arc::new(probes),
            authenticator: Arc::new(authenticator),
            exports,
            permissions: PermissionStore::new(state.clone(), settings.exports.wait_max),
            export_shares,
            query_shares: Shares::new(settings.queries_per_caller, settings.source.wait_max),
            lookup_shares: Shares::new(settings.queries_per_caller, settings.source.wait_max),
            // A stream lasts until its client goes, so that no request waits for one.
            stream_shares: Shares::new(settings.streams_per_caller, Duration::ZERO),
            source,
            catalog: Arc::new(CurrentCatalog::new(catalog)),
            options: options::cache(),
            memberships: membership_cache(settings.membership_kept),
            stopping,
            abort,
            monitor,
            state,
            settings,
        });
        if app.state.is_on() {
            let planner = Planner {
                source: app.source.clone(),
                state: app.state.clone(),
                catalog: Arc::clone(&app.catalog),
                authenticator: Arc::clone(&app.authenticator),
                permissions: app.permissions.clone(),
            };
            let workers = export_workers(export_work::Parts {
                state: app.state.clone(),
                options: app.settings.exports.clone(),
                notices,
                metrics,
                sender: Some(Sender {
                    options: app.settings.deliveries.clone(),
                    store: app.exports.clone(),
                    planner: planner.clone(),
                    files: files.clone(),
                    links: app.stored_exports.links.clone(),
                    signer: LinkSigner::new(
                        app.settings
                            .export_files
                            .link_secret
                            .as_ref()
                            .unwrap_or(&session_secret),
                    ),
                }),
                planner,
                files,
                heartbeat: app.settings.heartbeat,
                stopping: app.stopping.clone(),
                abort: app.abort.clone(),
            });
            tasks.spawn(workers.run());
            publish_export_settings(&app);
        }
        sweep_regularly(&app);
        tidy_spool_regularly(&app);
        remove_expired_regularly(&app);
        clean_up_on_schedule(&app);
        clean_up_exports_on_schedule(&app);
        run_export_schedules(&app);
        watch_exports(&app);
        read_datasets_again_on_hangup(&app);
        check_state_datasets_regularly(Arc::clone(&app.catalog), app.state.clone(), &app.stopping);
        let address = listener.local_addr().map_err(|source| StartError::Listen {
            address: app.settings.listen,
            source,
        })?;
        let server = serve(listener, app.clone())?;
        Ok(Self {
            server,
            address,
            app,
            tasks,
            audit,
            embedded,
            state_postgres,
            demo,
        })
    }

    /// Returns the address with the port that was taken.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// How to sign in, where there is demo data.
    #[must_use]
    pub fn demo(&self) -> Option<&DemoSignIn> {
        self.demo.as_ref()
    }

    /// Serves until `stop` completes. Then running operations have `shutdown_max` to finish; the rest is interrupted, and
    /// the private PostgreSQL is stopped.
    ///
    /// # Errors
    /// [`StartError::Embedded`] if the private PostgreSQL does not stop.
    pub async fn run_until_stopped(self, stop: impl Future<Output = ()>) -> Result<(), StartError> {
        let Self {
            server,
            app,
            tasks,
            audit,
            embedded,
            state_postgres,
            ..
        } = self;
        let handle = server.handle();
        let running = tokio::spawn(server);
        tokio::select! {
            () = stop => tracing::info!("stopping"),
            ended = gone(embedded.as_ref()) => tracing::error!(ended, "the private PostgreSQL has exited; stopping"),
        }
        app.stopping.cancel();
        let abort = app.abort.clone();
        let grace_period = app.settings.shutdown_max;
        let timer = tokio::spawn(async move {
            tokio::time::sleep(grace_period).await;
            abort.cancel();
        });
        // A restore or clean-up may go on without a client, so the server itself would not wait for it.
        tasks.close();
        if timeout(grace_period + UNDOING_MAX, tasks.wait()).await.is_err() {
            tracing::error!("interrupted operations in the database do not end; leaving them");
        }
        handle.stop(true).await;
        timer.abort();
        if let Ok(Err(error)) = running.await {
            tracing::error!(%error, "the server failed");
        }
        // The server does not wait for the threads that drop the connections which it breaks off.
        if !app.stored_exports.downloads.ended(LAST_BYTES_MAX).await {
            tracing::error!("downloads that were broken off are not all recorded");
        }
        app.database.spool.clear();
        app.source.close().await;
        if let Some(audit) = audit
            && let Err(error) = audit.flush().await
        {
            tracing::error!(%error, "the log has them");
        }
        app.state.close().await;
        for postgres in [embedded, state_postgres].into_iter().flatten() {
            postgres.stop().await?;
        }
        tracing::info!("stopped");
        Ok(())
    }
}

/// Writes the settings of background exports for people who look at their table.
fn publish_export_settings(app: &App) {
    let exports = app.exports.clone();
    tokio::spawn(app.stopping.clone().run_until_cancelled_owned(async move {
        if let Err(error) = exports.publish_settings().await {
            tracing::warn!(%error, "the settings of exports are not in the table export_config");
        }
    }));
}

/// Returns the workers of this process, and starts to receive notices of exports.
fn export_workers(parts: export_work::Parts) -> Workers {
    let has_workers = parts.options.workers > 0;
    tokio::spawn(parts.notices.clone().receive(has_workers, parts.stopping.clone()));
    Workers::new(parts)
}

/// Creates the data folder, and withdraws the rights of other users to Decant's folders that older versions granted. With
/// `starts_postgres`, this process is about to start the private PostgreSQL. Returns warnings.
///
/// # Errors
/// [`StartError::DataDir`].
pub fn prepare_folders(settings: &Settings, starts_postgres: bool) -> Result<Vec<String>, StartError> {
    let data_dir = &settings.data_dir;
    // PostgreSQL refuses to run as root, so the account that runs the private one must reach its folder.
    let others_enter = starts_postgres && geteuid().is_root();
    let mode = match others_enter || data_dir.join("postgres").exists() && geteuid().is_root() {
        true => private_folder::ENTERED_BY_OTHERS,
        false => private_folder::PRIVATE,
    };
    let mut folders = vec![(data_dir.clone(), mode)];
    for name in ["scratch", "safety", "storage"] {
        folders.push((data_dir.join(name), private_folder::PRIVATE));
    }
    // The folder of STORAGE_URL itself may have other contents.
    if let Location::Folder(storage) = &settings.storage.location {
        for name in [repository::FOLDER, archive::FOLDER] {
            folders.push((storage.join(name), private_folder::PRIVATE));
        }
    }
    let preparing = || {
        private_folder::create(data_dir)?;
        let mut warnings = Vec::new();
        for (folder, mode) in &folders {
            warnings.extend(private_folder::narrow(folder, *mode)?);
        }
        if others_enter {
            private_folder::let_others_enter(data_dir)?;
        }
        Ok(warnings)
    };
    preparing().map_err(|error| data_dir_error(settings, error))
}

/// Starts the private PostgreSQL for the state database, unless another process runs it. Returns neither where the state
/// database is elsewhere, or where this machine cannot run PostgreSQL: exports do not need it.
///
/// # Errors
/// [`StartError::StatePostgres`] if there is a state database from before and it cannot be used.
async fn state_postgres(
    settings: &Settings,
) -> Result<(Option<PgConnectOptions>, Option<EmbeddedPostgres>), StartError> {
    let state::Options::Private = settings.state else {
        return Ok((None, None));
    };
    match EmbeddedPostgres::start_or_join(&settings.data_dir).await {
        Ok((options, started)) => Ok((Some(options), started)),
        Err(
            error @ (EmbeddedError::NoBinaries { .. }
            | EmbeddedError::NoAccount
            | EmbeddedError::Unreachable { .. }
            | EmbeddedError::InitFailed(_)
            | EmbeddedError::Io { .. }),
        ) => {
            tracing::warn!(
                reason = %error,
                "the state database is off: audit records are in the log only, and this process alone remembers \
                 sign-outs and counts wrong credentials; set STATE_DSN to a database, or to none"
            );
            Ok((None, None))
        }
        Err(error) => Err(StartError::StatePostgres(error)),
    }
}

/// Fills the private PostgreSQL on its first start, and returns how to sign in.
async fn prepare_demo(options: &PgConnectOptions, settings: &mut Settings) -> Result<DemoSignIn, StartError> {
    // The data are made up, so the administrator's token may be too.
    let admin_token = given_or_kept(settings.auth.admin_token.as_ref(), settings, "admin.token")?;
    settings.auth.admin_token = Some(SecretString::from(admin_token.expose_secret()));
    if let Err(error) = check_demo_schema(settings) {
        tracing::info!(reason = %error, "the private PostgreSQL is left without demo data");
        return Ok(DemoSignIn {
            admin_token,
            accounts: None,
        });
    }
    let mut connection = PgConnection::connect_with(options)
        .await
        .map_err(DemoError::from)?;
    let accounts = match decant_demo::check_alone(&mut connection).await {
        Ok(()) => {
            fill_once(&mut connection, settings).await?;
            decant_demo::accounts(&mut connection).await?
        }
        // A dump of another application was restored into it.
        Err(
            error @ (DemoError::NotOurs(_) | DemoError::OtherOwner { .. } | DemoError::OtherTables { .. }),
        ) => {
            tracing::info!(reason = %error, "the private PostgreSQL is left without demo data");
            None
        }
        Err(error) => return Err(error.into()),
    };
    connection.close().await.map_err(DemoError::from)?;
    Ok(DemoSignIn {
        admin_token,
        accounts,
    })
}

async fn fill_once(connection: &mut PgConnection, settings: &Settings) -> Result<(), StartError> {
    let (keys, rows) = (demo_keys(settings)?, settings.demo_rows);
    let plan = decant_demo::Plan::new(rows, keys);
    decant_demo::create_schema(connection, &plan).await?;
    replace_published_keys(connection, settings, &plan.keys).await?;
    if decant_demo::is_filled(connection).await? == Some(0) && rows > 0 {
        tracing::info!(rows, "the private PostgreSQL is new; making up demo data");
        decant_demo::fill(connection, &plan, |_| {}).await?;
    }
    Ok(())
}

/// Checks that the hub's tables are where the demo makes its own.
///
/// # Errors
/// [`StartError::DemoSchema`].
pub fn check_demo_schema(settings: &Settings) -> Result<(), StartError> {
    match settings.hub_tables.schema.as_str() {
        decant_demo::SCHEMA => Ok(()),
        other => Err(StartError::DemoSchema(other.to_owned())),
    }
}

/// Returns what makes the demo's keys: a secret of the data folder, made up when there is none yet.
///
/// # Errors
/// If the folder cannot be used.
pub fn demo_keys(settings: &Settings) -> Result<KeyMaker, StartError> {
    let secret = kept_secret(settings, "demo.secret")?;
    Ok(KeyMaker::new(secret).map_err(DemoError::from)?)
}

/// Replaces the keys that older versions published in their source, and ends the sessions that began before.
///
/// # Errors
/// If the database or the data folder cannot be used.
pub async fn replace_published_keys(
    connection: &mut PgConnection,
    settings: &Settings,
    keys: &KeyMaker,
) -> Result<(), StartError> {
    let replaced = decant_demo::replace_published_keys(connection, PUBLISHED_KEY_PREFIX, keys).await?;
    if replaced == 0 {
        return Ok(());
    }
    // The new key may be one that was there before the published one, with sessions of its own.
    let secret = settings.data_dir.join(SESSION_SECRET_FILE);
    match std::fs::remove_file(&secret) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(data_dir_error(settings, error));
        }
        _ => {}
    }
    tracing::warn!(
        replaced,
        "an older version published the demo's keys; they were replaced"
    );
    Ok(())
}

/// Removes files of interrupted operations, in the data folder and in the storage, now and every hour.
fn sweep_regularly(app: &App) {
    let age = app.settings.scratch_age;
    let temporary_files = app.temporary_files.clone();
    let (log_cleaner, backups) = (Arc::clone(&app.database.log_cleaner), Arc::clone(&app.backups));
    let exports = app.stored_exports.files.clone();
    let stopping = app.stopping.clone();
    tokio::spawn(stopping.run_until_cancelled_owned(async move {
        let mut sweeps = tokio::time::interval(age.min(SWEEP_EVERY));
        loop {
            sweeps.tick().await;
            for swept in [
                temporary_files.sweep(age),
                log_cleaner.sweep(age),
                backups.sweep(age),
                exports.sweep(age),
            ] {
                match swept {
                    Ok(0) => {}
                    Ok(swept) => tracing::info!(action = Action::TempFileCleanup.name(), swept),
                    Err(error) => {
                        tracing::warn!(action = Action::TempFilePeriodicCleanupError.name(), %error)
                    }
                }
            }
        }
    }));
}

/// Removes spooled dumps: those of an earlier process now, and expired ones every minute.
fn tidy_spool_regularly(app: &App) {
    let spool = Arc::clone(&app.database.spool);
    match spool.sweep() {
        Ok(0) => {}
        Ok(swept) => tracing::info!(action = Action::TempFileCleanup.name(), swept),
        Err(error) => tracing::warn!(action = Action::TempFileCleanupError.name(), %error),
    }
    let stopping = app.stopping.clone();
    tokio::spawn(stopping.run_until_cancelled_owned(async move {
        let mut rounds = tokio::time::interval(EXPIRY_EVERY);
        loop {
            rounds.tick().await;
            spool.tidy();
        }
    }));
}

/// Removes what the state database need not keep, now and every minute.
fn remove_expired_regularly(app: &App) {
    let (state, audit_kept) = (app.state.clone(), app.settings.audit.kept);
    if !state.is_on() {
        return;
    }
    let stopping = app.stopping.clone();
    tokio::spawn(stopping.run_until_cancelled_owned(async move {
        let mut rounds = tokio::time::interval(EXPIRY_EVERY);
        loop {
            rounds.tick().await;
            let mut removed = state.remove_expired().await.map(|()| 0);
            if let (Ok(_), Some(age)) = (&removed, audit_kept) {
                removed = audit::remove_older(&state, age).await;
            }
            match removed {
                Ok(0) => {}
                Ok(removed) => tracing::info!(removed, "old audit records were removed"),
                Err(error) => tracing::warn!(%error, "the state database was not tidied up"),
            }
        }
    }));
}

/// Starts the scheduled clean-up if DECANT_LOG_CLEANUP_DAYS is set.
fn clean_up_on_schedule(app: &App) {
    let Some(schedule) = app.settings.log_cleanup.clone() else {
        return;
    };
    let next = schedule.schedule.next_after(Timestamp::now());
    tracing::info!(
        days = schedule.days,
        next = next.map(|next| next.to_string()),
        "scheduled clean-up is on"
    );
    let stopping = app.stopping.clone();
    let running = schedule.run(Arc::clone(&app.database.log_cleaner), stopping.clone());
    tokio::spawn(stopping.run_until_cancelled_owned(running));
}

/// Starts the scheduled clean-up of exports, if there is a state database, which has their records.
fn clean_up_exports_on_schedule(app: &App) {
    if !app.state.is_on() {
        return;
    }
    let cleaner = app.stored_exports.cleaner.clone();
    let schedule = app.settings.export_files.cleanup_schedule.clone();
    let running = cleanup_schedule::run(cleaner, schedule);
    tokio::spawn(app.stopping.clone().run_until_cancelled_owned(running));
}

/// Starts to look for schedules of exports whose time has come, if there is a state database, which has them.
fn run_export_schedules(app: &App) {
    if !app.state.is_on() {
        return;
    }
    let running = schedules::run(app.exports.clone());
    tokio::spawn(app.stopping.clone().run_until_cancelled_owned(running));
}

/// Starts to look for alerts, if there is a state database, which has the records of exports.
fn watch_exports(app: &App) {
    if !app.state.is_on() {
        return;
    }
    let watch = AlertWatch {
        store: app.exports.clone(),
        location: app.settings.storage.location.clone(),
        options: app.settings.alerts.clone(),
        every: app.settings.exports.schedule_tick,
    };
    tokio::spawn(app.stopping.clone().run_until_cancelled_owned(watch.run()));
}

/// Reads the definitions again at each SIGHUP.
fn read_datasets_again_on_hangup(app: &web::Data<App>) {
    let reload = DatasetReload {
        options: app.settings.datasets.clone(),
        hub_tables: app.settings.hub_tables.clone(),
        source: app.source.clone(),
        state: app.state.clone(),
        catalog: Arc::clone(&app.catalog),
    };
    let of_app = app.clone();
    reload.on_hangup(&app.stopping, move || {
        of_app.options.clear();
        of_app.memberships.clear();
    });
}

/// Checks the datasets of the state database again once it answers, where it did not before.
fn check_state_datasets_regularly(catalog: Arc<CurrentCatalog>, state: State, stopping: &CancellationToken) {
    if state.is_on() {
        let checking = async move { catalog.check_state_regularly(&state).await };
        tokio::spawn(stopping.clone().run_until_cancelled_owned(checking));
    }
}

async fn gone(embedded: Option<&EmbeddedPostgres>) -> String {
    match embedded {
        Some(embedded) => embedded.ended().await,
        None => std::future::pending().await,
    }
}

fn listen(address: SocketAddr, settings: &Settings) -> Result<TcpListener, StartError> {
    listener::bind(address, settings.stall_max).map_err(|source| StartError::Listen { address, source })
}

fn serve(listener: TcpListener, app: web::Data<App>) -> Result<Server, StartError> {
    let address = app.settings.listen;
    let shutdown_max = app.settings.shutdown_max + LAST_BYTES_MAX;
    let factory = move || {
        actix_web::App::new()
            .app_data(app.clone())
            .app_data(web::Data::from(Arc::clone(&app.monitor)))
            .wrap(from_fn(routes::check_host))
            .wrap(from_fn(listener::limit_stalls))
            .wrap(from_fn(telemetry::request_middleware))
            .wrap(from_fn(listener::close_delimited))
            .wrap(from_fn(routes::strip_base_path))
            .configure(routes::configure)
    };
    let workers = std::thread::available_parallelism().map_or(1, NonZero::get);
    let server = HttpServer::new(factory)
        .workers(workers)
        .max_connections(listener::connections_max(workers))
        .on_connect(listener::remember_socket)
        // A closed connection must be noticed while its export waits for the database. Then the body is dropped, and
        // with it the query.
        .h1_allow_half_closed(false)
        .shutdown_timeout(shutdown_max.as_secs())
        .disable_signals()
        .listen(listener)
        .map_err(|source| StartError::Listen { address, source })?;
    Ok(server.run())
}

fn authenticator(
    settings: &Settings,
    token_keys: TokenKeys,
    session_secret: &SecretString,
    source: Source,
    database: &str,
    state: &State,
) -> Authenticator {
    let options = &settings.auth;
    Authenticator::new(auth::Parts {
        sessions: Sessions::new(
            session_secret,
            options.admin_token.as_ref(),
            database,
            options.session_lifetime,
        ),
        admin_token: options.admin_token.clone(),
        token_keys,
        hub: HubUsers::new(source, settings.hub_tables.clone()),
        sign_outs: SignOuts::new(state.clone(), options.sign_outs_max),
        attempts: Attempts::new(state.clone()),
        attempts_max: options.login_attempts_max,
        trust_proxy: options.trust_proxy,
    })
}

fn session_secret(settings: &Settings) -> Result<SecretString, StartError> {
    given_or_kept(
        settings.auth.session_secret.as_ref(),
        settings,
        SESSION_SECRET_FILE,
    )
}

/// Returns the secret of a setting, or the one in this file of the data folder.
fn given_or_kept(
    given: Option<&SecretString>,
    settings: &Settings,
    file: &str,
) -> Result<SecretString, StartError> {
    match given {
        Some(secret) => Ok(secret.clone()),
        None => kept_secret(settings, file),
    }
}

fn kept_secret(settings: &Settings, file: &str) -> Result<SecretString, StartError> {
    auth::read_or_create_secret(&settings.data_dir, file).map_err(|error| data_dir_error(settings, error))
}

fn data_dir_error(settings: &Settings, source: std::io::Error) -> StartError {
    StartError::DataDir {
        path: settings.data_dir.clone(),
        source,
    }
}
