//! The application: the one place where everything is put together.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use crate::auth::Authenticator;
use crate::backups::Backups;
use crate::config::Settings;
use crate::database::Database;
use crate::database::temporary_files::TemporaryFolder;
use crate::datasets::catalog::CurrentCatalog;
use crate::datasets::options::OptionsCache;
use crate::datasets::workspaces::MembershipCache;
use crate::error::ApiError;
use crate::exports::store::ExportStore;
use crate::exports::stored_exports::StoredExports;
use crate::monitor::Monitor;
use crate::permissions::PermissionStore;
use crate::probes::ProbeFeed;
use crate::rows::StreamTiming;
use crate::shares::Shares;
use crate::source::Source;
use crate::state::State;
use crate::stored_requests::StoredRequests;

/// The state that handlers share. A process has one of it and no other global state.
pub struct App {
    pub settings: Settings,
    /// The connections to the database that is exported.
    pub source: Source,
    /// The parts of each caller in the running exports, and in the other queries.
    pub export_shares: Arc<Shares>,
    pub query_shares: Shares,
    /// Look-ups of workspaces. They are apart from other queries, so that a page opens while these run.
    pub lookup_shares: Shares,
    pub stream_shares: Shares,
    pub catalog: Arc<CurrentCatalog>,
    /// Dumps, restores and clean-ups of the exported database.
    pub database: Database,
    pub state: State,
    /// Uploaded dumps, each until its restore has ended.
    pub temporary_files: TemporaryFolder,
    pub backups: Arc<Backups>,
    /// The files of background exports.
    pub stored_exports: StoredExports,
    /// `None` without the setting REDIS_URL.
    pub stored_requests: Option<StoredRequests>,
    pub probes: Arc<ProbeFeed>,
    pub authenticator: Arc<Authenticator>,
    /// The records of background exports.
    pub exports: ExportStore,
    /// The permissions of callers for exports.
    pub permissions: PermissionStore,
    /// Answers for health and metrics; handlers take it as `web::Data<Monitor>`.
    pub monitor: Arc<Monitor>,
    pub options: OptionsCache,
    /// Memberships that were looked up within `DECANT_MEMBERSHIP_SECONDS`.
    pub memberships: MembershipCache,
    /// Cancelled when the server is asked to stop; new exports are refused from then on.
    pub stopping: CancellationToken,
    /// Cancelled when the time for a graceful stop is over: running exports are aborted.
    pub abort: CancellationToken,
}

impl App {
    /// # Errors
    /// [`ApiError::ShuttingDown`] once the server is asked to stop: nothing long begins then.
    pub fn check_running(&self) -> Result<(), ApiError> {
        match self.stopping.is_cancelled() {
            true => Err(ApiError::ShuttingDown),
            false => Ok(()),
        }
    }

    /// Refuses what only a hub's database has.
    ///
    /// # Errors
    /// [`ApiError::NoHub`].
    pub fn check_hub(&self) -> Result<(), ApiError> {
        match self.settings.datasets.built_in {
            true => Ok(()),
            false => Err(ApiError::NoHub),
        }
    }

    /// Returns the heartbeat of a stream, and the signal that aborts it.
    #[must_use]
    pub fn stream_timing(&self) -> StreamTiming {
        StreamTiming {
            heartbeat: self.settings.heartbeat,
            abort: self.abort.clone(),
        }
    }
}
