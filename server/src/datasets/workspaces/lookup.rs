//! Asks for memberships and lists of workspaces.

use api::workspaces::{Workspace, WorkspaceRole};
use sqlx::{PgConnection, query_as, query_scalar};

use super::super::id_type::IdType;
use super::super::template::Template;
use super::definition::{Definition, SUBJECT, WORKSPACE};
use super::{Types, Workspaces, WorkspacesError};
use crate::auth::{Caller, Membership};

/// The greatest number of workspaces in a list.
const WORKSPACES_MAX: usize = 1000;

/// A value from a caller; `None`: it is no value of the type.
struct Value<'a> {
    text: Option<String>,
    pg_type: &'a str,
}

impl Workspaces {
    /// Returns the membership of the caller in the workspace with this id, or `None`: they are no member, there is no
    /// such workspace, or the text is no id. PostgreSQL is asked the same in each case. An administrator passes every
    /// workspace that exists.
    ///
    /// # Errors
    /// [`WorkspacesError`].
    pub async fn membership(
        &self,
        connection: &mut PgConnection,
        caller: &Caller,
        workspace: &str,
    ) -> Result<Option<Membership>, WorkspacesError> {
        let Some(types) = &self.types else {
            return Ok(None);
        };
        let Definition { membership, all, .. } = &self.definition;
        let is_administrator = caller.is_administrator();
        let id = Value::new(types.of_workspace(caller), workspace);
        let mut sql = Template::default();
        sql.push("select r.role::pg_catalog.text from (");
        match is_administrator {
            true => {
                sql.push("select 'OWNER' from (")
                    .push(all)
                    .push(") w where w.id operator(pg_catalog.=) ");
                id.push(&mut sql);
            }
            false => {
                let subject = Value {
                    text: types.subject.value(&caller.subject),
                    pg_type: types.subject.pg_type(),
                };
                push_with_values(&mut sql, membership, &[(WORKSPACE, &id), (SUBJECT, &subject)]);
            }
        }
        sql.push(") r (role)");
        let sql = self.tables.render(&sql, connection).await?.sql;
        let roles: Vec<Option<String>> = match query_scalar(sql).persistent(false).fetch_all(connection).await
        {
            Ok(roles) => roles,
            // A value that the site's own cast does not read is no id.
            Err(error) if is_of_value(&error) => {
                self.warn_of_value("membership", &error);
                Vec::new()
            }
            Err(error) => return Err(error.into()),
        };
        let known = roles
            .iter()
            .flatten()
            .filter_map(|role| WorkspaceRole::from_name(role));
        Ok(known.max().and_then(|role| Some(Membership::new(id.text?, role))))
    }

    /// Returns the id of a workspace as PostgreSQL writes it, or `None`: the text is no id.
    #[must_use]
    pub fn normalized(&self, caller: &Caller, workspace: &str) -> Option<String> {
        self.types.as_ref()?.of_workspace(caller).value(workspace)
    }

    /// Returns the workspaces of the caller; of an administrator, all of them. At most 1,000.
    ///
    /// # Errors
    /// [`WorkspacesError`].
    pub async fn of_caller(
        &self,
        connection: &mut PgConnection,
        caller: &Caller,
    ) -> Result<Vec<Workspace>, WorkspacesError> {
        let Some(types) = &self.types else {
            return Ok(Vec::new());
        };
        let mut sql = Template::default();
        // A row as JSON has the key `slug` or not; SQL could not name a column that is missing.
        sql.push(
            "select l.id::pg_catalog.text, coalesce(l.name::pg_catalog.text, l.id::pg_catalog.text), \
             pg_catalog.to_jsonb(l) operator(pg_catalog.->>) 'slug', ",
        );
        sql.push(match caller.is_administrator() {
            true => "'OWNER' from (",
            false => "l.role::pg_catalog.text from (",
        });
        self.push_list(&mut sql, types, caller);
        sql.push(&format!(") l limit {WORKSPACES_MAX}"));
        let sql = self.tables.render(&sql, connection).await?.sql;
        type Row = (Option<String>, Option<String>, Option<String>, Option<String>);
        let rows: Vec<Row> = match query_as(sql).persistent(false).fetch_all(connection).await {
            Ok(rows) => rows,
            Err(error) if is_of_value(&error) => {
                self.warn_of_value("list", &error);
                Vec::new()
            }
            Err(error) => return Err(error.into()),
        };
        let workspace = |(id, name, slug, role): Row| {
            Some(Workspace {
                id: id?,
                name: name?,
                slug,
                role: WorkspaceRole::from_name(&role?)?,
            })
        };
        Ok(rows.into_iter().filter_map(workspace).collect())
    }

    /// Returns the short name of the workspace that the caller is within, or `None`: it has none, or the SQL of the site
    /// fails for a value.
    ///
    /// # Errors
    /// [`WorkspacesError`].
    pub async fn slug(
        &self,
        connection: &mut PgConnection,
        caller: &Caller,
    ) -> Result<Option<String>, WorkspacesError> {
        let (Some(types), Some(workspace)) = (&self.types, caller.workspace()) else {
            return Ok(None);
        };
        let mut sql = Template::default();
        sql.push("select pg_catalog.to_jsonb(l) operator(pg_catalog.->>) 'slug' from (");
        self.push_list(&mut sql, types, caller);
        sql.push(") l where l.id::pg_catalog.text operator(pg_catalog.=) ")
            .value(workspace, "pg_catalog.text")
            .push(" limit 1");
        let sql = self.tables.render(&sql, connection).await?.sql;
        let slug: Option<Option<String>> = match query_scalar(sql)
            .persistent(false)
            .fetch_optional(connection)
            .await
        {
            Ok(slug) => slug,
            Err(error) if is_of_value(&error) => {
                self.warn_of_value("list", &error);
                None
            }
            Err(error) => return Err(error.into()),
        };
        Ok(slug.flatten())
    }

    /// Adds the SQL of the caller's workspaces; of an administrator, all of them.
    fn push_list(&self, sql: &mut Template, types: &Types, caller: &Caller) {
        let Definition { list, all, .. } = &self.definition;
        if caller.is_administrator() {
            sql.push(all);
            return;
        }
        let subject = Value {
            text: types.subject_of_list.value(&caller.subject),
            pg_type: types.subject_of_list.pg_type(),
        };
        push_with_values(sql, list, &[(SUBJECT, &subject)]);
    }

    /// Logs an error that counts as an empty result. A caller's value can cause it, and so can the SQL of the site, for
    /// all callers.
    fn warn_of_value(&self, key: &str, error: &sqlx::Error) {
        let code = error.as_database_error().and_then(|error| error.code());
        tracing::warn!(
            file = self.file,
            key,
            sqlstate = code.as_deref(),
            "the SQL of the workspaces failed for a value, which counts as no workspace"
        );
    }
}

impl<'a> Value<'a> {
    fn new(id_type: &'a IdType, text: &str) -> Self {
        Self {
            text: id_type.value(text),
            pg_type: id_type.pg_type(),
        }
    }

    fn push(&self, sql: &mut Template) {
        match &self.text {
            Some(text) => sql.value(text, self.pg_type),
            None => sql.push("null::").push(self.pg_type),
        };
    }
}

/// Adds SQL with the values of its placeholders.
fn push_with_values(sql: &mut Template, mut rest: &str, values: &[(&str, &Value<'_>)]) {
    let next = |rest: &str| {
        let found = values
            .iter()
            .filter_map(|(placeholder, value)| Some((rest.find(placeholder)?, placeholder.len(), *value)));
        found.min_by_key(|(at, ..)| *at)
    };
    while let Some((at, length, value)) = next(rest) {
        sql.push(&rest[..at]);
        value.push(sql);
        rest = &rest[at + length..];
    }
    sql.push(rest);
}

/// Returns whether PostgreSQL could not read or convert a value (SQLSTATE class 22).
fn is_of_value(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(|error| error.code());
    code.is_some_and(|code| code.starts_with("22"))
}
