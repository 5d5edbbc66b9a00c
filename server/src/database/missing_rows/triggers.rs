//! The triggers and rules of a table, disabled while old rows come back into it.
//!
//! They fired when the rows were first inserted: what they did (the hub's trigger writes `usage_ledger`) is in the
//! database already, or comes from the same dump. Firing again would count it twice. The setting
//! `session_replication_role` would keep them from firing as well, but it also stops the checks of foreign keys.

use sqlx::postgres::PgRow;
use sqlx::{AssertSqlSafe, Executor, FromRow, PgConnection, Row, query_as};

use super::error::MissingRowsError;

/// Something of a table that an `INSERT` would set off.
struct Firing {
    table: String,
    /// With its kind: `The trigger spend_of`.
    name: String,
    is_owned: bool,
    disable: String,
    enable: String,
}

impl FromRow<'_, PgRow> for Firing {
    fn from_row(row: &PgRow) -> sqlx::Result<Self> {
        Ok(Self {
            table: row.try_get("table")?,
            name: row.try_get("name")?,
            is_owned: row.try_get("is_owned")?,
            disable: row.try_get("disable")?,
            enable: row.try_get("enable")?,
        })
    }
}

/// Disabled triggers and rules, to be enabled before the transaction commits. A rollback enables them, too.
#[derive(Default)]
pub(super) struct DisabledTriggers {
    /// The statements that give each its former state.
    enable: Vec<String>,
}

impl DisabledTriggers {
    /// Disables all triggers and rules that an `INSERT` into the table would set off. The table is named as SQL writes
    /// it. Others cannot write to a table with such triggers from now on until the transaction ends.
    ///
    /// # Errors
    /// [`MissingRowsError::Trigger`]: the role does not own the table. [`MissingRowsError::Database`].
    pub async fn add(&mut self, transaction: &mut PgConnection, table: &str) -> Result<(), MissingRowsError> {
        for firing in find(transaction, table).await? {
            // SQL: names quoted by PostgreSQL.
            transaction.execute(AssertSqlSafe(firing.disable)).await?;
            self.enable.push(firing.enable);
        }
        Ok(())
    }

    /// Gives each trigger and rule its former state. No check of a deferred constraint may be waiting.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn enable(self, transaction: &mut PgConnection) -> sqlx::Result<()> {
        for statement in self.enable {
            // SQL: names quoted by PostgreSQL.
            transaction.execute(AssertSqlSafe(statement)).await?;
        }
        Ok(())
    }
}

/// Checks that [`DisabledTriggers::add`] can do its work, so that a refusal comes before hours of loading.
///
/// # Errors
/// [`MissingRowsError::Trigger`], [`MissingRowsError::Database`].
pub(super) async fn check(connection: &mut PgConnection, table: &str) -> Result<(), MissingRowsError> {
    find(connection, table).await.map(drop)
}

/// Returns the triggers of the table and its partitions, and the rules of the table, that an `INSERT` would set off.
async fn find(connection: &mut PgConnection, table: &str) -> Result<Vec<Firing>, MissingRowsError> {
    let found: Vec<Firing> = query_as(FIND).bind(table).fetch_all(connection).await?;
    let not_owned = found.iter().find(|firing| !firing.is_owned);
    match not_owned {
        Some(Firing { table, name, .. }) => Err(MissingRowsError::Trigger {
            table: table.clone(),
            name: name.clone(),
        }),
        None => Ok(found),
    }
}

/// The triggers of constraints (foreign keys, deferrable keys) stay enabled; they are known by their constraint, because
/// PostgreSQL 14 and older mark the triggers of partitions as internal as well. A trigger made by `CREATE CONSTRAINT
/// TRIGGER` belongs to a constraint of type `t`.
///
/// Those for replicas (`R`) do not fire in an ordinary session.
///
/// Each partition is altered by itself: its copy of a trigger may have another state than the parent's.
const FIND: &str = "\
with recursive tables as ( \
    select $1::pg_catalog.regclass::pg_catalog.oid as oid, 0 as depth \
    union all \
    select i.inhrelid, t.depth operator(pg_catalog.+) 1 from tables t \
    join pg_catalog.pg_inherits i on i.inhparent operator(pg_catalog.=) t.oid \
    join pg_catalog.pg_class c on c.oid operator(pg_catalog.=) i.inhrelid and c.relispartition), \
named as ( \
    select t.oid, t.depth, n.nspname, c.relname, \
        pg_catalog.pg_has_role(c.relowner, 'usage') as is_owned, \
        pg_catalog.format('alter table only %I.%I', n.nspname, c.relname) as alter_table \
    from tables t join pg_catalog.pg_class c on c.oid operator(pg_catalog.=) t.oid \
    join pg_catalog.pg_namespace n on n.oid operator(pg_catalog.=) c.relnamespace), \
firing as ( \
    select t.tgrelid as oid, 'trigger' as kind, t.tgname as name, t.tgenabled as state \
    from pg_catalog.pg_trigger t \
    where (t.tgtype::pg_catalog.int4 operator(pg_catalog.&) 4) operator(pg_catalog.<>) 0 \
        and not exists (select from pg_catalog.pg_constraint c \
            where c.oid operator(pg_catalog.=) t.tgconstraint and c.contype operator(pg_catalog.<>) 't') \
    union all \
    select r.ev_class, 'rule', r.rulename, r.ev_enabled \
    from pg_catalog.pg_rewrite r where r.ev_type operator(pg_catalog.=) '3') \
select pg_catalog.format('%s.%s', n.nspname, n.relname) as table, \
    pg_catalog.format('The %s %s', f.kind, f.name) as name, n.is_owned, \
    pg_catalog.format('%s disable %s %I', n.alter_table, f.kind, f.name) as disable, \
    pg_catalog.format('%s enable %s %s %I', n.alter_table, \
        case when f.state operator(pg_catalog.=) 'A' then 'always' else '' end, f.kind, f.name) as enable \
from named n join firing f on f.oid operator(pg_catalog.=) n.oid \
where f.state operator(pg_catalog.=) any ('{O,A}') \
    and (n.depth operator(pg_catalog.=) 0 or f.kind operator(pg_catalog.=) 'trigger') \
order by n.depth, f.name";
