//! SQL with placeholders for values.
//!
//! `COPY` takes no bind parameters. PostgreSQL's own `format()` writes the values into the text instead, and quotes them
//! (<https://www.postgresql.org/docs/current/functions-string.html>, "format").

use sqlx::{AssertSqlSafe, PgConnection};

/// SQL with placeholders for values, rendered by PostgreSQL's `format()`.
#[derive(Clone, Debug, Default)]
pub struct Template(Vec<Part>);

#[derive(Clone, Debug)]
enum Part {
    Sql(String),
    Value(String),
}

impl Template {
    /// Adds trusted SQL, from a definition or from the code.
    pub fn push(&mut self, sql: &str) -> &mut Self {
        self.0.push(Part::Sql(sql.to_owned()));
        self
    }

    /// Adds another template.
    pub fn append(&mut self, other: &Self) -> &mut Self {
        self.0.extend_from_slice(&other.0);
        self
    }

    /// Adds templates, separated by commas.
    pub fn list<'a>(&mut self, items: impl Iterator<Item = &'a Self>) -> &mut Self {
        for (at, item) in items.enumerate() {
            self.push(if at == 0 { "" } else { ", " }).append(item);
        }
        self
    }

    /// Adds a value from a caller, cast to this type.
    pub fn value(&mut self, value: &str, pg_type: &str) -> &mut Self {
        self.0.push(Part::Value(value.to_owned()));
        self.push("::").push(pg_type)
    }

    /// Adds values from a caller, as an array of this type.
    pub fn array(&mut self, values: &[String], pg_type: &str) -> &mut Self {
        self.push("array[");
        for (at, value) in values.iter().enumerate() {
            self.push(if at == 0 { "" } else { ", " });
            self.0.push(Part::Value(value.clone()));
        }
        self.push("]::").push(pg_type).push("[]")
    }

    /// Returns the SQL with its values, quoted by PostgreSQL.
    ///
    /// # Errors
    /// The database's error.
    // SQL: trusted text, and values that PostgreSQL quotes.
    pub(super) async fn render(&self, connection: &mut PgConnection) -> sqlx::Result<AssertSqlSafe<String>> {
        let render = sqlx::query_scalar("select pg_catalog.format($1, variadic $2::pg_catalog.text[])");
        let (mut text, mut values) = (String::new(), Vec::new());
        for part in &self.0 {
            match part {
                Part::Sql(sql) => text.push_str(&sql.replace('%', "%%")),
                Part::Value(value) => {
                    values.push(value);
                    text.push_str(&format!("%{}$L", values.len()));
                }
            }
        }
        // SQL: quoted by `format()`.
        Ok(AssertSqlSafe(
            render.bind(text).bind(values).fetch_one(connection).await?,
        ))
    }
}
