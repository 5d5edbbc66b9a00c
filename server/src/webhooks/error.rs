//! Why a migration of webhooks failed.

use crate::hub_tables::HubTableError;
use crate::source::public_message;

/// Why a migration of webhooks failed. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum WebhookError {
    #[error(
        "The database has no webhook targets of a hub; update the hub first, or let DECANT_HUB_SCHEMA name the schema of its \
         tables"
    )]
    NoTables,
    /// Another role could have planted a table, or policies hide its rows.
    #[error("{0}")]
    HubTable(HubTableError),
    /// A field of the request names something that is no webhook of the old settings.
    #[error("`{named}` is the id of no webhook; there are {known}")]
    UnknownWebhook {
        field: &'static str,
        named: String,
        known: String,
    },
    #[error("{}", public_message(.0).trim_end_matches('.'))]
    Database(#[from] sqlx::Error),
}

impl From<HubTableError> for WebhookError {
    fn from(error: HubTableError) -> Self {
        match error {
            HubTableError::Database(error) => Self::Database(error),
            HubTableError::Missing(_) => Self::NoTables,
            refused @ (HubTableError::Untrusted(_) | HubTableError::Hidden(_)) => Self::HubTable(refused),
        }
    }
}
