//! SQL with placeholders for values.
//!
//! `COPY` takes no bind parameters. PostgreSQL's own `format()` writes the values into the text instead, and quotes them
//! (<https://www.postgresql.org/docs/current/functions-string.html>, "format").

use sqlx::{AssertSqlSafe, PgConnection};

/// SQL with placeholders for values, rendered by PostgreSQL's `format()`.
#[derive(Clone, Debug, Default)]
pub struct Template {
    text: String,
    values: Vec<String>,
}

impl Template {
    /// Adds trusted SQL, from a definition or from the code.
    pub fn push(&mut self, sql: &str) -> &mut Self {
        self.text.push_str(&sql.replace('%', "%%"));
        self
    }

    /// Adds trusted pieces of SQL, separated by commas.
    pub fn list(&mut self, items: impl Iterator<Item = impl AsRef<str>>) -> &mut Self {
        for (at, item) in items.enumerate() {
            self.push(if at == 0 { "" } else { ", " }).push(item.as_ref());
        }
        self
    }

    /// Adds a value from a caller, cast to this type.
    pub fn value(&mut self, value: &str, pg_type: &str) -> &mut Self {
        self.values.push(value.to_owned());
        self.text
            .push_str(&format!("%{}$L::{pg_type}", self.values.len()));
        self
    }

    /// Returns the SQL with its values, quoted by PostgreSQL.
    ///
    /// # Errors
    /// The database's error.
    // SQL: trusted text, and values that PostgreSQL quotes.
    pub(super) async fn render(&self, connection: &mut PgConnection) -> sqlx::Result<AssertSqlSafe<String>> {
        let render = sqlx::query_scalar("select pg_catalog.format($1, variadic $2::pg_catalog.text[])");
        // SQL: quoted by `format()`.
        Ok(AssertSqlSafe(
            render
                .bind(&self.text)
                .bind(&self.values)
                .fetch_one(connection)
                .await?,
        ))
    }
}
