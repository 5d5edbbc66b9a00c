//! Why the state database cannot be used.

use sqlx::migrate::MigrateError;

use crate::source::{database_message, is_of_connection};

#[derive(Debug, thiserror::Error)]
pub enum StateError {
    #[error(
        "the state database cannot be used: {}. Correct STATE_DSN, or turn the state database off with STATE_DSN=none",
        database_message(.0)
    )]
    Database(#[from] sqlx::Error),
    #[error(
        "the state database cannot be used: {}. Its role needs a schema `decant` of its own: \
         `create schema decant authorization …`, or `grant create on database … to …`",
        database_message(.0)
    )]
    NotAllowed(sqlx::Error),
    #[error(
        "STATE_DSN names the database of DSN. A restore would replace Decant's own tables; create a database for them, \
         for example with `create database decant_state`"
    )]
    Exported,
    #[error(
        "STATE_DSN names a connection pooler in transaction mode, which gives each transaction another session and loses \
         prepared statements. Let STATE_DSN name the server itself, or a pool with pool_mode = session"
    )]
    TransactionPooling,
    #[error(
        "the state database has the encoding {0}, which cannot hold every name; create one with \
         `create database decant_state template template0 encoding 'UTF8'`"
    )]
    Encoding(String),
    #[error(
        "the state database has version {found} of Decant's tables, and this program knows version {known} at most; \
         use the newer Decant that made them"
    )]
    Newer { found: i64, known: i64 },
    #[error("the state database was changed by another program: {0}")]
    Changed(MigrateError),
    /// The objects, each with its owner, trigger or rule.
    #[error(
        "the state database is not used, because code of another role could run with Decant's rights: {0}. Drop it, or \
         `alter … owner to` Decant's role"
    )]
    Foreign(String),
    /// After a failure the database is left alone for a moment.
    #[error("the state database did not answer a moment ago")]
    Resting,
    #[error("the state database does not answer in time")]
    Slow,
}

impl StateError {
    /// Returns `true` if the same attempt may succeed later without a change of the settings.
    #[must_use]
    pub fn is_outage(&self) -> bool {
        match self {
            Self::Database(error) => is_of_connection(error) || is_cancelled(error),
            Self::Resting | Self::Slow => true,
            Self::NotAllowed(_)
            | Self::Exported
            | Self::TransactionPooling
            | Self::Encoding(_)
            | Self::Newer { .. }
            | Self::Changed(_)
            | Self::Foreign(_) => false,
        }
    }
}

/// Returns whether a time limit of the role or an operator ended the statement (`query_canceled`).
fn is_cancelled(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(|error| error.code());
    code.as_deref() == Some("57014")
}
