//! The schema `public`. Every new database has it, so `pg_restore` does not create it. Its owner, privileges and comment come
//! from the dump where the dump has them, and from the live database otherwise.

use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, query, query_scalar};
use wasm_export::dump::Toc;

use crate::dsn::Dsn;

/// The properties of the schema in a dump.
pub(super) struct PublicSchema<'a> {
    /// `None` if it is PostgreSQL's own default.
    owner: Option<&'a str>,
    has_privileges: bool,
    has_comment: bool,
}

impl<'a> PublicSchema<'a> {
    pub fn new(toc: &'a Toc) -> Self {
        let entry = |kind: &str, name: &str| {
            let mut entries = toc.entries.iter();
            entries.find(|entry| entry.kind == kind && entry.name == name)
        };
        Self {
            owner: entry("SCHEMA", "public").map(|entry| entry.owner.as_str()),
            has_privileges: entry("ACL", "SCHEMA public").is_some(),
            has_comment: entry("COMMENT", "SCHEMA public").is_some(),
        }
    }

    /// Completes the schema of a staging database after the load. Returns warnings.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn complete(&self, staging: &mut PgConnection, live: &Dsn) -> sqlx::Result<Vec<String>> {
        let mut connection = PgConnection::connect_with(live.options()).await?;
        let statements: Vec<String> = query_scalar(COPY)
            .bind(self.owner)
            .bind(!self.has_privileges)
            .bind(!self.has_comment)
            .fetch_all(&mut connection)
            .await?;
        let _ = connection.close().await;
        let mut transaction = staging.begin().await?;
        let warnings = execute_each(&mut transaction, statements).await?;
        transaction.commit().await?;
        Ok(warnings)
    }

    /// Prepares the schema of the live database for the privileges of the dump, in an open transaction. Returns warnings.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn prepare_in_place(&self, live: &mut PgConnection) -> sqlx::Result<Vec<String>> {
        let statements: Vec<String> = query_scalar(RESET)
            .bind(self.owner)
            .bind(self.has_privileges)
            .fetch_all(&mut *live)
            .await?;
        execute_each(live, statements).await
    }
}

/// Executes each statement in an open transaction. Returns the errors of PostgreSQL.
async fn execute_each(transaction: &mut PgConnection, statements: Vec<String>) -> sqlx::Result<Vec<String>> {
    let mut warnings = Vec::new();
    for statement in statements {
        transaction.execute("savepoint decant_public").await?;
        // SQL: a statement whose names and texts PostgreSQL has quoted.
        match query(AssertSqlSafe(statement))
            .persistent(false)
            .execute(&mut *transaction)
            .await
        {
            Ok(_) => {}
            Err(sqlx::Error::Database(error)) => {
                warnings.push(format!("The schema public: {}", error.message()));
                transaction.execute("rollback to savepoint decant_public").await?;
            }
            Err(error) => return Err(error),
        }
    }
    Ok(warnings)
}

/// Returns the statements that give another database the schema `public` of this one. Privileges that are those of a new
/// database need none.
const COPY: &str = "\
with s as ( \
    select n.oid, n.nspowner, n.nspacl, i.initprivs, coalesce( \
        (select r.rolname from pg_catalog.pg_roles r where r.rolname operator(pg_catalog.=) $1::pg_catalog.text), \
        pg_catalog.pg_get_userbyid(n.nspowner)) as owner \
    from pg_catalog.pg_namespace n left join pg_catalog.pg_init_privs i \
        on i.classoid operator(pg_catalog.=) 'pg_catalog.pg_namespace'::pg_catalog.regclass \
        and i.objoid operator(pg_catalog.=) n.oid \
    where n.nspname operator(pg_catalog.=) 'public') \
select pg_catalog.format('alter schema public owner to %I', s.owner) from s \
union all \
select 'revoke all on schema public from public' from s where $2 \
    and coalesce(not s.nspacl operator(pg_catalog.=) s.initprivs, true) \
union all \
select pg_catalog.format('grant %s on schema public to %s%s', a.privilege_type, \
        case when a.grantee operator(pg_catalog.=) 0::pg_catalog.oid then 'public' \
            else pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(a.grantee)) end, \
        case when a.is_grantable then ' with grant option' end) \
from s, pg_catalog.aclexplode(s.nspacl) a \
where $2 and a.grantee operator(pg_catalog.<>) s.nspowner \
    and coalesce(not s.nspacl operator(pg_catalog.=) s.initprivs, true) \
union all \
select pg_catalog.format('comment on schema public is %L', pg_catalog.obj_description(s.oid, 'pg_namespace')) \
from s where $3";

/// Returns the statements that give the schema its new owner, and the privileges of a new database.
const RESET: &str = "\
with s as ( \
    select n.oid, n.nspowner, n.nspacl, i.initprivs from pg_catalog.pg_namespace n left join pg_catalog.pg_init_privs i \
        on i.classoid operator(pg_catalog.=) 'pg_catalog.pg_namespace'::pg_catalog.regclass \
        and i.objoid operator(pg_catalog.=) n.oid \
    where n.nspname operator(pg_catalog.=) 'public') \
select pg_catalog.format('alter schema public owner to %I', r.rolname) from s join pg_catalog.pg_roles r \
    on r.rolname operator(pg_catalog.=) $1::pg_catalog.text and r.oid operator(pg_catalog.<>) s.nspowner \
union all \
select pg_catalog.format(steps.template, a.privilege_type, \
        case when a.grantee operator(pg_catalog.=) 0::pg_catalog.oid then 'public' \
            else pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(a.grantee)) end) \
from s, (values ('revoke %s on schema public from %s'), ('grant %s on schema public to %s')) as steps (template), \
    pg_catalog.aclexplode(case when pg_catalog.starts_with(steps.template, 'revoke') \
    then s.nspacl else s.initprivs end) a \
where $2 and a.grantee operator(pg_catalog.<>) s.nspowner \
    and (pg_catalog.starts_with(steps.template, 'revoke') \
         or pg_catalog.pg_get_userbyid(a.grantee) operator(pg_catalog.<>) 'pg_database_owner')";
