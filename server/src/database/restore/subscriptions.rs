//! Subscriptions (logical replication) of a database that a restore replaces.
//!
//! A subscription belongs to its database. After the swap the previous database goes on receiving, and the restored one does
//! not receive. A database with subscriptions cannot be dropped.

use sqlx::{Connection, PgConnection, query_scalar};

use super::statement::run;
use crate::database::session;
use crate::dsn::Dsn;

/// How the live database is replaced.
#[derive(Clone, Copy)]
pub(super) enum RestoredBy {
    /// Another database takes its place.
    Swap,
    /// Its contents are replaced.
    Transaction,
}

/// Returns a warning that names the subscriptions of the live database, or `None` if it has none.
///
/// # Errors
/// The database does not answer.
pub(super) async fn warning(live: &Dsn, restored_by: RestoredBy) -> sqlx::Result<Option<String>> {
    let effect = match restored_by {
        RestoredBy::Swap => {
            "They stay with the previous database, which goes on receiving. Disable them there, and create them in the \
             restored database"
        }
        RestoredBy::Transaction => {
            "They are dropped, and their replication slots stay on the publisher. Enable those that the dump has created"
        }
    };
    let mut connection = session::open(live, "decant restore").await?;
    let names = names(&mut connection, live.database()).await?;
    connection.close().await?;
    Ok((!names.is_empty()).then(|| {
        format!(
            "The live database has subscriptions: {}. {effect}",
            names.join(", ")
        )
    }))
}

/// Removes the subscriptions of a database that is dropped next. Their replication slots stay on the publisher, because it may
/// not answer, and another subscription may use them.
///
/// # Errors
/// The database does not answer, or Decant's role may not drop a subscription.
pub(super) async fn remove(maintenance: &mut PgConnection, database: &Dsn) -> sqlx::Result<()> {
    let names = names(maintenance, database.database()).await?;
    if names.is_empty() {
        return Ok(());
    }
    let mut connection = session::open(database, "decant restore").await?;
    for name in names {
        run(&mut connection, "alter subscription %I disable", [&name]).await?;
        run(
            &mut connection,
            "alter subscription %I set (slot_name = none)",
            [&name],
        )
        .await?;
        run(&mut connection, "drop subscription %I", [&name]).await?;
        tracing::warn!(
            subscription = name,
            "a subscription was dropped with its database; drop its replication slot on the publisher"
        );
    }
    connection.close().await
}

async fn names(connection: &mut PgConnection, database: &str) -> sqlx::Result<Vec<String>> {
    query_scalar(
        "select subname::pg_catalog.text from pg_catalog.pg_subscription s \
         join pg_catalog.pg_database d on d.oid operator(pg_catalog.=) s.subdbid \
         where datname operator(pg_catalog.=) $1 order by subname",
    )
    .bind(database)
    .fetch_all(connection)
    .await
}
