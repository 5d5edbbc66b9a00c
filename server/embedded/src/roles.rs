//! The roles of the private PostgreSQL.

use sqlx::postgres::PgConnectOptions;
use sqlx::{Connection, PgConnection, query_as};

use super::address::STATE_DATABASE;

/// Makes the roles. The owner of the database may create others beside it for a restore, and read the server's settings.
pub(crate) const CREATE: [&str; 4] = [
    "create role decant login createdb",
    "create role decant_load login",
    "grant decant_load to decant",
    "grant pg_monitor to decant",
];

/// Gives the objects that an older Decant created as the superuser to the database's owner. Objects of other roles stay theirs.
const GIVE: &str = include_str!("give_to_owner.sql");

/// Creates the roles in a cluster of an older Decant, which had the superuser only, and gives the databases to their owner. The
/// state database is looked at on each start, because a crash may have left it to the superuser.
pub(crate) async fn create_missing(superuser: &PgConnectOptions) -> sqlx::Result<()> {
    let mut connection = PgConnection::connect_with(superuser).await?;
    let (is_there, has_state): (bool, bool) = query_as(
        "select exists (select from pg_catalog.pg_roles where rolname operator(pg_catalog.=) 'decant'), \
                exists (select from pg_catalog.pg_database where datname operator(pg_catalog.=) $1)",
    )
    .bind(STATE_DATABASE)
    .fetch_one(&mut connection)
    .await?;
    if !is_there {
        let mut transaction = connection.begin().await?;
        for command in CREATE {
            sqlx::query(command).execute(&mut *transaction).await?;
        }
        // SQL: Decant's own file.
        sqlx::raw_sql(GIVE).execute(&mut *transaction).await?;
        transaction.commit().await?;
    }
    connection.close().await?;
    if has_state {
        let mut connection = PgConnection::connect_with(&superuser.clone().database(STATE_DATABASE)).await?;
        // SQL: Decant's own file.
        sqlx::raw_sql(GIVE).execute(&mut connection).await?;
        connection.close().await?;
    }
    Ok(())
}
