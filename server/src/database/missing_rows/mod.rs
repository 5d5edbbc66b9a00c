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
//! | `references` | the order of tables by their foreign keys, and circles |
//! | `constraints` | constraints that are lifted until the rows are there |
//! | `triggers` | triggers and rules, disabled meanwhile |
//! | `sequences` | moves sequences past the inserted values |
//! | `error` | why missing rows are not inserted |

mod constraints;
mod error;
mod references;
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
    let mut roots = BTreeSet::new();
    for table in tables {
        triggers::check(transaction, &table.sql).await?;
        roots.insert(table.root.0);
    }
    let roots: Vec<_> = roots.into_iter().map(Oid).collect();
    let references = References::find(transaction).await?;
    references.circular(&roots).map(drop)
}

/// Missing rows of several tables, in temporary tables.
#[derive(Default)]
pub(super) struct MissingRows {
    batches: Vec<Batch>,
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
        let Compared {
            missing,
            same,
            select,
        } = table.compare(transaction, &columns, copied).await?;
        let temporary = (missing > 0).then(|| format!("pg_temp.decant_missing_{}", self.batches.len()));
        if let Some(temporary) = &temporary {
            // SQL: names and operators quoted by PostgreSQL, and the name of Decant's own table.
            let create = AssertSqlSafe(format!(
                "create temp table {temporary} on commit drop as {select}"
            ));
            transaction.execute(create).await?;
            table.grant(transaction, temporary).await?;
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
        let mut filled: Vec<(usize, &Batch, &str)> = Vec::new();
        for (index, batch) in self.batches.iter().enumerate() {
            filled.extend(batch.temporary.as_deref().map(|rows| (index, batch, rows)));
        }
        let references = References::find(transaction).await?;
        let roots: BTreeSet<_> = filled.iter().map(|(_, batch, _)| batch.table.root.0).collect();
        let roots: Vec<_> = roots.into_iter().map(Oid).collect();
        let order = references.sort(&roots);
        filled.sort_by_key(|(_, batch, _)| order.iter().position(|root| *root == batch.table.root));
        let tables: Vec<_> = filled.iter().map(|(_, batch, _)| &batch.table).collect();

        transaction.execute(LOCK_TIMEOUT).await?;
        let mut disabled = DisabledTriggers::default();
        for table in &tables {
            table.lock(transaction).await?;
            disabled.add(transaction, &table.sql).await?;
        }
        transaction.execute(EMPTY_SEARCH_PATH).await?;
        let circular = references.circular(&roots)?;
        let lifted = LiftedConstraints::lift(transaction, &tables, &circular).await?;
        transaction.execute("set local lock_timeout to default").await?;
        for (_, Batch { table, .. }, rows) in filled
            .iter()
            .filter(|(_, batch, _)| batch.table.refuses_on_conflict)
        {
            table.act_as_owner(transaction).await?;
            table.remove_refused(transaction, rows).await?;
            table.act_as_self(transaction).await?;
        }
        transaction.execute(USUAL_SEARCH_PATH).await?;

        for (index, batch, rows) in &filled {
            let table = &batch.table;
            on_table(&table.name);
            table.act_as_owner(transaction).await?;
            // SQL: names quoted by PostgreSQL.
            let insert = AssertSqlSafe(batch.insert_statement(rows));
            let inserted = transaction.execute(insert).await?.rows_affected();
            table.act_as_self(transaction).await?;
            let result = &mut results[*index];
            result.inserted = inserted;
            result.conflicting -= inserted;
        }
        // PostgreSQL alters no table that deferred checks are still waiting for.
        transaction.execute("set constraints all immediate").await?;
        transaction.execute(EMPTY_SEARCH_PATH).await?;
        lifted.restore(transaction).await?;
        transaction.execute(USUAL_SEARCH_PATH).await?;
        disabled.enable(transaction).await?;
        // The last step, because a rollback does not undo it.
        for (_, Batch { table, columns, .. }, rows) in &filled {
            sequences::advance(transaction, table, columns, rows).await?;
        }
        Ok(results)
    }
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
            columns.list("m."),
            match table.refuses_on_conflict {
                true => "",
                false => "on conflict do nothing",
            }
        )
    }
}
