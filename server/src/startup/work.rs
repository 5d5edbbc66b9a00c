//! `decant work`: workers for background exports without a server.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::{StartError, check_state_datasets_regularly, export_workers, session_secret};
use super::{UNDOING_MAX, authenticator, prepare_folders, report};
use crate::audit::AuditWriter;
use crate::auth::TokenKeys;
use crate::config::Settings;
use crate::datasets::Catalog;
use crate::datasets::catalog::CurrentCatalog;
use crate::exports::files::ExportFiles;
use crate::exports::notices::Notices;
use crate::exports::plan::Planner;
use crate::exports::work::{Parts, Workers};
use crate::source::{Source, SourceError};
use crate::state::{self, RunningDatabase, State};
use crate::storage::Storage;

/// The workers of a process, and what they use.
pub struct WorkProcess {
    workers: Workers,
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
        let catalog = Arc::new(CurrentCatalog::new(catalog));
        check_state_datasets_regularly(Arc::clone(&catalog), state.clone(), &stopping);
        let files = ExportFiles::new(
            Storage::new(settings.storage.clone()),
            settings.export_files.encryption.clone(),
            state.clone(),
        );
        let workers = export_workers(Parts {
            state: state.clone(),
            notices: Notices::new(state.clone(), settings.export_redis.clone()),
            planner: Planner {
                source: source.clone(),
                state: state.clone(),
                catalog: Arc::clone(&catalog),
                authenticator: Arc::new(authenticator),
            },
            files,
            heartbeat: settings.heartbeat,
            stopping: stopping.clone(),
            abort: abort.clone(),
            options: settings.exports,
        });
        Ok(Self {
            workers,
            source,
            state,
            audit,
            stopping,
            abort,
            shutdown_max: settings.shutdown_max,
        })
    }

    /// Makes exports until `stop` completes. Then running ones have `shutdown_max` to finish; the rest is given back.
    pub async fn run_until_stopped(self, stop: impl Future<Output = ()>) {
        let mut running = tokio::spawn(self.workers.run());
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
