//! Constraints that would refuse rows of the dump, lifted until the rows are there.
//!
//! A constraint that is `NOT VALID` may have rows that violate it, and PostgreSQL checks it for each new row. It is dropped
//! and made again as it was, with its comment.

use sqlx::postgres::types::Oid;
use sqlx::{AssertSqlSafe, Executor, PgConnection, query_as};

use super::target::Target;

/// Lifted constraints, to be restored before the transaction commits. A rollback restores them, too.
pub(super) struct LiftedConstraints {
    /// The statements that give each its former state.
    restore: Vec<String>,
}

/// The constraints of the tables `$1` that are `NOT VALID`. One that is inherited is that of the parent. Constraints of
/// tables that Decant's role does not own stay, because only an owner may drop them.
const NOT_VALID: &str = "\
with recursive lineage as ( \
    select t.oid as start, t.oid as oid from pg_catalog.pg_class t where t.oid operator(pg_catalog.=) any ($1) \
    union \
    select l.start, i.inhparent from lineage l join pg_catalog.pg_inherits i on i.inhrelid operator(pg_catalog.=) l.oid) \
select distinct \
    pg_catalog.format('alter table %I.%I drop constraint %I', n.nspname, t.relname, c.conname), \
    pg_catalog.format('alter table %I.%I add constraint %I %s', n.nspname, t.relname, c.conname, \
        pg_catalog.pg_get_constraintdef(c.oid)), \
    case when d.description is not null then pg_catalog.format('comment on constraint %I on %I.%I is %L', \
        c.conname, n.nspname, t.relname, d.description) end \
from lineage l join pg_catalog.pg_constraint c on c.conrelid operator(pg_catalog.=) l.oid \
join pg_catalog.pg_class t on t.oid operator(pg_catalog.=) c.conrelid \
join pg_catalog.pg_namespace n on n.oid operator(pg_catalog.=) t.relnamespace \
left join pg_catalog.pg_description d on d.objoid operator(pg_catalog.=) c.oid \
    and d.classoid operator(pg_catalog.=) 'pg_catalog.pg_constraint'::pg_catalog.regclass \
where not c.convalidated and c.coninhcount operator(pg_catalog.=) 0 \
    and (l.start operator(pg_catalog.=) l.oid or exists (select from pg_catalog.pg_constraint own \
        where own.conrelid operator(pg_catalog.=) l.start and own.conname operator(pg_catalog.=) c.conname \
        and own.coninhcount operator(pg_catalog.>) 0)) \
    and pg_catalog.pg_has_role(t.relowner, 'usage')";

impl LiftedConstraints {
    /// Lifts the constraints for new rows in these tables. The search path is empty.
    ///
    /// # Errors
    /// What the database answers, also if a lock was not free in time.
    pub async fn lift(transaction: &mut PgConnection, tables: &[&Target]) -> sqlx::Result<Self> {
        let (mut lift, mut restore) = (Vec::new(), Vec::new());
        let oids: Vec<Oid> = tables.iter().map(|table| table.oid).collect();
        let not_valid: Vec<(String, String, Option<String>)> = query_as(NOT_VALID)
            .bind(oids)
            .fetch_all(&mut *transaction)
            .await?;
        for (drop, add, comment) in not_valid {
            lift.push(drop);
            restore.push(add);
            restore.extend(comment);
        }
        run(transaction, lift).await?;
        Ok(Self { restore })
    }

    /// Restores the constraints. The search path is empty.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn restore(self, transaction: &mut PgConnection) -> sqlx::Result<()> {
        run(transaction, self.restore).await
    }
}

async fn run(transaction: &mut PgConnection, statements: Vec<String>) -> sqlx::Result<()> {
    for statement in statements {
        // SQL: the catalogue's own definitions; names and the comment are quoted by PostgreSQL.
        transaction.execute(AssertSqlSafe(statement)).await?;
    }
    Ok(())
}
