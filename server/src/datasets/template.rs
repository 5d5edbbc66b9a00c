//! SQL with placeholders for values.
//!
//! `COPY` takes no bind parameters. PostgreSQL's own `format()` writes the values into the text instead, and quotes them
//! (<https://www.postgresql.org/docs/current/functions-string.html>, "format").

use std::collections::BTreeSet;

use jiff::Timestamp;
use sqlx::{AssertSqlSafe, PgConnection};

use crate::hub_tables::{HubTableError, HubTables};

/// SQL with placeholders for values, rendered by PostgreSQL's `format()`.
#[derive(Clone, Debug, Default)]
pub struct Template(Vec<Part>);

#[derive(Clone, Debug)]
enum Part {
    Sql(String),
    Value(String),
}

/// SQL with its values.
pub struct Rendered {
    // SQL: rendered by `Template`.
    pub sql: AssertSqlSafe<String>,
    /// The time of the database's clock, which also wrote the times in the rows.
    pub at: Timestamp,
}

impl Template {
    /// Adds trusted SQL, from a definition or from the code.
    pub fn push(&mut self, sql: &str) -> &mut Self {
        self.0.push(Part::Sql(sql.to_owned()));
        self
    }

    /// Adds the SQL and the values of another template.
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

    /// Returns the SQL with its values, quoted by PostgreSQL. Tables of the hub are checked in the same statement.
    ///
    /// # Errors
    /// [`HubTableError`]: the hub's tables may not be used, or the database does not answer.
    // SQL: trusted text, and values that PostgreSQL quotes.
    pub(super) async fn render(
        &self,
        connection: &mut PgConnection,
        hub: &HubTables,
        tables: &BTreeSet<String>,
    ) -> Result<Rendered, HubTableError> {
        let (text, values) = self.format();
        if !tables.is_empty() {
            let tables: Vec<_> = tables.iter().collect();
            let checked = hub.check_and_format(connection, &tables, &text, &values).await?;
            return Rendered::new(checked.formatted, checked.microseconds);
        }
        let render = sqlx::query_as(
            "select pg_catalog.format($1, variadic $2::pg_catalog.text[]), \
                    (extract(epoch from pg_catalog.now()) operator(pg_catalog.*) 1000000)::bigint",
        );
        let (sql, microseconds) = render.bind(text).bind(values).fetch_one(connection).await?;
        Rendered::new(sql, microseconds)
    }

    /// Returns the text and the values for `format()`.
    fn format(&self) -> (String, Vec<String>) {
        let (mut text, mut values) = (String::new(), Vec::new());
        for part in &self.0 {
            match part {
                Part::Sql(sql) => text.push_str(&sql.replace('%', "%%")),
                Part::Value(value) => {
                    values.push(value.clone());
                    text.push_str(&format!("%{}$L", values.len()));
                }
            }
        }
        (text, values)
    }
}

impl Rendered {
    fn new(sql: String, microseconds: i64) -> Result<Self, HubTableError> {
        let at = Timestamp::from_microsecond(microseconds);
        Ok(Self {
            // SQL: quoted by `format()`.
            sql: AssertSqlSafe(sql),
            at: at.map_err(|error| sqlx::Error::Decode(error.into()))?,
        })
    }
}
