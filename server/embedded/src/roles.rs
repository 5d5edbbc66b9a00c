//! The roles of the private PostgreSQL.

use sqlx::{Connection, PgConnection, query_scalar};

/// Makes the roles. The owner of the database may create others beside it for a restore, and read the server's settings.
pub(crate) const CREATE: [&str; 4] = [
    "create role decant login createdb",
    "create role decant_load login",
    "grant decant_load to decant",
    "grant pg_monitor to decant",
];

/// Gives the objects that an older Decant created as the superuser to the database's owner.
const GIVE: &str = include_str!("give_to_owner.sql");

/// Creates the roles in a cluster of an older Decant, which had the superuser only, and gives the database to its owner.
pub(crate) async fn create_missing(connection: &mut PgConnection) -> sqlx::Result<()> {
    let is_there: bool = query_scalar(
        "select exists (select from pg_catalog.pg_roles where rolname operator(pg_catalog.=) 'decant')",
    )
    .fetch_one(&mut *connection)
    .await?;
    if is_there {
        return Ok(());
    }
    let mut transaction = connection.begin().await?;
    for command in CREATE {
        sqlx::query(command).execute(&mut *transaction).await?;
    }
    // SQL: Decant's own file.
    sqlx::raw_sql(GIVE).execute(&mut *transaction).await?;
    transaction.commit().await
}
