//! Why a demo cannot be made.

use super::keys::ShortSecret;

/// Why a demo cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// The name of a table.
    #[error(
        "the database already has a table public.{0} that is not Decant's demo; the demo needs a database of its own \
         (create an empty one and name it in DSN)"
    )]
    NotOurs(String),
    /// Its owner could have attached functions to it, which would run with the rights of Decant.
    #[error(
        "{object} belongs to the role {owner}, which is neither this role, a superuser nor the database's owner; the demo \
         needs a database of its own (create an empty one and name it in DSN)"
    )]
    OtherOwner {
        /// A schema, table or type, with the word for it.
        object: String,
        owner: String,
    },
    #[error(
        "the database already has other tables ({example}{}); the demo needs a database of its own: name an empty one \
         in DSN, or put the demo beside the other tables with --yes",
        match more { 0 => String::new(), more => format!(" and {more} more") }
    )]
    OtherTables {
        /// The name of a table, with its schema.
        example: String,
        more: u64,
    },
    #[error(transparent)]
    ShortSecret(#[from] ShortSecret),
    #[error("the database has no demo tables; create them first")]
    NoTables,
    /// The ids are of the type `integer`, as in the hub.
    #[error("{0} more rows are more than the ids of message_request have room for (they end at 2147483647)")]
    TooManyRows(u64),
    #[error("the database refused the demo: {}", message(.0))]
    Database(#[from] sqlx::Error),
}

/// Returns PostgreSQL's message. The driver adds a line number of PostgreSQL's source code to it.
fn message(error: &sqlx::Error) -> String {
    match error {
        sqlx::Error::Database(database) => database.message().to_owned(),
        error => error.to_string(),
    }
}
