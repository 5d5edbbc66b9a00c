//! The database of a command: the one of DSN, or the private PostgreSQL.

use std::time::Duration;

use decant_embedded::{EmbeddedError, EmbeddedPostgres, connect_options_of_another};
use tokio_util::task::TaskTracker;

use super::outcome::Outcome;
use crate::audit::AuditWriter;
use crate::config::Settings;
use crate::database::Database;
use crate::dsn::Dsn;
use crate::source::{Limits, Source};
use crate::startup::prepare_folders;
use crate::storage::Storage;
use crate::telemetry;

pub struct Connection {
    pub source: Source,
    pub dsn: Dsn,
    audit: Option<AuditWriter>,
    embedded: Option<EmbeddedPostgres>,
}

impl Connection {
    /// Connects, and starts to write audit records. The private PostgreSQL is started unless a running Decant has
    /// started it.
    pub async fn open(settings: &Settings) -> Result<Self, Box<dyn std::error::Error>> {
        for warning in prepare_folders(settings)? {
            eprintln!("decant: {warning}");
        }
        let (dsn, embedded): (Dsn, _) = match &settings.dsn {
            Some(dsn) => (dsn.clone(), None),
            None => match EmbeddedPostgres::start(&settings.data_dir).await {
                Ok(embedded) => (embedded.connect_options().into(), Some(embedded)),
                Err(EmbeddedError::InUse { .. }) => {
                    (connect_options_of_another(&settings.data_dir)?.into(), None)
                }
                Err(error) => return Err(error.into()),
            },
        };
        let source = Source::new(dsn.options(), limits(settings));
        source.check_connection().await?;
        telemetry::start_audit();
        let audit = AuditWriter::start(&settings.audit, &dsn).await?;
        Ok(Self {
            source,
            dsn,
            audit,
            embedded,
        })
    }

    /// Returns the operations on the database: dumps, restores and clean-ups.
    pub fn database(&self, settings: &Settings) -> Database {
        let storage = Storage::new(settings.storage.clone());
        Database::new(&self.dsn, &settings.database, storage, &TaskTracker::new())
    }

    /// Closes the connections, writes the last audit records, stops the private PostgreSQL, and returns `outcome`.
    pub async fn close(self, outcome: Outcome) -> Outcome {
        self.source.close().await;
        if let Some(audit) = self.audit {
            audit.flush().await;
        }
        if let Some(embedded) = self.embedded {
            embedded.stop().await?;
        }
        outcome
    }
}

/// A command needs one connection for each purpose. Its queries have no time limit: the user can stop it.
pub fn limits(settings: &Settings) -> Limits {
    Limits {
        exports_max: 1,
        queries_max: 1,
        query_max: Duration::ZERO,
        ..settings.source
    }
}
