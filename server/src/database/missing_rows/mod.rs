//! Inserts the rows that tables lack, in one transaction of the caller: those of a dump (a merge), or of an archive.
//!
//! The caller copies the rows of one table after the other into a temporary table. `MissingRows::add` compares them and
//! keeps those that are missing. `MissingRows::insert` inserts them all at the end, so that other sessions wait for the
//! inserts only, and not for the unpacking.
//!
//! A row is missing if no row of the table has its primary key. Rows of a table without a primary key are compared as a
//! whole, and counted. A missing row stays out if another unique constraint of the table has its values already.
//!
//! | module | content |
//! |---|---|
//! | `target` | a table that takes missing rows, and the SQL for it |
//! | `sandbox` | contains the functions of other roles' tables |
//! | `references` | the order of tables by their foreign keys, and circles |
//! | `constraints` | constraints that are lifted until the rows are there |
//! | `triggers` | triggers and rules, disabled meanwhile |
//! | `sequences` | moves sequences past the inserted values |
//! | `error` | why missing rows are not inserted |

mod constraints;
mod error;
mod references;
mod sandbox;
mod sequences;
mod target;
mod triggers;

use std::collections::BTreeSet;

use api::restore::TableResult;
use sqlx::postgres::types::Oid;
use sqlx::{AssertSqlSafe, Executor, PgConnection};

use constraints::LiftedConstraints;
pub use error::MissingRowsError;
use references::References;
use target::Compared;
pub(super) use target::{Columns, Target};
use triggers::DisabledTriggers;

/// While this transaction waits for a table's lock, every other writer waits behind it, so the wait is limited.
const LOCK_TIMEOUT: &str = "set local lock_timeout = '60s'";

/// Without this, PostgreSQL would compare with the rows that policies show, and take all others for missing.
const NO_POLICIES: &str = "set local row_security = off";

/// PostgreSQL writes the definition of an index or a constraint with the schema of everything while the path is empty, and
/// reads it in the same way.
const EMPTY_SEARCH_PATH: &str = "set local search_path = ''";

/// The functions of the site's constraints and defaults may need it.
const USUAL_SEARCH_PATH: &str = "set local search_path to default";

/// Checks that missing rows can be inserted into these tables, so that a refusal comes before hours of loading. Prepares the
/// transaction for [`MissingRows`].
///
/// # Errors
/// [`MissingRowsError::Trigger`], [`MissingRowsError::Circle`], [`MissingRowsError::Database`].
pub(super) async fn check<'a>(
    transaction: &mut PgConnection,
    tables: impl IntoIterator<Item = &'a Target>,
) -> Result<(), MissingRowsError> {
    transaction.execute(NO_POLICIES).await?;
    // A deferred check would run with Decant's rights at the commit. It runs at the end of the statement instead.
    transaction.execute("set constraints all immediate").await?;
    let mut opened = Vec::new();
    for table in tables {
        triggers::check(transaction, &table.sql).await?;
        opened.push(table);
    }
    check_circles(transaction, &opened).await
}

/// Checks that the tables of each circle can be filled by one statement.
async fn check_circles(transaction: &mut PgConnection, tables: &[&Target]) -> Result<(), MissingRowsError> {
    for group in References::find(transaction).await?.groups(&roots(tables)) {
        let tables = tables.iter().filter(|table| group.tables.contains(&table.root));
        let owner = tables.clone().next().and_then(|table| table.owner.as_ref());
        if group.is_circle && tables.clone().any(|table| table.owner.as_ref() != owner) {
            let names: Vec<_> = tables.map(|table| table.name.as_str()).collect();
            return Err(MissingRowsError::Circle(names.join(", ")));
        }
    }
    Ok(())
}

/// Returns the roots of the tables, each once.
fn roots(tables: &[&Target]) -> Vec<Oid> {
    let roots: BTreeSet<_> = tables.iter().map(|table| table.root.0).collect();
    roots.into_iter().map(Oid).collect()
}

/// Missing rows of several tables, in temporary tables.
#[derive(Default)]
pub(super) struct MissingRows {
    batches: Vec<Batch>,
    /// The statements that make policies apply to the owner again.
    force_policies: Vec<String>,
}

/// Missing rows of one table.
struct Batch {
    table: Target,
    columns: Columns,
    /// The temporary table that has the rows; none if no row is missing.
    temporary: Option<String>,
    copied: u64,
    /// Rows that the table has with the same content.
    same: u64,
}

/// A batch with missing rows: its place in the order of [`MissingRows::add`], and its temporary table.
type Filled<'a> = (usize, &'a Batch, &'a str);

impl MissingRows {
    /// Compares the rows in `pg_temp.decant_incoming` with the table, keeps the missing ones, and drops that table. `copied`
    /// is the number of the rows.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn add(
        &mut self,
        transaction: &mut PgConnection,
        table: &Target,
        columns: Columns,
        copied: u64,
    ) -> sqlx::Result<()> {
        self.lift_policies(transaction, table).await?;
        let Compared { missing, same, from } = table.compare(transaction, &columns, copied).await?;
        let temporary = (missing > 0).then(|| format!("pg_temp.decant_missing_{}", self.batches.len()));
        if let Some(temporary) = &temporary {
            // SQL: the names of Decant's own tables.
            let create = AssertSqlSafe(format!(
                "create temp table {temporary} on commit drop as table pg_temp.decant_incoming with no data"
            ));
            transaction.execute(create).await?;
            table.grant(transaction, temporary).await?;
            let keep = format!(
                "insert into {temporary} {} select {} from {from}",
                columns.in_parentheses(),
                columns.list("n.")
            );
            table.execute(transaction, &keep).await?;
        }
        table.drop_incoming(transaction).await?;
        self.batches.push(Batch {
            table: table.clone(),
            columns,
            temporary,
            copied,
            same,
        });
        Ok(())
    }

    /// Inserts the missing rows, and returns the counts in the order of [`add`](Self::add). Triggers and rules do not fire.
    /// `on_table` gets the name of each table before its rows are inserted.
    ///
    /// # Errors
    /// [`MissingRowsError::Database`]: a row violates a constraint, or a lock was not free within a minute.
    pub async fn insert(
        self,
        transaction: &mut PgConnection,
        mut on_table: impl FnMut(&str),
    ) -> Result<Vec<TableResult>, MissingRowsError> {
        let mut results: Vec<_> = self.batches.iter().map(Batch::nothing_inserted).collect();
        let mut filled: Vec<Filled<'_>> = Vec::new();
        for (index, batch) in self.batches.iter().enumerate() {
            filled.extend(batch.temporary.as_deref().map(|rows| (index, batch, rows)));
        }
        let tables: Vec<_> = filled.iter().map(|(_, batch, _)| &batch.table).collect();
        let groups = References::find(transaction).await?.groups(&roots(&tables));

        transaction.execute(LOCK_TIMEOUT).await?;
        let mut disabled = DisabledTriggers::default();
        for table in &tables {
            table.lock(transaction).await?;
            disabled.add(transaction, &table.sql).await?;
        }
        transaction.execute(EMPTY_SEARCH_PATH).await?;
        let lifted = LiftedConstraints::lift(transaction, &tables).await?;
        transaction.execute("set local lock_timeout to default").await?;
        for (_, Batch { table, columns, .. }, rows) in &filled {
            if table.refuses_on_conflict {
                table.remove_refused(transaction, columns, rows).await?;
            }
        }
        transaction.execute(USUAL_SEARCH_PATH).await?;

        for group in &groups {
            let batches = filled
                .iter()
                .filter(|(_, batch, _)| group.tables.contains(&batch.table.root));
            let batches: Vec<_> = batches.collect();
            for together in batches.chunks(if group.is_circle { batches.len().max(1) } else { 1 }) {
                for (_, Batch { table, .. }, _) in together {
                    on_table(&table.name);
                    // Functions of a table that was filled before may have made a trigger, or replaced a table.
                    table.check_is_there(transaction).await?;
                    disabled.add(transaction, &table.sql).await?;
                }
                let inserted = insert(transaction, together).await?;
                for ((index, batch, _), inserted) in together.iter().zip(inserted) {
                    let result = &mut results[*index];
                    result.inserted = inserted.min(batch.copied);
                    result.conflicting = result.conflicting.saturating_sub(inserted);
                }
            }
        }
        transaction.execute(EMPTY_SEARCH_PATH).await?;
        lifted.restore(transaction).await?;
        for force in self.force_policies {
            // SQL: the name is quoted by PostgreSQL.
            transaction.execute(AssertSqlSafe(force)).await?;
        }
        transaction.execute(USUAL_SEARCH_PATH).await?;
        disabled.enable(transaction).await?;
        // The last step, because a rollback does not undo it.
        for (_, Batch { table, columns, .. }, rows) in &filled {
            sequences::advance(transaction, table, columns, rows).await?;
        }
        Ok(results)
    }

    /// Lets the owner see the rows of a table whose policies apply to the owner as well. Readers wait for it until the
    /// transaction ends.
    async fn lift_policies(&mut self, transaction: &mut PgConnection, table: &Target) -> sqlx::Result<()> {
        if table.owner.is_none() || !table.forces_policies {
            return Ok(());
        }
        let alter = |word| format!("alter table {} {word} row level security", table.sql);
        transaction.execute(LOCK_TIMEOUT).await?;
        // SQL: the name is quoted by PostgreSQL.
        transaction.execute(AssertSqlSafe(alter("no force"))).await?;
        transaction.execute("set local lock_timeout to default").await?;
        self.force_policies.push(alter("force"));
        Ok(())
    }
}

/// Inserts rows by one statement, so that PostgreSQL checks foreign keys in a circle when all are there. Returns the number of
/// inserted rows of each batch.
async fn insert(transaction: &mut PgConnection, batches: &[&Filled<'_>]) -> sqlx::Result<Vec<u64>> {
    let [(_, Batch { table, .. }, _), ..] = batches else {
        return Ok(Vec::new());
    };
    let statements = batches
        .iter()
        .map(|(_, batch, rows)| batch.insert_statement(rows));
    let statements: Vec<_> = statements.collect();
    if let [statement] = statements.as_slice() {
        return Ok(vec![table.execute(transaction, statement).await?]);
    }
    let (mut inserts, mut counts) = (Vec::new(), Vec::new());
    for (index, statement) in statements.iter().enumerate() {
        inserts.push(format!("i{index} as ({statement} returning 1)"));
        counts.push(format!("(select pg_catalog.count(*) from i{index})"));
    }
    let statement = format!("with {} select array[{}]", inserts.join(", "), counts.join(", "));
    table.counts(transaction, &statement).await
}

impl Batch {
    /// Returns the counts before anything is inserted.
    fn nothing_inserted(&self) -> TableResult {
        TableResult {
            inserted: 0,
            skipped: self.same,
            conflicting: self.copied.saturating_sub(self.same),
        }
    }

    /// Returns the statement that inserts the rows of the temporary table.
    fn insert_statement(&self, rows: &str) -> String {
        let Self { table, columns, .. } = self;
        format!(
            "insert into {} {} overriding system value select {} from {rows} m {}",
            table.sql,
            columns.in_parentheses(),
            columns.values("m."),
            match table.refuses_on_conflict {
                true => "",
                false => "on conflict do nothing",
            }
        )
    }
}
