//! Everything that a request may touch.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use crate::auth::Authority;
use crate::backups::Backups;
use crate::config::Settings;
use crate::database::Database;
use crate::datasets::options::OptionsCache;
use crate::datasets::{Catalog, Dataset};
use crate::error::ApiError;
use crate::rows::Pace;
use crate::source::Source;
use crate::stored_requests::StoredRequests;

/// Everything that a request may touch. There is one of it, and nothing else is global.
pub struct App {
    /// The settings as they were at the start.
    pub settings: Settings,
    /// The database that is exported.
    pub source: Source,
    /// The datasets.
    pub catalog: Catalog,
    /// The same database as a whole.
    pub database: Arc<Database>,
    /// Dumps of it that are kept.
    pub backups: Arc<Backups>,
    /// The requests that the hub stores; `None` without a Redis.
    pub stored_requests: Option<StoredRequests>,
    /// Who is who.
    pub authority: Authority,
    /// The values that filters offer.
    pub options: OptionsCache,
    /// Cancelled when the server has been told to stop: no new exports.
    pub stopping: CancellationToken,
    /// Cancelled when running exports must break off.
    pub break_off: CancellationToken,
}

impl App {
    /// The dataset of this name, if it can be used.
    ///
    /// # Errors
    /// [`ApiError::UnknownDataset`], [`ApiError::DatasetUnavailable`].
    pub fn dataset(&self, name: &str) -> Result<&Dataset, ApiError> {
        let dataset = self
            .catalog
            .get(name)
            .ok_or_else(|| ApiError::UnknownDataset(name.to_owned()))?;
        match &dataset.unavailable {
            None => Ok(dataset),
            Some(unavailable) => Err(ApiError::DatasetUnavailable {
                name: name.to_owned(),
                reason: unavailable.reason.clone(),
            }),
        }
    }

    /// How a stream keeps time.
    #[must_use]
    pub fn pace(&self) -> Pace {
        Pace {
            heartbeat: self.settings.heartbeat,
            break_off: self.break_off.clone(),
        }
    }
}
