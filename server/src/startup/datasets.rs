//! The definitions of datasets: reported at the start, and read again at SIGHUP.

use std::sync::Arc;

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::datasets::catalog::{CatalogError, CatalogOptions, Cause, CurrentCatalog, Unavailable};
use crate::datasets::{Catalog, warnings};
use crate::hub_tables::HubTables;
use crate::source::Source;
use crate::state::State;

/// Reads the definitions again, and gives them to a catalogue.
pub struct DatasetReload {
    pub options: CatalogOptions,
    pub hub_tables: HubTables,
    pub source: Source,
    pub state: State,
    /// Gets the new definitions.
    pub catalog: Arc<CurrentCatalog>,
}

impl DatasetReload {
    /// Reads the definitions again at each SIGHUP until `stopping` is cancelled, and then calls `forget`, which clears what was kept
    /// of the old ones. Running exports keep the definitions with which they began.
    pub fn on_hangup(self, stopping: &CancellationToken, forget: impl Fn() + Send + 'static) {
        let mut hangups = match signal(SignalKind::hangup()) {
            Ok(hangups) => hangups,
            Err(error) => {
                tracing::warn!(%error, "SIGHUP cannot be received: changed datasets need a restart");
                return;
            }
        };
        tokio::spawn(stopping.clone().run_until_cancelled_owned(async move {
            while hangups.recv().await.is_some() {
                match self.read().await {
                    Ok(catalog) => {
                        report(&catalog);
                        self.catalog.replace(catalog);
                        forget();
                    }
                    Err(error) => {
                        tracing::error!(%error, "the datasets stay as they were");
                    }
                }
            }
        }));
    }

    async fn read(&self) -> Result<Catalog, CatalogError> {
        let mut catalog = Catalog::load(&self.options, &self.hub_tables)?;
        let mut connection = self.source.for_query().await?;
        catalog.prepare(&mut connection, &self.state).await?;
        for warning in warnings::of_catalog(&catalog, &mut connection).await? {
            tracing::warn!("{warning}");
        }
        Ok(catalog)
    }
}

/// Logs which datasets can be used, and why the others cannot.
pub fn report(catalog: &Catalog) {
    if let Some(Unavailable { reason, cause }) = &catalog.workspaces().unavailable
        && *cause != Cause::NotHere
    {
        tracing::error!(
            reason,
            "the workspaces cannot be used, so nobody may see their rows"
        );
    }
    for dataset in catalog.iter() {
        let name = &dataset.definition.name;
        match &dataset.unavailable {
            None => tracing::info!(dataset = name, "dataset is ready"),
            Some(_) if !dataset.is_here() => {}
            // The start has said already why there is no state database.
            Some(unavailable) if unavailable.cause == Cause::NoState => {
                tracing::info!(
                    dataset = name,
                    reason = unavailable.reason,
                    "dataset is unavailable"
                );
            }
            Some(unavailable) if unavailable.cause == Cause::Mistake => {
                tracing::error!(
                    dataset = name,
                    reason = unavailable.reason,
                    "definition of a dataset is wrong"
                );
            }
            Some(unavailable) => {
                tracing::warn!(
                    dataset = name,
                    reason = unavailable.reason,
                    "dataset is unavailable"
                );
            }
        }
    }
    for bundle in catalog.bundles() {
        if let Some(unavailable) = &bundle.unavailable {
            tracing::error!(
                bundle = bundle.definition.name,
                reason = unavailable.reason,
                "definition of a bundle is wrong"
            );
        }
    }
}
