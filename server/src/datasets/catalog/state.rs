//! Datasets whose rows are in the state database.

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use sqlx::Postgres;
use sqlx::pool::PoolConnection;
use tokio::time::sleep;

use super::{Catalog, Cause, CurrentCatalog, Dataset, Unavailable};
use crate::datasets::definition::RowDatabase;
use crate::source::{Source, database_message};
use crate::state::{State, StateError};

/// How often a state database that did not answer is asked again.
const ASK_EVERY: Duration = Duration::from_secs(5);

impl Dataset {
    /// Returns the connections to the database that has the rows: `source`, or those of `state`.
    ///
    /// # Errors
    /// [`StateError`]
    pub async fn source<'a>(&self, source: &'a Source, state: &'a State) -> Result<&'a Source, StateError> {
        match self.definition.database {
            RowDatabase::Source => Ok(source),
            RowDatabase::State => state.rows().await,
        }
    }

    fn waits_for_state(&self) -> bool {
        let cause = self.unavailable.as_ref().map(|unavailable| unavailable.cause);
        cause == Some(Cause::NoState)
    }
}

impl Catalog {
    /// Checks the datasets of the state database. While it does not answer, they are [`Unavailable`].
    pub(super) async fn prepare_state(&mut self, state: &State) {
        let mut connection = connect(state).await;
        for dataset in &mut self.datasets {
            let is_checkable = dataset.unavailable.is_none() || dataset.waits_for_state();
            if dataset.definition.database != RowDatabase::State || !is_checkable {
                continue;
            }
            let dataset = Arc::make_mut(dataset);
            dataset.unavailable = match &mut connection {
                Ok(connection) => dataset
                    .probe(connection, false)
                    .await
                    .unwrap_or_else(|error| Some(no_state(&database_message(&error)))),
                Err(unavailable) => Some(unavailable.clone()),
            };
        }
    }

    fn waits_for_state(&self) -> bool {
        self.datasets.iter().any(|dataset| dataset.waits_for_state())
    }
}

impl CurrentCatalog {
    /// Checks the datasets of the state database again, once it answers, where it did not before. It never completes.
    pub async fn check_state_regularly(&self, state: &State) {
        loop {
            sleep(ASK_EVERY).await;
            let current = self.get();
            if !current.waits_for_state() {
                continue;
            }
            let mut catalog = Catalog::clone(&current);
            catalog.prepare_state(state).await;
            if !catalog.waits_for_state() {
                tracing::info!("the state database answers, so its datasets can be used");
                self.replace_if_current(&current, catalog);
            }
        }
    }

    /// Replaces the catalog unless another one has taken the place of `known`.
    fn replace_if_current(&self, known: &Arc<Catalog>, catalog: Catalog) {
        let mut current = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if Arc::ptr_eq(&current, known) {
            *current = Arc::new(Catalog {
                revision: known.revision + 1,
                ..catalog
            });
        }
    }
}

async fn connect(state: &State) -> Result<PoolConnection<Postgres>, Unavailable> {
    if !state.is_on() {
        return Err(no_state(
            "there is none: STATE_DSN is `none`, or no private PostgreSQL runs here; set STATE_DSN to a database",
        ));
    }
    let rows = state.rows().await.map_err(|error| no_state(&error.to_string()))?;
    let connection = rows.for_query().await;
    connection.map_err(|error| no_state(&database_message(&error)))
}

fn no_state(problem: &str) -> Unavailable {
    Unavailable {
        reason: format!("its rows are in the state database, and {problem}"),
        cause: Cause::NoState,
    }
}
