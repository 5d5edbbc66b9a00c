//! The tables that SQL names after a placeholder for their schema. Their owners are checked before each use.

use std::collections::BTreeSet;

use sqlx::{PgConnection, query_scalar};

use super::definition::{HUB, SITE};
use super::template::{Rendered, Template};
use super::unavailable::Cause;
use crate::hub_tables::{HubTableError, HubTables};

/// Tables of an application beside the hub, which built-in datasets read. A hub alone has none of them.
const BESIDE_HUB: [&str; 3] = ["conversation_turns", "conversations", "saved_files"];

/// Tables of one schema, and where they are.
#[derive(Clone, Debug)]
pub(super) struct NamedTables {
    placeholder: &'static str,
    names: BTreeSet<String>,
    /// The one without which the application is not in the database.
    main: Option<String>,
    place: HubTables,
}

impl NamedTables {
    /// Takes the tables of the hub and those of the site that some SQL names, the main one first.
    ///
    /// # Errors
    /// Both are given: they are checked in one schema.
    pub fn new(hub: Vec<String>, site: Vec<String>, place: &HubTables) -> Result<Self, String> {
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
            main: names.first().cloned(),
            names: names.into_iter().collect(),
            place: place.clone(),
        })
    }

    /// Returns no tables.
    pub fn none(place: &HubTables) -> Self {
        Self {
            placeholder: HUB,
            names: BTreeSet::new(),
            main: None,
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
    /// The first schema that has all of them is taken, or else the first that has the main one. If a role that is not trusted
    /// planted them in an earlier schema, none is used.
    ///
    /// # Errors
    /// [`HubTableError`].
    pub async fn find(&mut self, connection: &mut PgConnection) -> Result<String, HubTableError> {
        let names: Vec<_> = self.names.iter().collect();
        if let (SITE, Some(main)) = (self.placeholder, &self.main) {
            let schema: Option<String> = query_scalar(
                "select n.nspname::pg_catalog.text \
                 from pg_catalog.unnest(pg_catalog.current_schemas(false)) with ordinality as path (name, place) \
                 join pg_catalog.pg_namespace n on n.nspname operator(pg_catalog.=) path.name \
                 cross join lateral ( \
                     select pg_catalog.count(*) as found, \
                            pg_catalog.bool_or(c.relname operator(pg_catalog.=) $2::pg_catalog.name) as has_main \
                     from pg_catalog.pg_class c \
                     where c.relnamespace operator(pg_catalog.=) n.oid \
                     and c.relname operator(pg_catalog.=) any ($1::pg_catalog.name[])) t \
                 where t.has_main \
                 order by t.found operator(pg_catalog.<) pg_catalog.cardinality($1), path.place limit 1",
            )
            .bind(&names)
            .bind(main)
            .fetch_optional(&mut *connection)
            .await?;
            let schema = schema.ok_or_else(|| HubTableError::Missing(main.clone()))?;
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
            HubTableError::Missing(table) if is_built_in && self.is_of_application(table) => {
                Some(Cause::NotHere)
            }
            HubTableError::Missing(_) => Some(Cause::NoTable),
            HubTableError::Hidden(_) => Some(Cause::NoRight),
            HubTableError::Untrusted(_) => Some(Cause::Untrusted),
        }
    }

    /// Returns whether the application of these tables is not in a database that lacks this one, named with or without its schema.
    fn is_of_application(&self, table: &str) -> bool {
        let name = table.rsplit_once('.').map_or(table, |(_, name)| name);
        match self.placeholder {
            SITE => self.main.as_deref() == Some(name),
            _ => BESIDE_HUB.contains(&name),
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
