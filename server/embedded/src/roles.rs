//! The roles of the private PostgreSQL.

use sqlx::postgres::PgConnectOptions;
use sqlx::{Connection, PgConnection, query_scalar};

use super::address::{DATABASE, STATE_DATABASE};

/// Makes the roles. The owner of the database may create others beside it for a restore, and read the server's settings.
pub(crate) const CREATE: [&str; 4] = [
    "create role decant login createdb",
    "create role decant_load login",
    "grant decant_load to decant",
    "grant pg_monitor to decant",
];

/// Gives the objects that an older Decant created as the superuser to the database's owner. Objects of other roles stay theirs.
const GIVE: &str = include_str!("give_to_owner.sql");

/// Creates the roles in a cluster of an older Decant, which had the superuser only, and gives the databases to their owner.
/// Those that restores have left are among them, because a rollback puts one of them in the live place. Each start looks at
/// them, because a crash may have left one to the superuser.
pub(crate) async fn create_missing(superuser: &PgConnectOptions) -> sqlx::Result<()> {
    let mut connection = PgConnection::connect_with(superuser).await?;
    let is_there: bool = query_scalar(
        "select exists (select from pg_catalog.pg_roles where rolname operator(pg_catalog.=) 'decant')",
    )
    .fetch_one(&mut connection)
    .await?;
    if !is_there {
        let mut transaction = connection.begin().await?;
        for command in CREATE {
            sqlx::query(command).execute(&mut *transaction).await?;
        }
        transaction.commit().await?;
    }
    let databases: Vec<String> = query_scalar(
        "select datname::pg_catalog.text from pg_catalog.pg_database \
         where datallowconn and (datname operator(pg_catalog.=) $1 \
             or (pg_catalog.pg_get_userbyid(datdba) operator(pg_catalog.=) current_user \
                 and (datname operator(pg_catalog.=) $2 or pg_catalog.starts_with(datname::pg_catalog.text, $3))))",
    )
    .bind(STATE_DATABASE)
    .bind(DATABASE)
    .bind(format!("{DATABASE}_"))
    .fetch_all(&mut connection)
    .await?;
    connection.close().await?;
    for database in databases {
        let mut connection = PgConnection::connect_with(&superuser.clone().database(&database)).await?;
        // SQL: Decant's own file.
        sqlx::raw_sql(GIVE).execute(&mut connection).await?;
        connection.close().await?;
    }
    Ok(())
}
