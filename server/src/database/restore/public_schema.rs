//! The schema `public`. Every new database has it, so `pg_restore` does not create it. Its owner, privileges and comment come
//! from the dump where the dump has them, and from the live database otherwise.

use sqlx::{Connection, PgConnection, Row, query, query_scalar};
use wasm_export::dump::Toc;

use super::statement::{attempt, execute};
use crate::database::session;
use crate::dsn::Dsn;

/// The properties of the schema in a dump.
pub(super) struct PublicSchema<'a> {
    /// `None` if it is PostgreSQL's own default.
    owner: Option<&'a str>,
    has_privileges: bool,
    has_comment: bool,
    /// The privileges of `PUBLIC` that the privileges of the dump are added to.
    initial: &'static str,
}

/// From PostgreSQL 15 on, `pg_dump` writes the difference to a schema that is open to `USAGE`, whatever the dumped database
/// was created with (`getNamespaces` in PostgreSQL's `pg_dump.c`). Older ones write the difference to a new database.
const PUBLIC_MAY_CREATE_BEFORE: u32 = 15;

impl<'a> PublicSchema<'a> {
    /// Finds the properties in the contents of a dump by this major version of `pg_dump`.
    pub fn new(toc: &'a Toc, pg_dump: u32) -> Self {
        let entry = |kind: &str, name: &str| {
            let mut entries = toc.entries.iter();
            entries.find(|entry| entry.kind == kind && entry.name == name)
        };
        Self {
            owner: entry("SCHEMA", "public").map(|entry| entry.owner.as_str()),
            has_privileges: entry("ACL", "SCHEMA public").is_some(),
            has_comment: entry("COMMENT", "SCHEMA public").is_some(),
            initial: match pg_dump < PUBLIC_MAY_CREATE_BEFORE {
                true => "create, usage",
                false => "usage",
            },
        }
    }

    /// Completes the schema of a staging database after the load. Returns warnings.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn complete(&self, staging: &mut PgConnection, live: &Dsn) -> sqlx::Result<Vec<String>> {
        let present = Present::of(staging).await?;
        let mut connection = session::open(live, "decant restore").await?;
        let statements: Vec<String> = query_scalar(COPY)
            .bind(self.owner)
            .bind(!self.has_privileges)
            .bind(!self.has_comment)
            .bind(&present.owner)
            .bind(present.comment)
            .fetch_all(&mut connection)
            .await?;
        let _ = connection.close().await;
        let mut transaction = staging.begin().await?;
        let mut warnings = execute_each(&mut transaction, statements).await?;
        transaction.commit().await?;
        if self.has_privileges && !present.is_own {
            warnings.push(format!(
                "The schema public has the privileges of a new database, because it belongs to {}, and Decant's role is no \
                 member of that role",
                present.owner
            ));
        }
        Ok(warnings)
    }

    /// Gives the schema of the live database its new owner, and prepares it for the privileges of the dump, in an open
    /// transaction. Returns warnings.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn prepare_in_place(&self, live: &mut PgConnection) -> sqlx::Result<Vec<String>> {
        self.reset(live, self.owner).await
    }

    /// Prepares the schema of a staging database for the privileges of the dump, in an open transaction. Returns warnings.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn prepare(&self, staging: &mut PgConnection) -> sqlx::Result<Vec<String>> {
        self.reset(staging, None).await
    }

    async fn reset(&self, connection: &mut PgConnection, owner: Option<&str>) -> sqlx::Result<Vec<String>> {
        let statements: Vec<String> = query_scalar(RESET)
            .bind(owner)
            .bind(self.has_privileges)
            .bind(self.initial)
            .fetch_all(&mut *connection)
            .await?;
        execute_each(connection, statements).await
    }
}

/// Executes each statement in an open transaction. Returns the errors of PostgreSQL.
async fn execute_each(transaction: &mut PgConnection, statements: Vec<String>) -> sqlx::Result<Vec<String>> {
    let mut warnings = Vec::new();
    for statement in statements {
        if let Err(why) = attempt(transaction, statement).await? {
            warnings.push(format!("The schema public: {why}"));
        }
    }
    Ok(warnings)
}

/// Gives the schema to a role, unless the owner of the database owns it. Only its owner sets its privileges. If Decant's role
/// may not give it away, it stays as it is.
///
/// # Errors
/// The database does not answer.
pub(super) async fn give_to(connection: &mut PgConnection, role: &str) -> sqlx::Result<()> {
    let give: Option<String> = query_scalar(GIVE)
        .bind(role)
        .fetch_optional(&mut *connection)
        .await?;
    let Some(give) = give else { return Ok(()) };
    match execute(connection, give).await {
        Ok(()) | Err(sqlx::Error::Database(_)) => Ok(()),
        Err(error) => Err(error),
    }
}

/// Returns the owner of a new database's schema if Decant's role cannot set its privileges and the live ones differ.
///
/// # Errors
/// The database does not answer.
pub(super) async fn foreign_owner(staging: &Dsn, live: &Dsn) -> sqlx::Result<Option<String>> {
    let [new, kept] = [Present::read(staging).await?, Present::read(live).await?];
    Ok((!new.is_own && new.privileges != kept.privileges).then_some(new.owner))
}

/// From PostgreSQL 15 on, the role `pg_database_owner` owns the schema, of which the owner of the database is a member.
const GIVE: &str = "\
select pg_catalog.format('alter schema public owner to %I', $1) from pg_catalog.pg_namespace \
where nspname operator(pg_catalog.=) 'public' \
    and pg_catalog.pg_get_userbyid(nspowner) operator(pg_catalog.<>) all (array['pg_database_owner', $1])";

/// The schema of a database.
struct Present {
    owner: String,
    /// Whether Decant's role has the rights of the owner.
    is_own: bool,
    privileges: Option<String>,
    comment: Option<String>,
}

impl Present {
    async fn read(database: &Dsn) -> sqlx::Result<Self> {
        let mut connection = session::open(database, "decant restore").await?;
        let present = Self::of(&mut connection).await?;
        let _ = connection.close().await;
        Ok(present)
    }

    async fn of(connection: &mut PgConnection) -> sqlx::Result<Self> {
        let present = query(
            "select pg_catalog.pg_get_userbyid(nspowner)::pg_catalog.text as owner, \
             pg_catalog.pg_has_role(nspowner, 'usage') as is_own, nspacl::pg_catalog.text as privileges, \
             pg_catalog.obj_description(oid, 'pg_namespace') as comment \
             from pg_catalog.pg_namespace where nspname operator(pg_catalog.=) 'public'",
        );
        let row = present.fetch_one(connection).await?;
        Ok(Self {
            owner: row.try_get("owner")?,
            is_own: row.try_get("is_own")?,
            privileges: row.try_get("privileges")?,
            comment: row.try_get("comment")?,
        })
    }
}

/// Returns the statements that give another database the schema `public` of this one. There, `$4` owns it, and `$5` is its
/// comment. Privileges that are those of a new database need no statement.
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
where s.owner operator(pg_catalog.<>) $4::pg_catalog.text::pg_catalog.name \
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
from s where $3 and coalesce(pg_catalog.obj_description(s.oid, 'pg_namespace'), '') operator(pg_catalog.<>) \
    coalesce($5::pg_catalog.text, '')";

/// Returns the statements that give the schema its new owner, and the privileges `$3` to `PUBLIC` alone.
const RESET: &str = "\
with s as (select nspowner, nspacl from pg_catalog.pg_namespace where nspname operator(pg_catalog.=) 'public') \
select pg_catalog.format('alter schema public owner to %I', r.rolname) from s join pg_catalog.pg_roles r \
    on r.rolname operator(pg_catalog.=) $1::pg_catalog.text and r.oid operator(pg_catalog.<>) s.nspowner \
union all \
(select distinct pg_catalog.format('revoke all on schema public from %s', \
        case when a.grantee operator(pg_catalog.=) 0::pg_catalog.oid then 'public' \
            else pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(a.grantee)) end) \
from s, pg_catalog.aclexplode(s.nspacl) a \
where $2 and a.grantee operator(pg_catalog.<>) s.nspowner and pg_catalog.pg_has_role(s.nspowner, 'usage')) \
union all \
select pg_catalog.format('grant %s on schema public to public', $3::pg_catalog.text) \
from s where $2 and pg_catalog.pg_has_role(s.nspowner, 'usage')";
