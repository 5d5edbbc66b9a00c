//! The SQL of datasets. A [`Query`] cannot be made without a [`Caller`]: the caller's scope is part of it.

use wasm_export::rows::{self, Kind};

use super::after;
use super::catalog::Dataset;
use super::definition::{Access, Choices, Definition, Filter, Order};
use super::selection::Selection;
use super::template::Template;
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
            let position = definition.position_of(order);
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
            let pg_type = self.dataset.types[*position].name.clone();
            rows::Column {
                name: declared.name.clone(),
                label: declared.label.clone(),
                labels: declared.labels.clone(),
                kind: Kind::from_pg_type(&pg_type),
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
            after::push(&mut sql, &self.keys(cursor.values()));
        }
        if let (Some(as_of), Some(column)) = (&self.selection.as_of, &definition.as_of) {
            sql.push(&format!(
                " and (({column}) is null or ({column}) operator(pg_catalog.<=) "
            ));
            sql.value(&as_of.to_string(), "pg_catalog.timestamptz").push(")");
        }
        sql.push(" order by ").list(definition.order.iter().map(|order| {
            let column = definition.position_of(order);
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
        sql.push("select pg_catalog.count(*) from (select");
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
        sql.push(&format!(
            "select distinct ({value})::pg_catalog.text, ({label})::pg_catalog.text"
        ));
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
                    .push(") operator(pg_catalog.=) ")
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

    /// The columns of the order with a cursor's values.
    fn keys<'k>(&'k self, values: &'k [Option<String>]) -> Vec<after::Key<'k>> {
        let definition = &self.dataset.definition;
        let key = |(order, value): (&'k Order, &'k Option<String>)| {
            let position = definition.position_of(order);
            after::Key {
                column: &definition.columns[position].sql,
                column_type: &self.dataset.types[position],
                descending: order.descending,
                value: value.as_deref(),
            }
        };
        definition.order.iter().zip(values).map(key).collect()
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
