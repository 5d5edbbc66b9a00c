//! The triggers and rules of a table, disabled while old rows come back into it.
//!
//! They fired when the rows were first inserted: what they did (the hub's trigger writes `usage_ledger`) is in the
//! database already, or comes from the same dump. Firing again would count it twice. The setting
//! `session_replication_role` would keep them from firing as well, but it also stops the checks of foreign keys.

use sqlx::{AssertSqlSafe, Executor, PgConnection, Row, query};

/// Why rows cannot come back into a table.
#[derive(Debug, thiserror::Error)]
pub enum TriggerError {
    #[error(
        "{name} of the table {table} would fire for rows that come back, and only the owner of the table may disable it; \
         make Decant's user a member of the role that owns the table"
    )]
    NotOwner { table: String, name: String },
    #[error(
        "{name} of the table {table} is a rule for UPDATE, and PostgreSQL adds no missing rows (INSERT … ON CONFLICT) to a \
         table with such a rule; drop it until the rows are back"
    )]
    UpdateRule { table: String, name: String },
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

/// Something of a table that an `INSERT` would set off.
struct Firing {
    table: String,
    /// With its kind: `The trigger spend_of`.
    name: String,
    is_owned: bool,
    is_update_rule: bool,
    disable: String,
    enable: String,
}

impl Firing {
    fn check(&self) -> Result<(), TriggerError> {
        let (table, name) = (self.table.clone(), self.name.clone());
        if self.is_update_rule {
            return Err(TriggerError::UpdateRule { table, name });
        }
        match self.is_owned {
            true => Ok(()),
            false => Err(TriggerError::NotOwner { table, name }),
        }
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
    /// [`TriggerError`]: the role does not own the table, the table has a rule for `UPDATE`, or the table's lock was not
    /// free within a minute.
    pub(super) async fn add(
        &mut self,
        transaction: &mut PgConnection,
        table: &str,
    ) -> Result<(), TriggerError> {
        let found = find(transaction, table).await?;
        if found.is_empty() {
            return Ok(());
        }
        // While we wait for the lock, every other writer waits behind us.
        transaction.execute("set local lock_timeout = '60s'").await?;
        for firing in found {
            firing.check()?;
            transaction.execute(AssertSqlSafe(firing.disable)).await?;
            self.enable.push(firing.enable);
        }
        transaction.execute("set local lock_timeout to default").await?;
        Ok(())
    }

    /// Gives each trigger and rule its former state. Deferred constraints are checked now.
    ///
    /// # Errors
    /// A row violates a deferred constraint; the database does not answer.
    pub(super) async fn enable(self, transaction: &mut PgConnection) -> sqlx::Result<()> {
        if self.enable.is_empty() {
            return Ok(());
        }
        // PostgreSQL alters no table that deferred checks are still waiting for.
        transaction.execute("set constraints all immediate").await?;
        for statement in self.enable {
            transaction.execute(AssertSqlSafe(statement)).await?;
        }
        Ok(())
    }
}

/// Checks that [`DisabledTriggers::add`] can do its work, so that a refusal comes before hours of loading.
///
/// # Errors
/// [`TriggerError`].
pub(super) async fn check(connection: &mut PgConnection, table: &str) -> Result<(), TriggerError> {
    let found = find(connection, table).await?;
    found.iter().try_for_each(Firing::check)
}

/// Returns the enabled triggers of the table and its partitions, and the rules of the table, that concern an `INSERT`.
async fn find(connection: &mut PgConnection, table: &str) -> sqlx::Result<Vec<Firing>> {
    let rows = query(FIND).bind(table).fetch_all(connection).await?;
    let firing = |row: &sqlx::postgres::PgRow| Firing {
        table: row.get("table"),
        name: row.get("name"),
        is_owned: row.get("is_owned"),
        is_update_rule: row.get("is_update_rule"),
        disable: row.get("disable"),
        enable: row.get("enable"),
    };
    Ok(rows.iter().map(firing).collect())
}

/// The triggers of constraints (foreign keys, deferrable keys) stay enabled; they are known by their constraint, because
/// PostgreSQL 14 and older mark the triggers of partitions as internal as well. A trigger made by `CREATE CONSTRAINT
/// TRIGGER` belongs to a constraint of type `t`.
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
    select t.tgrelid as oid, 'trigger' as kind, t.tgname as name, t.tgenabled as state, false as is_update_rule \
    from pg_catalog.pg_trigger t \
    where t.tgenabled operator(pg_catalog.<>) 'D' \
        and (t.tgtype::pg_catalog.int4 operator(pg_catalog.&) 4) operator(pg_catalog.<>) 0 \
        and not exists (select from pg_catalog.pg_constraint c \
            where c.oid operator(pg_catalog.=) t.tgconstraint and c.contype operator(pg_catalog.<>) 't') \
    union all \
    select r.ev_class, 'rule', r.rulename, r.ev_enabled, r.ev_type operator(pg_catalog.=) '2' \
    from pg_catalog.pg_rewrite r \
    where r.ev_type operator(pg_catalog.=) '2' \
        or (r.ev_type operator(pg_catalog.=) '3' and r.ev_enabled operator(pg_catalog.<>) 'D')) \
select pg_catalog.format('%s.%s', n.nspname, n.relname) as table, \
    pg_catalog.format('The %s %s', f.kind, f.name) as name, n.is_owned, f.is_update_rule, \
    pg_catalog.format('%s disable %s %I', n.alter_table, f.kind, f.name) as disable, \
    pg_catalog.format('%s enable %s %s %I', n.alter_table, \
        case when f.state operator(pg_catalog.=) 'A' then 'always' \
             when f.state operator(pg_catalog.=) 'R' then 'replica' else '' end, f.kind, f.name) as enable \
from named n join firing f on f.oid operator(pg_catalog.=) n.oid \
where n.depth operator(pg_catalog.=) 0 or f.kind operator(pg_catalog.=) 'trigger' \
order by n.depth, f.name";
