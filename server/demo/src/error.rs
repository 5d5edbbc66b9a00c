//! Why a demo cannot be made.

use super::keys::ShortSecret;
use super::usd::Usd;

/// Why a demo cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// The name of a table.
    #[error(
        "the database already has a table public.{0} that is not Decant's demo; the demo needs a database of its own \
         (create an empty one and name it in DSN)"
    )]
    NotOurs(String),
    #[error(
        "the database has the demo's table public.{there}, but not public.{missing}; nothing is made beside a part of the \
         demo (drop the table, or name another database in DSN)"
    )]
    Incomplete {
        /// The name of a table of the demo that exists.
        there: String,
        /// The name of one that belongs to it and does not.
        missing: &'static str,
    },
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
    /// Continues a sentence that begins with the period.
    #[error("the period of the demo {0}")]
    Period(&'static str),
    /// The id of the last user.
    #[error("the demo has the users 1 to {0}")]
    NoUser(i32),
    /// The id of the last provider.
    #[error("the demo has the providers 1 to {0}")]
    NoProvider(usize),
    #[error("the demo has no model {name}; it has {known}")]
    NoModel { name: String, known: String },
    #[error("none of the chosen providers serves the model {0}")]
    ModelWithoutProvider(&'static str),
    /// The id of the provider.
    #[error("the provider {0} serves none of the chosen models")]
    ProviderWithoutModel(i64),
    #[error(
        "no row would have a cost that could be scaled to the sum; make more rows, or rows of another provider"
    )]
    NoCosts,
    /// The wanted sum.
    #[error(
        "costs of {0} USD would give a row more than 999999 USD, which its column cannot hold; make more rows"
    )]
    CostOfRow(Usd),
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
