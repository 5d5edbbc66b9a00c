//! Why a clean-up, or the restore of an archive, failed.

use super::archive::BadArchive;
use crate::database::lock::LockError;
use crate::database::missing_rows::MissingRowsError;
use crate::hub_tables::HubTableError;
use crate::source::public_message;

/// Why a clean-up, or the restore of an archive, failed.
#[derive(Debug, thiserror::Error)]
pub enum CleanupError {
    #[error(transparent)]
    Conflict(LockError),
    #[error("{}", public_message(.0).trim_end_matches('.'))]
    Database(#[from] sqlx::Error),
    #[error(
        "The database has no log of a hub that could be cleaned up; the setting DECANT_HUB_SCHEMA names the schema of the \
         hub's tables"
    )]
    NoLog,
    /// Another role could have planted a table, or policies hide its rows.
    #[error("{0}")]
    HubTable(HubTableError),
    #[error("The log's primary key is not `id`, so its rows cannot be identified safely")]
    NoKey,
    #[error(
        "No ledger, `usage_ledger`, keeps the statistics of all of these rows, so they would be lost; set \
         `withoutStatistics` to delete them all the same"
    )]
    StatisticsWouldBeLost,
    #[error(
        "The clean-up would delete or change rows of {0} too, through foreign keys, and the archive has rows of the log only. \
         Dump the database and clean up without an archive, or change these foreign keys to NO ACTION"
    )]
    NotInArchive(String),
    #[error("The archive could not be made, so nothing was deleted: {0}")]
    Archiving(BadArchive),
    #[error("The archive cannot be used: {0}")]
    Archive(#[from] BadArchive),
    #[error("{0}. Nothing was restored")]
    Restore(MissingRowsError),
    #[error("The lock was lost: its connection to PostgreSQL has ended, or another operation has taken it")]
    LockLost,
}

impl From<LockError> for CleanupError {
    fn from(error: LockError) -> Self {
        match error {
            LockError::Database(error) => Self::Database(error),
            conflict => Self::Conflict(conflict),
        }
    }
}

impl From<HubTableError> for CleanupError {
    fn from(error: HubTableError) -> Self {
        match error {
            HubTableError::Database(error) => Self::Database(error),
            HubTableError::Missing(_) => Self::NoLog,
            refused @ (HubTableError::Untrusted(_) | HubTableError::Hidden(_)) => Self::HubTable(refused),
        }
    }
}

impl From<MissingRowsError> for CleanupError {
    fn from(error: MissingRowsError) -> Self {
        match error {
            MissingRowsError::Database(error) => Self::Database(error),
            refused => Self::Restore(refused),
        }
    }
}
