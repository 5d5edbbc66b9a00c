//! The workspaces of a site: who may enter which, asked with the site's own SQL.

mod cache;
mod definition;

use api::workspaces::{Workspace, WorkspaceRole};
use sqlx::{AssertSqlSafe, Connection, PgConnection, query, query_as, query_scalar};

pub use self::cache::{MembershipCache, MembershipKey, membership_cache};
use self::definition::{Definition, SUBJECT, WORKSPACE};
use super::column_type::ColumnType;
use super::definition::{HUB, SITE};
use super::definition_files::DefinitionFile;
use super::id_type::IdType;
use super::named_tables::NamedTables;
use super::owner::OwnerType;
use super::template::Template;
use super::unavailable::{Cause, Unavailable};
use crate::auth::{Caller, Membership};
use crate::hub_tables::{HubTableError, HubTables};
use crate::source::is_of_connection;

/// The name of the file, which declares no dataset.
pub(super) const FILE: &str = "workspaces.toml";

const BUILT_IN: &str = include_str!("../../../datasets/workspaces.toml");

/// The greatest number of workspaces in a list.
const WORKSPACES_MAX: usize = 1000;

/// The workspaces as their file declares them.
#[derive(Debug)]
pub struct Workspaces {
    definition: Definition,
    tables: NamedTables,
    /// `None`: they cannot be used, and nobody is a member of any.
    types: Option<Types>,
    pub unavailable: Option<Unavailable>,
    is_built_in: bool,
    file: String,
}

/// The types of ids in the SQL.
#[derive(Debug)]
struct Types {
    /// The types of `{workspace}` and `{subject}` in `membership`.
    workspace: IdType,
    subject: OwnerType,
    /// The type of `{subject}` in `list`.
    subject_of_list: OwnerType,
    /// The column `id` of `all`.
    id: IdType,
}

/// A value from a caller; `None`: it is no value of the type.
struct Value<'a> {
    text: Option<String>,
    pg_type: &'a str,
}

/// The workspaces cannot be asked for.
#[derive(Debug, thiserror::Error)]
pub enum WorkspacesError {
    #[error("the workspaces cannot be used in this database: {0}")]
    Tables(HubTableError),
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

impl From<HubTableError> for WorkspacesError {
    fn from(error: HubTableError) -> Self {
        match error {
            HubTableError::Database(error) => error.into(),
            error => Self::Tables(error),
        }
    }
}

impl Workspaces {
    /// Reads the site's file, or else the built-in one.
    pub(super) fn read(of_site: Option<DefinitionFile>, hub: &HubTables) -> Self {
        let is_built_in = of_site.is_none();
        let (file, text) = of_site.unwrap_or_else(|| (FILE.to_owned(), Ok(BUILT_IN.to_owned())));
        let parsed = text.and_then(|text| Definition::parse(&text));
        let named = parsed.and_then(|definition| {
            let tables = NamedTables::new(definition.tables(HUB), definition.tables(SITE), hub)?;
            Ok((definition, tables))
        });
        let (definition, tables, unavailable) = match named {
            Ok((definition, tables)) => (definition, tables, None),
            Err(problem) => {
                let reason = format!("{file}: {}", problem.trim_end());
                let cause = Cause::Mistake;
                let unavailable = Some(Unavailable { reason, cause });
                (Definition::default(), NamedTables::none(hub), unavailable)
            }
        };
        Self {
            definition,
            tables,
            types: None,
            unavailable,
            is_built_in,
            file,
        }
    }

    /// Checks the SQL in the database, and looks up the types of the ids.
    ///
    /// # Errors
    /// The database's error, if the connection is lost.
    pub(super) async fn prepare(&mut self, connection: &mut PgConnection, is_hub: bool) -> sqlx::Result<()> {
        if self.unavailable.is_some() {
            return Ok(());
        }
        if !self.tables.is_empty() {
            match self.tables.find(connection).await {
                Ok(schema) => self.definition.set_schema(self.tables.placeholder(), &schema),
                Err(HubTableError::Database(error)) => return Err(error),
                Err(error) => {
                    let cause = self.tables.cause(&error, self.is_built_in);
                    let reason = self.tables.reason(&error);
                    match cause {
                        Some(cause @ Cause::NotHere) => {
                            self.unavailable = Some(Unavailable { reason, cause });
                        }
                        cause => self.refuse(&reason, cause.unwrap_or(Cause::NoTable)),
                    }
                    return Ok(());
                }
            }
        }
        match self.types(connection, is_hub).await {
            Ok(Ok(types)) => self.types = Some(types),
            Ok(Err(problem)) => self.refuse(&problem, Cause::Mistake),
            Err(error) if is_of_connection(&error) => return Err(error),
            Err(error) => {
                let code = error.as_database_error().and_then(|error| error.code());
                let cause = match code.as_deref() {
                    // `undefined_table`, `invalid_schema_name`
                    Some("42P01" | "3F000") => Cause::NoTable,
                    // `insufficient_privilege`
                    Some("42501") => Cause::NoRight,
                    _ => Cause::Mistake,
                };
                let message = error.as_database_error().map(|error| error.message().to_owned());
                self.refuse(&message.unwrap_or_else(|| error.to_string()), cause);
            }
        }
        Ok(())
    }

    fn refuse(&mut self, problem: &str, cause: Cause) {
        let reason = format!("{}: {problem}", self.file);
        self.unavailable = Some(Unavailable { reason, cause });
    }

    /// Returns the types of the ids, or which of them is no type of an id.
    async fn types(
        &self,
        connection: &mut PgConnection,
        is_hub: bool,
    ) -> sqlx::Result<Result<Types, String>> {
        let Definition {
            membership,
            list,
            all,
        } = &self.definition;
        for sql in [
            format!(
                "select l.id, l.name, l.role from ({}) l where false",
                without_values(list)
            ),
            format!("select w.id, w.name from ({all}) w where false"),
        ] {
            // SQL: the text of a definition, which the site writes.
            query(AssertSqlSafe(sql))
                .persistent(false)
                .execute(&mut *connection)
                .await?;
        }
        let of_all = format!(
            "select pg_catalog.pg_typeof((select w.id from ({all}) w where false))::pg_catalog.oid::bigint"
        );
        // SQL: the text of a definition, which the site writes.
        let id: i64 = query_scalar(AssertSqlSafe(of_all))
            .persistent(false)
            .fetch_one(&mut *connection)
            .await?;
        let mut oids = of_parameters(
            &membership.replace(WORKSPACE, "$1").replace(SUBJECT, "$2"),
            connection,
        )
        .await?;
        oids.extend(of_parameters(&list.replace(SUBJECT, "$1"), connection).await?);
        oids.push(id);
        let types = ColumnType::look_up(connection, &oids).await?;
        let found: Vec<_> = types.iter().map(ColumnType::of_id).collect();
        let [Some(workspace), Some(subject), Some(of_list), Some(id)] = &found[..] else {
            let names: Vec<_> = types.iter().map(|one| one.name.as_str()).collect();
            return Ok(Err(format!(
                "ids of workspaces and users are whole numbers, uuid or text, and these are {}",
                names.join(", ")
            )));
        };
        Ok(Ok(Types {
            workspace: workspace.clone(),
            subject: OwnerType::new(subject.clone(), is_hub),
            subject_of_list: OwnerType::new(of_list.clone(), is_hub),
            id: id.clone(),
        }))
    }

    /// Returns the membership of the caller in the workspace with this id, or `None`: they are no member, there is no such
    /// workspace, or the text is no id. PostgreSQL is asked the same in each case. An administrator passes every workspace
    /// that exists.
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
        let id_type = if is_administrator {
            &types.id
        } else {
            &types.workspace
        };
        let id = Value::new(id_type, workspace);
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
            Err(error) if is_of_value(&error) => Vec::new(),
            Err(error) => return Err(error.into()),
        };
        let known = roles
            .iter()
            .flatten()
            .filter_map(|role| WorkspaceRole::from_name(role));
        Ok(known.max().and_then(|role| Some(Membership::new(id.text?, role))))
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
            Err(error) if is_of_value(&error) => Vec::new(),
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

    /// Returns the short name of the workspace that the caller is within, or `None` if it has none.
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
        let slug: Option<Option<String>> = query_scalar(sql)
            .persistent(false)
            .fetch_optional(connection)
            .await?;
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

    /// Returns the SQL with a null for each value, for the test of its functions and operators.
    #[cfg(test)]
    pub(super) fn statements(&self) -> Vec<String> {
        let Definition {
            membership,
            list,
            all,
        } = &self.definition;
        [membership, list, all].map(|sql| without_values(sql)).to_vec()
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

fn without_values(sql: &str) -> String {
    sql.replace(WORKSPACE, "null").replace(SUBJECT, "null")
}

/// Returns the OIDs of the types that PostgreSQL infers for the parameters of a statement.
///
/// They come from the statement's own session, which a pooler keeps for the transaction.
async fn of_parameters(sql: &str, connection: &mut PgConnection) -> sqlx::Result<Vec<i64>> {
    let mut transaction = connection.begin().await?;
    // SQL: the text of a definition, which the site writes.
    query(AssertSqlSafe(format!("prepare decant_workspaces as {sql}")))
        .persistent(false)
        .execute(&mut *transaction)
        .await?;
    let oids = query_scalar(
        "select p.oid::bigint from pg_catalog.pg_prepared_statements s, \
         pg_catalog.unnest(s.parameter_types::pg_catalog.oid[]) with ordinality as p (oid, place) \
         where s.name operator(pg_catalog.=) 'decant_workspaces' order by p.place",
    )
    .fetch_all(&mut *transaction)
    .await?;
    query("deallocate decant_workspaces")
        .persistent(false)
        .execute(&mut *transaction)
        .await?;
    transaction.rollback().await?;
    Ok(oids)
}

/// Returns whether PostgreSQL could not read or convert a value (SQLSTATE class 22).
fn is_of_value(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(|error| error.code());
    code.is_some_and(|code| code.starts_with("22"))
}
