//! The tables that SQL names after a placeholder for their schema. Their owners are checked before each use.

use std::collections::BTreeSet;

use sqlx::{PgConnection, query_scalar};

use super::definition::{HUB, SITE};
use super::template::{Rendered, Template};
use super::unavailable::Cause;
use crate::hub_tables::{HubTableError, HubTables};

/// Tables of one schema, and where they are.
#[derive(Clone, Debug)]
pub(super) struct NamedTables {
    placeholder: &'static str,
    names: BTreeSet<String>,
    place: HubTables,
}

impl NamedTables {
    /// Takes the tables of the hub and those of the site that some SQL names.
    ///
    /// # Errors
    /// Both are given: they are checked in one schema.
    pub fn new(hub: BTreeSet<String>, site: BTreeSet<String>, place: &HubTables) -> Result<Self, String> {
        let (placeholder, names) = match (hub.is_empty(), site.is_empty()) {
            (false, false) => {
                return Err(format!(
                    "names tables after `{HUB}` and after `{SITE}`; one of them is enough"
                ));
            }
            (true, false) => (SITE, site),
            (_, true) => (HUB, hub),
        };
        Ok(Self {
            placeholder,
            names,
            place: place.clone(),
        })
    }

    /// Returns no tables.
    pub fn none(place: &HubTables) -> Self {
        Self {
            placeholder: HUB,
            names: BTreeSet::new(),
            place: place.clone(),
        }
    }

    pub fn placeholder(&self) -> &'static str {
        self.placeholder
    }

    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(String::as_str)
    }

    /// Returns the schema of the tables, without quotes.
    pub fn schema(&self) -> &str {
        self.place.schema.as_str()
    }

    /// Finds the tables of a site along the search path, checks all, and returns their schema, quoted for SQL.
    ///
    /// The first schema that has any of them is taken. A role that planted one in an earlier schema is not trusted, and then none
    /// is used.
    ///
    /// # Errors
    /// [`HubTableError`].
    pub async fn find(&mut self, connection: &mut PgConnection) -> Result<String, HubTableError> {
        let names: Vec<_> = self.names.iter().collect();
        if self.placeholder == SITE {
            let schema: Option<String> = query_scalar(
                "select n.nspname::pg_catalog.text \
                 from pg_catalog.unnest(pg_catalog.current_schemas(false)) with ordinality as path (name, place) \
                 join pg_catalog.pg_namespace n on n.nspname operator(pg_catalog.=) path.name \
                 where exists (select from pg_catalog.pg_class c \
                               where c.relnamespace operator(pg_catalog.=) n.oid \
                               and c.relname operator(pg_catalog.=) any ($1::pg_catalog.name[])) \
                 order by path.place limit 1",
            )
            .bind(&names)
            .fetch_optional(&mut *connection)
            .await?;
            let first = names.first().map_or("", |name| name.as_str());
            let schema = schema.ok_or_else(|| HubTableError::Missing(first.to_owned()))?;
            self.place.schema = schema.parse().map_err(HubTableError::Untrusted)?;
        }
        self.place.check(connection, &names).await
    }

    /// Returns why the tables cannot be used.
    pub fn reason(&self, error: &HubTableError) -> String {
        match error {
            HubTableError::Missing(table) if self.placeholder == SITE => format!("no table {table}"),
            error => error.to_string(),
        }
    }

    /// Returns the cause of an error, unless it is one of the database. `is_built_in`: a built-in definition names the tables.
    pub fn cause(&self, error: &HubTableError, is_built_in: bool) -> Option<Cause> {
        match error {
            HubTableError::Database(_) => None,
            HubTableError::Missing(_) if is_built_in && self.placeholder == SITE => Some(Cause::NotHere),
            HubTableError::Missing(_) => Some(Cause::NoTable),
            HubTableError::Hidden(_) => Some(Cause::NoRight),
            HubTableError::Untrusted(_) => Some(Cause::Untrusted),
        }
    }

    /// Returns the SQL of a template. The tables are checked before each use, because a restore may have replaced the database.
    ///
    /// # Errors
    /// [`HubTableError`].
    pub async fn render(
        &self,
        template: &Template,
        connection: &mut PgConnection,
    ) -> Result<Rendered, HubTableError> {
        template.render(connection, &self.place, &self.names).await
    }
}
