//! The SQL of datasets. A [`Query`] needs a [`Caller`], so that no SQL is made without the caller's scope.

use sqlx::PgConnection;
use wasm_export::rows::{self, Cursor, Header, Kind, VERSION};

use super::catalog::Dataset;
use super::definition::{Access, Choices, Definition, Filter, Highlight, Order, Piece, pg_type, pieces};
use super::keyset;
use super::owner::OwnerType;
use super::selection::Selection;
use super::template::{Rendered, Template};
use crate::auth::{Caller, Scope};
use crate::hub_tables::HubTableError;

/// The greatest number of values that a filter offers.
pub const OPTIONS_MAX: usize = 1000;

/// A selection of a dataset, limited to the rows and columns that the caller may see.
pub struct Query<'a> {
    dataset: &'a Dataset,
    selection: &'a Selection,
    scope: Scope,
    /// Positions in the definition: the chosen columns, then the other columns of the order.
    columns: Vec<usize>,
    /// How many of `columns` are chosen; the rest is hidden.
    shown: usize,
}

/// No SQL could be made.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// The dataset cannot be used any more.
    #[error("the dataset `{dataset}` cannot be used in this database: {reason}")]
    HubTables { dataset: String, reason: HubTableError },
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

/// The caller may not see a part of the request.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AccessError {
    #[error("the dataset `{0}` is for administrators")]
    Dataset(String),
    #[error("the bundle `{0}` is for administrators")]
    Bundle(String),
    #[error("only administrators may name the person of `userId`")]
    Person,
    #[error("the column `{0}` is secret: only an administrator may ask for it")]
    Column(String),
    #[error("the filter `{0}` is for administrators")]
    Filter(String),
}

impl Dataset {
    /// Checks that this caller may see rows of the dataset.
    ///
    /// # Errors
    /// [`AccessError::Dataset`].
    pub fn check_access(&self, caller: &Caller) -> Result<(), AccessError> {
        let definition = &self.definition;
        match definition.access == Access::Admin && caller.scope() != Scope::All {
            true => Err(AccessError::Dataset(definition.name.clone())),
            false => Ok(()),
        }
    }
}

impl<'a> Query<'a> {
    /// Makes the query of this caller.
    ///
    /// # Errors
    /// [`AccessError`] when the caller may not see the dataset or a chosen column.
    pub fn new(dataset: &'a Dataset, caller: &Caller, selection: &'a Selection) -> Result<Self, AccessError> {
        let definition = &dataset.definition;
        let scope = caller.scope();
        dataset.check_access(caller)?;
        let mut columns = selection
            .columns
            .clone()
            .unwrap_or_else(|| selection.default_columns(definition));
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

    /// Returns the rows that the query is limited to.
    pub fn scope(&self) -> &Scope {
        &self.scope
    }

    /// Returns the header of the rows, without the time and the estimate that only the database knows.
    pub fn header(&self) -> Header {
        let definition = &self.dataset.definition;
        Header {
            decant: VERSION,
            part: None,
            dataset: definition.name.clone(),
            title: definition.title.clone(),
            columns: self.columns(),
            order: definition
                .order
                .iter()
                .map(|order| order.column.clone())
                .collect(),
            reversed: self.selection.is_reversed(),
            as_of: String::new(),
            zone: self.selection.zone.to_string(),
            fraction: definition.fraction,
            highlights: definition.highlights.iter().map(Highlight::in_header).collect(),
            filters: self
                .selection
                .filters_by_name(definition, self.scope == Scope::All),
            estimated_rows: None,
        }
    }

    /// Returns the columns of the rows. Columns that only the order needs are hidden, and come last.
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

    /// Returns the SQL of the rows, in order, after the cursor, up to the limit.
    ///
    /// # Errors
    /// [`RenderError`].
    pub async fn rows(&self, connection: &mut PgConnection) -> Result<Rendered, RenderError> {
        self.render(&self.select(), connection).await
    }

    /// Returns the SQL of the first row that has a value in each column of the order.
    ///
    /// # Errors
    /// [`RenderError`].
    pub(super) async fn first_row(&self, connection: &mut PgConnection) -> Result<Rendered, RenderError> {
        let part = match self.order().all(|(order, _)| order.not_null) {
            true => Part::All,
            false => Part::WithoutNull,
        };
        let mut sql = self.select_part(part, None);
        sql.push(" limit 1");
        self.render(&sql, connection).await
    }

    /// Returns the SQL that counts the rows, without regard to the cursor.
    ///
    /// # Errors
    /// [`RenderError`].
    pub async fn count(&self, connection: &mut PgConnection) -> Result<Rendered, RenderError> {
        self.render(&self.select_count(), connection).await
    }

    /// Returns the SQL of a row with the dataset's figures as text, of all rows of the selection.
    ///
    /// # Errors
    /// [`RenderError`].
    pub async fn summary(&self, connection: &mut PgConnection) -> Result<Rendered, RenderError> {
        self.render(&self.select_figures(), connection).await
    }

    /// Returns the SQL of a template of this query.
    ///
    /// # Errors
    /// [`RenderError`].
    pub async fn render(
        &self,
        template: &Template,
        connection: &mut PgConnection,
    ) -> Result<Rendered, RenderError> {
        match self.dataset.render(template, connection).await {
            Ok(rendered) => Ok(rendered),
            Err(HubTableError::Database(error)) => Err(error.into()),
            Err(reason) => Err(RenderError::HubTables {
                dataset: self.dataset.definition.name.clone(),
                reason,
            }),
        }
    }

    /// Returns the `select` of the rows. Rows without a value in the order come last.
    ///
    /// An index serves `order by a desc` and the comparison with a cursor only where no value is null. The rows without a
    /// value are therefore a second `select`. A cursor with a null is one of theirs. Each part has
    /// the limit: up to PostgreSQL 16, that of `union all` does not count for the plan of a part.
    fn select(&self) -> Template {
        let cursor = self.selection.after.as_ref().map(Cursor::values);
        let nullable = self.order().any(|(order, _)| !order.not_null);
        let is_null = |(order, value): (&Order, &Option<String>)| !order.not_null && value.is_none();
        let is_at_nulls =
            cursor.is_some_and(|values| self.definition().order.iter().zip(values).any(is_null));
        let mut sql = Template::default();
        match (nullable, is_at_nulls) {
            (false, _) => sql.append(&self.select_part(Part::All, cursor)),
            (true, true) => sql.append(&self.select_part(Part::WithNull, cursor)),
            (true, false) => {
                for (begin, part, cursor) in [
                    ("(", Part::WithoutNull, cursor),
                    (") union all (", Part::WithNull, None),
                ] {
                    sql.push(begin).append(&self.select_part(part, cursor));
                    self.push_limit(&mut sql);
                }
                sql.push(")")
            }
        };
        self.push_limit(&mut sql);
        sql
    }

    fn select_part(&self, part: Part, cursor: Option<&[Option<String>]>) -> Template {
        let columns: Vec<_> = self
            .columns
            .iter()
            .map(|position| self.column(*position))
            .collect();
        let mut sql = Template::default();
        sql.push("select ").list(columns.iter());
        self.push_from_and_where(&mut sql);
        self.push_part(&mut sql, part);
        if let Some(values) = cursor {
            let keys = self.keys(values);
            sql.push(" and ");
            match part {
                Part::WithoutNull => keyset::push_after_without_nulls(&mut sql, &keys),
                // No null is less than a value, and nulls come first.
                Part::All if keys.iter().all(|key| key.descending && key.value.is_some()) => {
                    keyset::push_after_without_nulls(&mut sql, &keys);
                }
                Part::All | Part::WithNull => keyset::push_after(&mut sql, &keys),
            }
        }
        self.push_as_of(&mut sql);
        sql.push(" order by ");
        for (at, (order, position)) in self.order().enumerate() {
            sql.push(if at == 0 { "" } else { ", " })
                .append(&self.column(position))
                .push(if order.descending { " desc" } else { "" });
            if part == Part::WithNull && !order.not_null {
                sql.push(" nulls last");
            }
        }
        sql
    }

    /// Adds the condition of a part of the rows.
    fn push_part(&self, sql: &mut Template, part: Part) {
        let (joiner, condition) = match part {
            Part::All => return,
            Part::WithoutNull => (" and ", ") is not null"),
            Part::WithNull => (" or ", ") is null"),
        };
        sql.push(" and (");
        let nullable = self.order().filter(|(order, _)| !order.not_null);
        for (at, (_, position)) in nullable.enumerate() {
            sql.push(if at == 0 { "" } else { joiner })
                .push("(")
                .append(&self.column(position))
                .push(condition);
        }
        sql.push(")");
    }

    /// Leaves out rows that are newer than the start of the export that is resumed.
    fn push_as_of(&self, sql: &mut Template) {
        if let (Some(as_of), Some(column)) = (&self.selection.as_of, &self.definition().as_of) {
            sql.push(&format!(
                " and (({column}) is null or ({column}) operator(pg_catalog.<=) "
            ));
            sql.value(&as_of.to_string(), "pg_catalog.timestamptz").push(")");
        }
    }

    /// Returns the `select` of the figures. PostgreSQL computes no column and no join that neither a figure nor a condition
    /// needs, because the `select` names none.
    fn select_figures(&self) -> Template {
        let figure = |sql: &str| {
            let mut figure = Template::default();
            figure
                .push("(")
                .append(&self.with_parameters(sql))
                .push(")::pg_catalog.text");
            figure
        };
        let figures: Vec<_> = self
            .definition()
            .figures
            .iter()
            .map(|declared| figure(&declared.sql))
            .collect();
        let mut sql = Template::default();
        sql.push("select array[").list(figures.iter()).push("]");
        self.push_from_and_where(&mut sql);
        self.push_as_of(&mut sql);
        sql
    }

    fn select_count(&self) -> Template {
        let mut sql = Template::default();
        sql.push("select pg_catalog.count(*) from (select");
        self.push_from_and_where(&mut sql);
        self.push_limit(&mut sql);
        sql.push(") counted");
        sql
    }

    /// Returns the `select` of the distinct values and labels that a filter offers: at most one more than [`OPTIONS_MAX`],
    /// which shows that there are more. With `containing`, their labels contain this text, in upper or lower case.
    ///
    /// # Errors
    /// [`AccessError::Filter`] when the filter is for administrators and the caller is not one.
    pub fn options(
        &self,
        filter: &Filter,
        choices: &Choices,
        containing: Option<&str>,
    ) -> Result<Template, AccessError> {
        if filter.admin_only && self.scope != Scope::All {
            return Err(AccessError::Filter(filter.name.clone()));
        }
        let (value, label) = (&choices.value, &choices.label);
        let mut sql = Template::default();
        sql.push(&format!(
            "select distinct ({value})::pg_catalog.text, ({label})::pg_catalog.text"
        ));
        match self.table_of(choices) {
            None => self.push_from_and_where(&mut sql),
            Some(from) => {
                sql.push(" from ").push(from).push(" where true");
                self.push_scope(&mut sql, self.dataset.owner_of_options(filter));
            }
        }
        if let Some(text) = containing {
            // `strpos`, so that `%` and `_` are themselves.
            sql.push(&format!(
                " and pg_catalog.strpos(pg_catalog.lower(coalesce(({label})::pg_catalog.text, ({value})::pg_catalog.text)), \
                 pg_catalog.lower("
            ))
            .value(text, "pg_catalog.text")
            .push(")) operator(pg_catalog.>) 0");
        }
        sql.push(&format!(
            " and ({value}) is not null order by 2, 1 limit {}",
            OPTIONS_MAX + 1
        ));
        Ok(sql)
    }

    /// Returns the table that these values of a filter come from. `None`: from the caller's rows of the dataset, because there
    /// is no other table, or one without an owner, which only administrators may read.
    fn table_of<'c>(&self, choices: &'c Choices) -> Option<&'c str> {
        let from = choices.from.as_deref()?;
        (self.scope == Scope::All || choices.owner.is_some()).then_some(from)
    }

    fn push_from_and_where(&self, sql: &mut Template) {
        let definition = &self.dataset.definition;
        sql.push(" from ")
            .append(&self.with_parameters(&definition.from))
            .push(" where ");
        match &definition.r#where {
            Some(condition) => sql.push("(").push(condition).push(")"),
            None => sql.push("true"),
        };
        self.push_scope(sql, self.dataset.owner());
        for (position, values) in &self.selection.filters {
            let filter = &definition.filters[*position];
            if filter.admin_only && self.scope != Scope::All {
                continue;
            }
            sql.push(" and (");
            for (at, part) in filter.sql.split("{}").enumerate() {
                match values.first() {
                    Some(value) if at > 0 && !filter.many => sql.value(value, pg_type(filter.kind)),
                    _ if at > 0 => sql.array(values, pg_type(filter.kind)),
                    _ => sql,
                };
                sql.push(part);
            }
            sql.push(")");
        }
        self.push_range(sql);
    }

    /// Narrows the rows to those whose `range` column is within the selected times.
    fn push_range(&self, sql: &mut Template) {
        let Some(range) = &self.definition().range else {
            return;
        };
        let bounds = &self.selection.range;
        for (symbol, bound) in [(">=", &bounds.start), ("<", &bounds.end)] {
            if let (Some(bound), Some(position)) = (bound, self.definition().column(range)) {
                sql.push(" and (")
                    .append(&self.column(position))
                    .push(&format!(") operator(pg_catalog.{symbol}) "))
                    .value(&bound.to_string(), "pg_catalog.timestamptz");
            }
        }
    }

    /// Narrows the rows to those that the caller owns, unless the caller sees all. `owner` is the SQL of a row's owner.
    fn push_scope(&self, sql: &mut Template, owner: Option<(&str, &OwnerType)>) {
        let Scope::Owner(subject) = &self.scope else {
            return;
        };
        let owned =
            owner.and_then(|(owner, owner_type)| Some((owner, owner_type, owner_type.value(subject)?)));
        match owned {
            Some((owner, owner_type, value)) => {
                sql.push(" and (")
                    .push(owner)
                    .push(") operator(pg_catalog.=) ")
                    .value(&value, owner_type.pg_type());
            }
            // Without an owner, or with a subject that is no value of the owner's type, the caller owns no row.
            None => {
                sql.push(" and false");
            }
        }
    }

    fn push_limit(&self, sql: &mut Template) {
        if let Some(limit) = self.selection.limit {
            sql.push(" limit ").value(&limit.to_string(), "bigint");
        }
    }

    fn definition(&self) -> &'a Definition {
        &self.dataset.definition
    }

    fn column(&self, position: usize) -> Template {
        self.with_parameters(&self.definition().columns[position].sql)
    }

    /// Returns SQL of a column, a figure or `from`, with the values of its parameters.
    fn with_parameters(&self, sql_of_definition: &str) -> Template {
        let parameters = &self.definition().parameters;
        let mut sql = Template::default();
        for piece in pieces(parameters, sql_of_definition) {
            match piece {
                Piece::Sql(text) => sql.push(text),
                Piece::Parameter(at) => {
                    let value = self.selection.parameter(self.definition(), at);
                    sql.value(value, pg_type(parameters[at].kind))
                }
            };
        }
        sql
    }

    /// Returns the order of the rows, with the positions of its columns.
    fn order(&self) -> impl Iterator<Item = (Order, usize)> + use<'a> {
        let (definition, is_reversed) = (self.definition(), self.selection.is_reversed());
        definition.order.iter().map(move |declared| {
            let order = Order {
                descending: declared.descending != is_reversed,
                ..declared.clone()
            };
            (order, definition.position_of(declared))
        })
    }

    /// Returns the columns of the order with the values of a cursor.
    fn keys<'k>(&'k self, values: &'k [Option<String>]) -> Vec<keyset::Key<'k>> {
        let key = |((order, position), value): ((Order, usize), &'k Option<String>)| keyset::Key {
            column: self.column(position),
            column_type: &self.dataset.types[position],
            descending: order.descending,
            nulls_first: order.not_null && order.descending,
            value: value.as_deref(),
        };
        self.order().zip(values).map(key).collect()
    }
}

/// The rows of a `select`, by the columns of the order that may be null.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    All,
    /// All of these columns have values.
    WithoutNull,
    /// At least one has none.
    WithNull,
}
