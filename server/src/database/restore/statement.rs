//! Statements with names and values from outside. PostgreSQL quotes them, and runs one statement a call.

use sqlx::{AssertSqlSafe, PgConnection, query, query_scalar};

/// Returns the SQL of a template for PostgreSQL's `format()`, which quotes the names and values.
pub(super) async fn render<const N: usize>(
    connection: &mut PgConnection,
    template: &str,
    values: [&str; N],
) -> sqlx::Result<String> {
    query_scalar("select pg_catalog.format($1, variadic $2::pg_catalog.text[])")
        .bind(template)
        .bind(values.map(str::to_owned).to_vec())
        .fetch_one(connection)
        .await
}

/// Executes one statement. The extended protocol refuses a text with several, so an injected second statement would be an
/// error.
pub(super) async fn execute(connection: &mut PgConnection, statement: String) -> sqlx::Result<()> {
    // SQL: rendered by PostgreSQL's `format()` (`render`, or a query of the catalog), or without values.
    let statement = query(AssertSqlSafe(statement)).persistent(false);
    statement.execute(connection).await.map(drop)
}

/// Renders one statement and executes it.
pub(super) async fn run<const N: usize>(
    connection: &mut PgConnection,
    template: &str,
    values: [&str; N],
) -> sqlx::Result<()> {
    let statement = render(connection, template, values).await?;
    execute(connection, statement).await
}

/// Executes one statement of an open transaction. If it fails, the transaction is as it was before it.
///
/// # Errors
/// The outer error ends the transaction. The inner one is that of the statement.
pub(super) async fn attempt(
    connection: &mut PgConnection,
    statement: String,
) -> sqlx::Result<Result<(), String>> {
    execute(connection, "savepoint decant".to_owned()).await?;
    match execute(connection, statement).await {
        Ok(()) => {
            execute(connection, "release savepoint decant".to_owned()).await?;
            Ok(Ok(()))
        }
        Err(sqlx::Error::Database(error)) => {
            execute(connection, "rollback to savepoint decant".to_owned()).await?;
            Ok(Err(error.message().to_owned()))
        }
        Err(error) => Err(error),
    }
}
