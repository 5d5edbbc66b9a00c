//! `decant work`: workers for background exports without a server. Where DECANT_LISTEN is set, a port shows health and metrics.

use std::future::Future;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::Server;
use actix_web::middleware::from_fn;
use actix_web::{App, HttpServer, web};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::datasets::{DatasetReload, report};
use super::{LAST_BYTES_MAX, UNDOING_MAX, authenticator, listen, prepare_folders};
use super::{StartError, check_state_datasets_regularly, export_workers, session_secret};
use crate::audit::AuditWriter;
use crate::auth::TokenKeys;
use crate::config::Settings;
use crate::datasets::Catalog;
use crate::datasets::catalog::CurrentCatalog;
use crate::exports::files::ExportFiles;
use crate::exports::link_signature::LinkSigner;
use crate::exports::links::Links;
use crate::exports::metrics::ExportMetrics;
use crate::exports::notices::Notices;
use crate::exports::plan::Planner;
use crate::exports::sending::Sender;
use crate::exports::store::ExportStore;
use crate::exports::work::{Parts, Workers};
use crate::monitor::{self, Monitor};
use crate::permissions::PermissionStore;
use crate::source::{Source, SourceError};
use crate::state::{self, RunningDatabase, State};
use crate::storage::Storage;
use crate::{listener, routes, telemetry};

/// The workers of a process, and what they use.
pub struct WorkProcess {
    workers: Workers,
    /// Shows health and metrics.
    server: Option<(Server, SocketAddr)>,
    source: Source,
    state: State,
    audit: Option<AuditWriter>,
    stopping: CancellationToken,
    abort: CancellationToken,
    /// How long running exports may continue.
    shutdown_max: Duration,
}

impl WorkProcess {
    /// Connects to the database that is exported and to the state database.
    ///
    /// # Errors
    /// [`StartError::NoSharedState`], [`StartError::NoSource`], [`StartError::NoWorkers`]; others for the first part that does not
    /// start.
    pub async fn build(settings: Settings) -> Result<Self, StartError> {
        if !matches!(settings.state, state::Options::Database(_)) {
            return Err(StartError::NoSharedState);
        }
        let dsn = settings.dsn.as_ref().ok_or(StartError::NoSource)?;
        if settings.exports.workers == 0 {
            return Err(StartError::NoWorkers);
        }
        for warning in prepare_folders(&settings, false)? {
            tracing::warn!("{warning}");
        }
        if settings.auth.admin_token.is_none() {
            tracing::warn!(
                "ADMIN_TOKEN is not set: if the servers have one, exports that were asked for with it fail here with \
                 no_longer_allowed; give this process the same token"
            );
        }
        let listener = match settings.work_listen {
            Some(address) => Some((address, listen(address, &settings)?)),
            None => None,
        };
        let mut catalog = Catalog::load(&settings.datasets, &settings.hub_tables)?;
        let auth = &settings.auth;
        let token_keys = TokenKeys::load(
            auth.jwt_secret.as_ref(),
            auth.jwks_file.as_deref(),
            auth.token_rules.clone(),
        )?;
        let source = Source::new(dsn.options(), settings.source);
        let mut connection = source.check_connection().await?;
        let exported = RunningDatabase::read(&mut connection)
            .await
            .map_err(SourceError::Unreachable)?;
        let state = State::open(&settings.state, None, exported, settings.source).await?;
        let audit = AuditWriter::start(&state, settings.audit);
        catalog.prepare(&mut connection, &state).await?;
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
        let (stopping, abort) = (CancellationToken::new(), CancellationToken::new());
        let (storage, metrics) = (Storage::new(settings.storage.clone()), ExportMetrics::default());
        let catalog = Arc::new(CurrentCatalog::new(catalog));
        check_state_datasets_regularly(Arc::clone(&catalog), state.clone(), &stopping);
        let files = ExportFiles::new(
            storage.clone(),
            settings.export_files.encryption.clone(),
            state.clone(),
        );
        let reload = DatasetReload {
            options: settings.datasets.clone(),
            hub_tables: settings.hub_tables.clone(),
            source: source.clone(),
            state: state.clone(),
            catalog: Arc::clone(&catalog),
        };
        reload.on_hangup(&stopping, || {});
        let monitor = Arc::new(Monitor::new(monitor::Parts {
            source: source.clone(),
            state: state.clone(),
            storage,
            redis: settings.redis_servers.clone(),
            collectors: metrics.collectors(),
            options: settings.monitor.clone(),
            stopping: stopping.clone(),
        }));
        let server = match listener {
            Some((address, listener)) => Some(serve(address, listener, monitor)?),
            None => None,
        };
        let notices = Notices::new(state.clone(), settings.export_redis.clone());
        let planner = Planner {
            source: source.clone(),
            state: state.clone(),
            catalog: Arc::clone(&catalog),
            authenticator: Arc::new(authenticator),
            permissions: PermissionStore::new(state.clone(), settings.exports.wait_max),
        };
        // Servers must know the links that this process makes.
        let secret = settings.export_files.link_secret.as_ref();
        let secret = secret.or(settings.auth.session_secret.as_ref());
        if secret.is_none() {
            tracing::info!(
                "mails and webhooks are left to the servers; to send them here, give all of them the same DECANT_LINK_SECRET"
            );
        }
        let sender = secret.map(|secret| Sender {
            options: settings.deliveries.clone(),
            store: ExportStore::new(
                state.clone(),
                settings.exports.clone(),
                notices.clone(),
                files.clone(),
                metrics.clone(),
            ),
            planner: planner.clone(),
            files: files.clone(),
            links: Links::new(state.clone()),
            signer: LinkSigner::new(secret),
        });
        let workers = export_workers(Parts {
            state: state.clone(),
            metrics,
            notices,
            planner,
            sender,
            files,
            heartbeat: settings.heartbeat,
            stopping: stopping.clone(),
            abort: abort.clone(),
            options: settings.exports,
        });
        Ok(Self {
            workers,
            server,
            source,
            state,
            audit,
            stopping,
            abort,
            shutdown_max: settings.shutdown_max,
        })
    }

    /// Returns the address of health and metrics, with the port that was taken.
    #[must_use]
    pub fn address(&self) -> Option<SocketAddr> {
        self.server.as_ref().map(|(_, address)| *address)
    }

    /// Makes exports until `stop` completes. Then running ones have `shutdown_max` to finish; the rest is given back.
    pub async fn run_until_stopped(self, stop: impl Future<Output = ()>) {
        let mut running = tokio::spawn(self.workers.run());
        let handle = self.server.map(|(server, _)| {
            let handle = server.handle();
            tokio::spawn(async move {
                if let Err(error) = server.await {
                    tracing::error!(%error, "health and metrics are not shown any more");
                }
            });
            handle
        });
        stop.await;
        tracing::info!("stopping");
        self.stopping.cancel();
        let (abort, grace_period) = (self.abort.clone(), self.shutdown_max);
        let timer = tokio::spawn(async move {
            sleep(grace_period).await;
            abort.cancel();
        });
        if timeout(grace_period + UNDOING_MAX, &mut running).await.is_err() {
            tracing::error!("interrupted exports do not end; leaving them");
        }
        timer.abort();
        // It answers until here, so that an orchestrator sees that the process is alive and takes no more work.
        if let Some(handle) = handle {
            handle.stop(true).await;
        }
        self.source.close().await;
        if let Some(audit) = self.audit
            && let Err(error) = audit.flush().await
        {
            tracing::error!(%error, "the log has them");
        }
        self.state.close().await;
        tracing::info!("stopped");
    }
}

/// Starts to answer on this listener, and returns the address with the port that was taken.
fn serve(
    address: SocketAddr,
    listener: TcpListener,
    monitor: Arc<Monitor>,
) -> Result<(Server, SocketAddr), StartError> {
    let failed = |source| StartError::Listen { address, source };
    let taken = listener.local_addr().map_err(failed)?;
    let factory = move || {
        App::new()
            .app_data(web::Data::from(Arc::clone(&monitor)))
            .wrap(from_fn(routes::check_host))
            .wrap(from_fn(telemetry::request_middleware))
            .configure(routes::configure_for_workers)
    };
    let server = HttpServer::new(factory)
        .workers(1)
        .max_connections(listener::connections_max(1))
        .shutdown_timeout(LAST_BYTES_MAX.as_secs())
        .disable_signals()
        .listen(listener)
        .map_err(failed)?;
    Ok((server.run(), taken))
}
