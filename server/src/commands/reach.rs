//! The database that a command works on: the one of DSN, or the private one.

use sqlx::postgres::PgConnectOptions;

use super::Outcome;
use crate::config::Settings;
use crate::embedded::{EmbeddedError, EmbeddedPostgres, connect_options_of_another};
use crate::source::{Limits, Source};

/// The database that a command works on.
pub struct Reached {
    /// Its pools.
    pub source: Source,
    /// How to connect to it.
    pub options: PgConnectOptions,
    embedded: Option<EmbeddedPostgres>,
}

impl Reached {
    /// Connects to the database of DSN, or to the private one: starts it, unless a running Decant has.
    pub async fn by(settings: &Settings) -> Result<Self, Box<dyn std::error::Error>> {
        let (options, embedded) = match &settings.dsn {
            Some(dsn) => (dsn.options().clone(), None),
            None => match EmbeddedPostgres::start(&settings.data_dir).await {
                Ok(embedded) => (embedded.connect_options(), Some(embedded)),
                Err(EmbeddedError::InUse { .. }) => (connect_options_of_another(&settings.data_dir)?, None),
                Err(error) => return Err(error.into()),
            },
        };
        let source = Source::new(&options, limits(settings));
        source.reach().await?;
        Ok(Self {
            source,
            options,
            embedded,
        })
    }

    /// Closes the connections and stops the private one.
    pub async fn leave(self) -> Outcome {
        self.source.close().await;
        if let Some(embedded) = self.embedded {
            embedded.stop().await?;
        }
        Ok(())
    }
}

/// One connection for each purpose is what a command needs.
fn limits(settings: &Settings) -> Limits {
    Limits {
        exports_max: 1,
        queries_max: 1,
        wait_max: settings.wait_max,
        query_max: std::time::Duration::ZERO,
    }
}
