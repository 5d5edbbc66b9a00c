//! All SQL of datasets. A [`Query`] cannot be made without a [`Caller`]: the caller's scope is part of it.
//!
//! `COPY` takes no bind parameters, so a query is a template for PostgreSQL's own `format()`: the definition's
//! trusted SQL with `%n$L` where a value goes. PostgreSQL renders it with the values bound as an array, so it is
//! PostgreSQL that quotes them (<https://www.postgresql.org/docs/current/functions-string.html>, "format").

use sqlx::{AssertSqlSafe, PgConnection};
use wasm_export::rows::{self, Kind};

use super::catalog::Dataset;
use super::definition::{Access, Choices, Definition, Filter};
use super::selection::Selection;
use crate::auth::{Caller, Scope};

/// The most values that a filter offers to choose from.
pub const OPTIONS_MAX: usize = 1000;

/// What a caller asks of a dataset, within what that caller may see.
pub struct Query<'a> {
    dataset: &'a Dataset,
    selection: &'a Selection,
    scope: Scope,
    /// Positions in the definition: the chosen columns, then those that the order needs besides.
    columns: Vec<usize>,
    shown: usize,
}

/// The caller may not see what was asked for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AccessError {
    /// The whole dataset is for administrators.
    #[error("the dataset `{0}` is for administrators")]
    Dataset(String),
    /// A secret column.
    #[error("the column `{0}` is secret: only an administrator may ask for it")]
    Column(String),
    /// A filter that only administrators have.
    #[error("the filter `{0}` is for administrators")]
    Filter(String),
}

impl<'a> Query<'a> {
    /// The query of this caller.
    ///
    /// # Errors
    /// [`AccessError`] if the caller may not see the dataset or a column asked for.
    pub fn new(dataset: &'a Dataset, caller: &Caller, selection: &'a Selection) -> Result<Self, AccessError> {
        let definition = &dataset.definition;
        let scope = caller.scope();
        if definition.access == Access::Admin && scope != Scope::All {
            return Err(AccessError::Dataset(definition.name.clone()));
        }
        let mut columns = selection
            .columns
            .clone()
            .unwrap_or_else(|| default_columns(definition));
        let secret = columns
            .iter()
            .find(|position| definition.columns[**position].secret);
        if let (Some(position), true) = (secret, scope != Scope::All) {
            return Err(AccessError::Column(definition.columns[*position].name.clone()));
        }
        let shown = columns.len();
        for order in &definition.order {
            let position = definition
                .column(&order.column)
                .expect("a definition's order names its columns");
            if !columns.contains(&position) {
                columns.push(position);
            }
        }
        Ok(Self {
            dataset,
            selection,
            scope,
            columns,
            shown,
        })
    }

    /// The columns of the rows, as the stream's header names them; those after the chosen ones are hidden.
    #[must_use]
    pub fn columns(&self) -> Vec<rows::Column> {
        let column = |(at, position): (usize, &usize)| {
            let declared = &self.dataset.definition.columns[*position];
            let pg_type = self.dataset.types[*position].clone();
            rows::Column {
                name: declared.name.clone(),
                label: declared.label.clone(),
                labels: declared.labels.clone(),
                kind: Kind::of_pg_type(&pg_type),
                pg_type,
                hidden: at >= self.shown,
            }
        };
        self.columns.iter().enumerate().map(column).collect()
    }

    /// `select` of the rows, in order, after the cursor, up to the limit.
    #[must_use]
    pub fn rows(&self) -> Template {
        let definition = &self.dataset.definition;
        let mut sql = Template::default();
        sql.push("select ").list(
            self.columns
                .iter()
                .map(|position| definition.columns[*position].sql.as_str()),
        );
        self.push_from_and_where(&mut sql);
        if let Some(cursor) = &self.selection.after {
            sql.push(" and ");
            self.push_after(&mut sql, cursor.values());
        }
        if let (Some(as_of), Some(column)) = (&self.selection.as_of, &definition.as_of) {
            sql.push(&format!(" and (({column}) is null or ({column}) <= "));
            sql.value(&as_of.to_string(), "timestamptz").push(")");
        }
        sql.push(" order by ").list(definition.order.iter().map(|order| {
            let column = definition
                .column(&order.column)
                .expect("a definition's order names its columns");
            format!(
                "{}{}",
                definition.columns[column].sql,
                if order.descending { " desc" } else { "" }
            )
        }));
        self.push_limit(&mut sql);
        sql
    }

    /// `select count(*)` of the rows, whatever the cursor.
    #[must_use]
    pub fn count(&self) -> Template {
        let mut sql = Template::default();
        sql.push("select count(*) from (select");
        self.push_from_and_where(&mut sql);
        self.push_limit(&mut sql);
        sql.push(") counted");
        sql
    }

    /// `select` of the distinct values and labels of a filter's choices, one more than [`OPTIONS_MAX`].
    ///
    /// # Errors
    /// [`AccessError`] if the filter is an administrator's and the caller is none.
    pub fn options(&self, filter: &Filter, choices: &Choices) -> Result<Template, AccessError> {
        if filter.admin_only && self.scope != Scope::All {
            return Err(AccessError::Filter(filter.name.clone()));
        }
        let (value, label) = (&choices.value, &choices.label);
        let mut sql = Template::default();
        sql.push(&format!("select distinct ({value})::text, ({label})::text"));
        match &choices.from {
            None => self.push_from_and_where(&mut sql),
            Some(from) => {
                sql.push(" from ").push(from).push(" where true");
                self.push_scope(&mut sql, choices.owner.as_deref());
            }
        }
        sql.push(&format!(
            " and ({value}) is not null order by 2, 1 limit {}",
            OPTIONS_MAX + 1
        ));
        Ok(sql)
    }

    fn push_from_and_where(&self, sql: &mut Template) {
        let definition = &self.dataset.definition;
        sql.push(" from ").push(&definition.from).push(" where ");
        match &definition.r#where {
            Some(condition) => sql.push("(").push(condition).push(")"),
            None => sql.push("true"),
        };
        self.push_scope(sql, definition.owner.as_deref());
        for (position, value) in &self.selection.filters {
            let filter = &definition.filters[*position];
            if filter.admin_only && self.scope != Scope::All {
                continue;
            }
            sql.push(" and (");
            for (at, part) in filter.sql.split("{}").enumerate() {
                if at > 0 {
                    sql.value(value, filter.kind.pg_type());
                }
                sql.push(part);
            }
            sql.push(")");
        }
    }

    /// The caller's own rows, unless the caller sees all.
    fn push_scope(&self, sql: &mut Template, owner: Option<&str>) {
        match (self.scope, owner) {
            (Scope::All, _) => {}
            (Scope::Owner(user), Some(owner)) => {
                sql.push(" and (")
                    .push(owner)
                    .push(") = ")
                    .value(&user.to_string(), "bigint");
            }
            // No rule says whose the rows are: nobody's.
            (Scope::Owner(_), None) => {
                sql.push(" and false");
            }
        }
    }

    fn push_limit(&self, sql: &mut Template) {
        if let Some(limit) = self.selection.limit {
            sql.push(" limit ").value(&limit.to_string(), "bigint");
        }
    }

    /// The rows that come after these values of the order's columns.
    fn push_after(&self, sql: &mut Template, values: &[Option<String>]) {
        let definition = &self.dataset.definition;
        let keys: Vec<_> = definition
            .order
            .iter()
            .zip(values)
            .map(|(order, value)| {
                let position = definition
                    .column(&order.column)
                    .expect("a definition's order names its columns");
                let column = definition.columns[position].sql.as_str();
                Key {
                    column,
                    pg_type: &self.dataset.types[position],
                    descending: order.descending,
                    value: value.as_deref(),
                }
            })
            .collect();
        // A row comparison is what an index on the order can begin at. It is right only where nulls come before
        // every value, as they do descending, and where no value is null.
        if keys.iter().all(|key| key.descending && key.value.is_some()) {
            sql.push("(")
                .list(keys.iter().map(|key| key.column))
                .push(") < (");
            for (at, key) in keys.iter().enumerate() {
                sql.push(if at == 0 { "" } else { ", " })
                    .value(key.value.unwrap_or_default(), key.pg_type);
            }
            sql.push(")");
        } else {
            push_lexicographic(sql, &keys);
        }
    }
}

/// `first key after, or first key equal and the rest after`.
fn push_lexicographic(sql: &mut Template, keys: &[Key<'_>]) {
    let Some((key, rest)) = keys.split_first() else {
        sql.push("false");
        return;
    };
    sql.push("(");
    key.push_after(sql);
    sql.push(" or (");
    key.push_equal(sql);
    sql.push(" and ");
    push_lexicographic(sql, rest);
    sql.push("))");
}

/// One column of the order with the cursor's value.
struct Key<'a> {
    column: &'a str,
    pg_type: &'a str,
    descending: bool,
    value: Option<&'a str>,
}

impl Key<'_> {
    fn push_equal(&self, sql: &mut Template) {
        sql.push("(").push(self.column);
        match self.value {
            Some(value) => sql.push(") = ").value(value, self.pg_type),
            None => sql.push(") is null"),
        };
    }

    /// Nulls come first descending and last ascending.
    fn push_after(&self, sql: &mut Template) {
        match (self.descending, self.value) {
            (true, None) => sql.push("(").push(self.column).push(") is not null"),
            (false, None) => sql.push("false"),
            (true, Some(value)) => sql
                .push("(")
                .push(self.column)
                .push(") < ")
                .value(value, self.pg_type),
            (false, Some(value)) => {
                sql.push("((")
                    .push(self.column)
                    .push(") is null or (")
                    .push(self.column)
                    .push(") > ");
                sql.value(value, self.pg_type).push(")")
            }
        };
    }
}

fn default_columns(definition: &Definition) -> Vec<usize> {
    let shown = definition
        .columns
        .iter()
        .enumerate()
        .filter(|(_, column)| !column.hidden && !column.secret);
    shown.map(|(position, _)| position).collect()
}

/// SQL with places for values, to be rendered by PostgreSQL's `format()`.
#[derive(Clone, Debug, Default)]
pub struct Template {
    text: String,
    values: Vec<String>,
}

impl Template {
    /// Trusted SQL, as a definition or this file has it.
    fn push(&mut self, sql: &str) -> &mut Self {
        self.text.push_str(&sql.replace('%', "%%"));
        self
    }

    fn list(&mut self, items: impl Iterator<Item = impl AsRef<str>>) -> &mut Self {
        for (at, item) in items.enumerate() {
            self.push(if at == 0 { "" } else { ", " }).push(item.as_ref());
        }
        self
    }

    /// A place for a value of anyone's.
    fn value(&mut self, value: &str, pg_type: &str) -> &mut Self {
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
        let render = sqlx::query_scalar("select format($1, variadic $2::text[])");
        Ok(AssertSqlSafe(
            render
                .bind(&self.text)
                .bind(&self.values)
                .fetch_one(connection)
                .await?,
        ))
    }
}
