//! The connection to the records.

use std::time::Duration;

use jiff::Timestamp;
use sqlx::pool::PoolConnection;
use sqlx::{PgConnection, Postgres, query};
use tokio::time::timeout;
use uuid::Uuid;

use crate::exports::error::ExportError;
use crate::exports::files::ExportFiles;
use crate::exports::metrics::ExportMetrics;
use crate::exports::notices::Notices;
use crate::exports::options::Options;
use crate::state::{Purpose, State, StateError};

/// The records of exports and of schedules, for requests. Clones share the connections.
#[derive(Clone)]
pub struct ExportStore {
    pub(super) state: State,
    pub(super) options: Options,
    pub(super) notices: Notices,
    pub(super) files: ExportFiles,
    pub(super) metrics: ExportMetrics,
}

/// The kind and the level of a message about an export.
#[derive(Clone, Copy, Debug)]
pub(in crate::exports) enum LogKind {
    Progress,
    Complete,
    Error,
    Retry,
    Cancel,
    Delivered,
    NotDelivered,
}

impl LogKind {
    fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Progress => ("progress", "info"),
            Self::Complete => ("complete", "info"),
            Self::Error => ("error", "error"),
            Self::Retry => ("retry", "warn"),
            Self::Cancel => ("cancel", "info"),
            Self::Delivered => ("deliver", "info"),
            Self::NotDelivered => ("deliver", "warn"),
        }
    }
}

/// Records what happens to an export.
pub(in crate::exports) async fn log(
    connection: &mut PgConnection,
    id: Uuid,
    kind: LogKind,
    message: &str,
) -> sqlx::Result<()> {
    let (event_type, level) = kind.words();
    query("insert into decant.export_logs (export_id, event_type, level, message) values ($1::uuid, $2, $3, $4)")
        .bind(id.to_string())
        .bind(event_type)
        .bind(level)
        .bind(message)
        .execute(connection)
        .await?;
    Ok(())
}

/// Returns whether another row has a value that must be unique (`unique_violation`).
pub(super) fn is_taken(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(|error| error.code());
    code.as_deref() == Some("23505")
}

/// Reads a time that PostgreSQL has written as JSON.
///
/// # Errors
/// [`sqlx::Error::Decode`].
pub(super) fn timestamp(text: &str) -> sqlx::Result<Timestamp> {
    text.parse()
        .map_err(|error: jiff::Error| sqlx::Error::Decode(error.into()))
}

impl ExportStore {
    #[must_use]
    pub fn new(
        state: State,
        options: Options,
        notices: Notices,
        files: ExportFiles,
        metrics: ExportMetrics,
    ) -> Self {
        Self {
            state,
            options,
            notices,
            files,
            metrics,
        }
    }

    #[must_use]
    pub fn options(&self) -> &Options {
        &self.options
    }

    #[must_use]
    pub fn notices(&self) -> &Notices {
        &self.notices
    }

    /// Runs an operation of a request on a connection.
    ///
    /// # Errors
    /// [`ExportError::NoState`]; [`ExportError::State`], also if the database does not answer in time; those of `operation`.
    pub(in crate::exports) async fn run<T>(
        &self,
        operation: impl AsyncFnOnce(&mut PoolConnection<Postgres>) -> Result<T, ExportError>,
    ) -> Result<T, ExportError> {
        if !self.state.is_on() {
            return Err(ExportError::NoState);
        }
        let running = async {
            let mut connection = self.state.connection(Purpose::Exports).await?;
            operation(&mut connection).await
        };
        let wait_max = self.options.wait_max.max(Duration::from_secs(1));
        timeout(wait_max, running)
            .await
            .unwrap_or(Err(ExportError::State(StateError::Slow)))
    }
}
