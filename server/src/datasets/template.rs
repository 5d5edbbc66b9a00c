//! SQL with places for values.
//!
//! `COPY` takes no bind parameters, so PostgreSQL's own `format()` renders the values into the text: it is PostgreSQL
//! that quotes them (<https://www.postgresql.org/docs/current/functions-string.html>, "format").

use sqlx::{AssertSqlSafe, PgConnection};

/// SQL with places for values, to be rendered by PostgreSQL's `format()`.
#[derive(Clone, Debug, Default)]
pub struct Template {
    text: String,
    values: Vec<String>,
}

impl Template {
    /// Trusted SQL, as a definition or this file has it.
    pub fn push(&mut self, sql: &str) -> &mut Self {
        self.text.push_str(&sql.replace('%', "%%"));
        self
    }

    /// Trusted pieces of SQL, separated by commas.
    pub fn list(&mut self, items: impl Iterator<Item = impl AsRef<str>>) -> &mut Self {
        for (at, item) in items.enumerate() {
            self.push(if at == 0 { "" } else { ", " }).push(item.as_ref());
        }
        self
    }

    /// A place for a value of anyone's.
    pub fn value(&mut self, value: &str, pg_type: &str) -> &mut Self {
        self.values.push(value.to_owned());
        self.text
            .push_str(&format!("%{}$L::{pg_type}", self.values.len()));
        self
    }

    /// The SQL, its values quoted by PostgreSQL.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn render(&self, connection: &mut PgConnection) -> sqlx::Result<AssertSqlSafe<String>> {
        let render = sqlx::query_scalar("select pg_catalog.format($1, variadic $2::pg_catalog.text[])");
        Ok(AssertSqlSafe(
            render
                .bind(&self.text)
                .bind(&self.values)
                .fetch_one(connection)
                .await?,
        ))
    }
}
