//! Why probes cannot be read.

use crate::hub_tables::HubTableError;
use crate::source::public_message;

/// Why probes cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ProbeError {
    #[error(
        "The database has no probe logs of a hub; update the hub first, or let DECANT_HUB_SCHEMA name the schema of its tables"
    )]
    NoTables,
    /// Another role could have planted a table, or policies hide its rows.
    #[error("{0}")]
    HubTable(HubTableError),
    #[error("{0} streams of probes run already, as many as the setting DECANT_STREAMS_MAX allows")]
    TooManyStreams(u32),
    /// A restore has put another table into the place of the one that was read.
    #[error("The table of probe logs was replaced")]
    Replaced,
    #[error("{}", public_message(.0).trim_end_matches('.'))]
    Database(#[from] sqlx::Error),
}

impl From<HubTableError> for ProbeError {
    fn from(error: HubTableError) -> Self {
        match error {
            HubTableError::Database(error) => Self::Database(error),
            HubTableError::Missing(_) => Self::NoTables,
            refused @ (HubTableError::Untrusted(_) | HubTableError::Hidden(_)) => Self::HubTable(refused),
        }
    }
}
