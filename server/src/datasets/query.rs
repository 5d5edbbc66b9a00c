//! The SQL of datasets. A [`Query`] needs a [`Caller`], so that no SQL is made without the caller's scope.

use api::workspaces::WorkspaceRole;
use sqlx::{PgConnection, query_scalar};
use wasm_export::rows::{self, Cursor, Header, Kind, VERSION};

use super::catalog::Dataset;
use super::definition::{
    Access, Choices, Definition, Filter, Highlight, Order, Piece, Usage, pg_type, pieces,
};
use super::keyset;
use super::owner::OwnerType;
use super::selection::Selection;
use super::template::{Rendered, Template};
use crate::auth::{Caller, Membership, Scope};
use crate::hub_tables::HubTableError;
use crate::permissions::ExportRight;

/// The greatest number of values that a filter offers.
pub const OPTIONS_MAX: usize = 1000;

/// The values that a filter offers from rows of the dataset are those of so many rows, the first in its order. All rows of a
/// log would take seconds. A search reads all.
const OPTION_ROWS_MAX: u64 = 20_000;

/// A selection of a dataset, limited to the rows and columns that the caller may see.
pub struct Query<'a> {
    dataset: &'a Dataset,
    selection: &'a Selection,
    scope: Scope,
    /// The caller may see secret columns and use filters for administrators.
    is_administrator: bool,
    /// Positions in the definition: the chosen columns, then the other columns of the order.
    columns: Vec<usize>,
    /// How many of `columns` are chosen; the rest is hidden.
    shown: usize,
    /// The greatest number of rows of an export; `None`: any number.
    rows_max: Option<u64>,
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
    #[error("you are not a member of this workspace, or there is no such workspace")]
    NotAMember,
    #[error("your role in this workspace is too low: {} is needed", .0.name())]
    RoleTooLow(WorkspaceRole),
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
    /// Checks that this caller may see rows of the dataset, or export them. The rows of a workspace are for its members: the
    /// caller must be within one.
    ///
    /// # Errors
    /// [`AccessError::Dataset`], [`AccessError::NotAMember`], [`AccessError::RoleTooLow`].
    pub fn check_access(&self, caller: &Caller, usage: Usage) -> Result<(), AccessError> {
        let definition = &self.definition;
        match (definition.access, caller.membership()) {
            (Access::Admin, _) if !caller.is_administrator() => {
                Err(AccessError::Dataset(definition.name.clone()))
            }
            (Access::Admin | Access::Owner, _) => Ok(()),
            (Access::Workspace, None) if !definition.needs_workspace(caller) => Ok(()),
            (Access::Workspace, membership) => {
                check_role(membership.map(Membership::role), definition.least_role(usage))
            }
        }
    }
}

/// Compares a role in a workspace, or none, with the least one that is needed.
///
/// # Errors
/// [`AccessError::NotAMember`], [`AccessError::RoleTooLow`].
pub fn check_role(role: Option<WorkspaceRole>, least: WorkspaceRole) -> Result<(), AccessError> {
    match role {
        None => Err(AccessError::NotAMember),
        Some(role) if role < least => Err(AccessError::RoleTooLow(least)),
        Some(_) => Ok(()),
    }
}

impl<'a> Query<'a> {
    /// Makes the query of a caller who looks at rows, or at their number.
    ///
    /// # Errors
    /// Those of [`Dataset::check_access`], and [`AccessError::Column`] for a chosen column.
    pub fn to_read(
        dataset: &'a Dataset,
        caller: &Caller,
        selection: &'a Selection,
    ) -> Result<Self, AccessError> {
        dataset.check_access(caller, Usage::Read)?;
        Self::with_chosen_columns(dataset, caller, selection)
    }

    /// Makes the query of a caller who takes all rows of a selection away, and has the right to do so.
    ///
    /// # Errors
    /// As of [`Self::to_read`].
    pub fn to_export(
        dataset: &'a Dataset,
        caller: &Caller,
        right: &ExportRight,
        selection: &'a Selection,
    ) -> Result<Self, AccessError> {
        dataset.check_access(caller, Usage::Export)?;
        Ok(Self {
            rows_max: right.rows_max(),
            ..Self::with_chosen_columns(dataset, caller, selection)?
        })
    }

    fn with_chosen_columns(
        dataset: &'a Dataset,
        caller: &Caller,
        selection: &'a Selection,
    ) -> Result<Self, AccessError> {
        let definition = &dataset.definition;
        let columns = selection
            .columns
            .clone()
            .unwrap_or_else(|| selection.default_columns(definition));
        let secret = columns
            .iter()
            .find(|position| definition.columns[**position].secret);
        if let (Some(position), false) = (secret, caller.is_administrator()) {
            return Err(AccessError::Column(definition.columns[*position].name.clone()));
        }
        Ok(Self::with_columns(dataset, caller, selection, columns))
    }

    /// Returns the header of the rows for which no columns are chosen. The caller's access to rows is not checked, because the
    /// columns are no secret of a workspace.
    #[must_use]
    pub fn default_header(dataset: &Dataset, caller: &Caller) -> Header {
        let selection = Selection::default();
        let columns = selection.default_columns(&dataset.definition);
        Query::with_columns(dataset, caller, &selection, columns).header()
    }

    fn with_columns(
        dataset: &'a Dataset,
        caller: &Caller,
        selection: &'a Selection,
        mut columns: Vec<usize>,
    ) -> Self {
        let shown = columns.len();
        for order in &dataset.definition.order {
            let position = dataset.definition.position_of(order);
            if !columns.contains(&position) {
                columns.push(position);
            }
        }
        Self {
            dataset,
            selection,
            scope: caller.scope(),
            is_administrator: caller.is_administrator(),
            columns,
            shown,
            rows_max: None,
        }
    }

    /// Returns the greatest number of rows that the export may have; `None`: any number.
    #[must_use]
    pub fn rows_max(&self) -> Option<u64> {
        self.rows_max
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
            filters: self.selection.filters_by_name(definition, self.is_administrator),
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
        let select = self.select(&self.selected(), self.selection.limit);
        self.render(&select, connection).await
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
        let mut sql = self.select_part(&self.selected(), part, None);
        sql.push(" limit 1");
        self.render(&sql, connection).await
    }

    /// Counts the rows, without regard to the cursor.
    ///
    /// # Errors
    /// [`RenderError`].
    pub async fn count(&self, connection: &mut PgConnection) -> Result<u64, RenderError> {
        let sql = self.render(&self.select_count(), connection).await?.sql;
        // SQL: rendered by `Template`.
        let rows: i64 = query_scalar(sql).fetch_one(connection).await?;
        Ok(rows.unsigned_abs())
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
    fn select(&self, columns: &[Template], limit: Option<u64>) -> Template {
        let cursor = self.selection.after.as_ref().map(Cursor::values);
        let nullable = self.order().any(|(order, _)| !order.not_null);
        let is_null = |(order, value): (&Order, &Option<String>)| !order.not_null && value.is_none();
        let is_at_nulls =
            cursor.is_some_and(|values| self.definition().order.iter().zip(values).any(is_null));
        let mut sql = Template::default();
        match (nullable, is_at_nulls) {
            (false, _) => sql.append(&self.select_part(columns, Part::All, cursor)),
            (true, true) => sql.append(&self.select_part(columns, Part::WithNull, cursor)),
            (true, false) => {
                for (begin, part, cursor) in [
                    ("(", Part::WithoutNull, cursor),
                    (") union all (", Part::WithNull, None),
                ] {
                    sql.push(begin).append(&self.select_part(columns, part, cursor));
                    push_limit(&mut sql, limit);
                }
                sql.push(")")
            }
        };
        push_limit(&mut sql, limit);
        sql
    }

    fn select_part(&self, columns: &[Template], part: Part, cursor: Option<&[Option<String>]>) -> Template {
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
        push_limit(&mut sql, self.selection.limit);
        sql.push(") counted");
        sql
    }

    /// Returns the `select` of the distinct values and labels that a filter offers: at most one more than [`OPTIONS_MAX`],
    /// which shows that there are more. A last row without a value shows that not all rows were read.
    ///
    /// # Errors
    /// [`AccessError::Filter`] when the filter is for administrators and the caller is not one.
    pub fn options(&self, filter: &Filter, choices: &Choices) -> Result<Template, AccessError> {
        self.check_filter(filter)?;
        let Some(from) = self.table_of(choices) else {
            return Ok(self.options_of_first_rows(choices));
        };
        let mut sql = select_options(choices);
        self.push_table_of_options(&mut sql, from, filter);
        push_end_of_options(&mut sql, choices);
        Ok(sql)
    }

    /// Returns the `select` of those values that a filter offers whose labels contain a text, in upper or lower case. All rows
    /// are read.
    ///
    /// # Errors
    /// As of [`Self::options`].
    pub fn options_with(
        &self,
        filter: &Filter,
        choices: &Choices,
        text: &str,
    ) -> Result<Template, AccessError> {
        self.check_filter(filter)?;
        let mut sql = select_options(choices);
        match self.table_of(choices) {
            None => self.push_from_and_where(&mut sql),
            Some(from) => self.push_table_of_options(&mut sql, from, filter),
        }
        // `strpos`, so that `%` and `_` are themselves.
        sql.push(&format!(
            " and pg_catalog.strpos(pg_catalog.lower(coalesce(({label})::pg_catalog.text, ({value})::pg_catalog.text)), \
             pg_catalog.lower(",
            label = choices.label,
            value = choices.value,
        ))
        .value(text, "pg_catalog.text")
        .push(")) operator(pg_catalog.>) 0");
        push_end_of_options(&mut sql, choices);
        Ok(sql)
    }

    fn check_filter(&self, filter: &Filter) -> Result<(), AccessError> {
        match filter.admin_only && !self.is_administrator {
            true => Err(AccessError::Filter(filter.name.clone())),
            false => Ok(()),
        }
    }

    /// Returns the `select` of the values in the first [`OPTION_ROWS_MAX`] rows, which an index of the order finds.
    fn options_of_first_rows(&self, choices: &Choices) -> Template {
        let named = |sql: &str, name: &str| {
            let mut column = Template::default();
            column.push(&format!("({sql})::pg_catalog.text as {name}"));
            column
        };
        let columns = [named(&choices.value, "value"), named(&choices.label, "label")];
        let mut sql = Template::default();
        sql.push("with first_rows as materialized (")
            .append(&self.select(&columns, Some(OPTION_ROWS_MAX)))
            .push(&format!(
                ") (select distinct value, label from first_rows where value is not null order by label, value limit {}) \
                 union all (select null, null from first_rows offset {} limit 1)",
                OPTIONS_MAX + 1,
                OPTION_ROWS_MAX - 1,
            ));
        sql
    }

    fn push_table_of_options(&self, sql: &mut Template, from: &str, filter: &Filter) {
        sql.push(" from ").push(from).push(" where true");
        self.push_owner(sql, self.dataset.owner_of_options(filter));
    }

    /// Returns the table that these values of a filter come from. `None`: from the caller's rows of the dataset, because there
    /// is no other table, or one without an owner, which only administrators may read.
    fn table_of<'c>(&self, choices: &'c Choices) -> Option<&'c str> {
        let from = choices.from.as_deref()?;
        (self.is_administrator || choices.owner.is_some()).then_some(from)
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
        match definition.access {
            Access::Workspace => self.push_workspace(sql),
            Access::Admin | Access::Owner => self.push_owner(sql, self.dataset.owner()),
        }
        for (position, values) in &self.selection.filters {
            let filter = &definition.filters[*position];
            if filter.admin_only && !self.is_administrator {
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

    /// Narrows the rows to those of the caller's workspace. Without one they are none, or all where the definition allows that to
    /// administrators.
    fn push_workspace(&self, sql: &mut Template) {
        if self.definition().without_workspace && self.scope == Scope::All {
            return;
        }
        let within = match (&self.scope, self.dataset.workspace()) {
            (Scope::Workspace(id), Some((workspace, id_type))) => {
                id_type.value(id).map(|id| (workspace, id_type, id))
            }
            _ => None,
        };
        match within {
            Some((workspace, id_type, id)) => {
                sql.push(" and (")
                    .push(workspace)
                    .push(") operator(pg_catalog.=) ")
                    .value(&id, id_type.pg_type());
            }
            None => {
                sql.push(" and false");
            }
        }
    }

    /// Narrows the rows to those that the caller owns, unless the caller sees all. `owner` is the SQL of a row's owner.
    fn push_owner(&self, sql: &mut Template, owner: Option<(&str, &OwnerType)>) {
        let owned = match &self.scope {
            Scope::All => return,
            Scope::Owner(subject) => {
                owner.and_then(|(owner, owner_type)| Some((owner, owner_type, owner_type.value(subject)?)))
            }
            Scope::Workspace(_) => None,
        };
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

    fn definition(&self) -> &'a Definition {
        &self.dataset.definition
    }

    /// Returns the SQL of the columns of a row.
    fn selected(&self) -> Vec<Template> {
        let columns = self.columns.iter();
        columns.map(|position| self.column(*position)).collect()
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

fn push_limit(sql: &mut Template, limit: Option<u64>) {
    if let Some(limit) = limit {
        sql.push(" limit ").value(&limit.to_string(), "bigint");
    }
}

fn select_options(choices: &Choices) -> Template {
    let mut sql = Template::default();
    sql.push(&format!(
        "select distinct ({})::pg_catalog.text, ({})::pg_catalog.text",
        choices.value, choices.label
    ));
    sql
}

fn push_end_of_options(sql: &mut Template, choices: &Choices) {
    sql.push(&format!(
        " and ({}) is not null order by 2, 1 limit {}",
        choices.value,
        OPTIONS_MAX + 1
    ));
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
