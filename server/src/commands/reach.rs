//! The database that a command works on: the one of DSN, or the private one.

use decant_embedded::{EmbeddedError, EmbeddedPostgres, connect_options_of_another};

use super::Outcome;
use crate::audit::Keeper;
use crate::config::Settings;
use crate::dsn::Dsn;
use crate::source::{Limits, Source};
use crate::telemetry;

/// The database that a command works on.
pub struct Reached {
    /// Its pools.
    pub source: Source,
    /// Its address.
    pub dsn: Dsn,
    audit: Option<Keeper>,
    embedded: Option<EmbeddedPostgres>,
}

impl Reached {
    /// Connects to the database of DSN, or to the private one: starts it, unless a running Decant has.
    pub async fn by(settings: &Settings) -> Result<Self, Box<dyn std::error::Error>> {
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
        source.reach().await?;
        telemetry::begin_without_log();
        let audit = Keeper::of(settings, &dsn).await?;
        Ok(Self {
            source,
            dsn,
            audit,
            embedded,
        })
    }

    /// Closes the connections and stops the private one, and goes on with what came of the work.
    pub async fn leave(self, outcome: Outcome) -> Outcome {
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

/// One connection for each purpose is what a command needs.
fn limits(settings: &Settings) -> Limits {
    Limits {
        exports_max: 1,
        queries_max: 1,
        wait_max: settings.wait_max,
        query_max: std::time::Duration::ZERO,
    }
}
