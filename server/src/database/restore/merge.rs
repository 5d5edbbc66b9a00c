//! Merges a dump into the live database: missing rows are inserted, existing rows stay.
//!
//! The tables are merged in the order of their foreign keys, in one transaction: after a failure nothing is merged.
//! Triggers and rules do not fire for the rows; foreign keys are enforced.

use std::collections::BTreeMap;

use api::restore::TableResult;
use sqlx::{AssertSqlSafe, Executor, PgConnection, Row, query, query_scalar};

use super::checked_dump::CheckedDump;
use super::error::RestoreError;
use super::events::ProgressReporter;
use super::load::Loader;
use super::pending_transaction::PendingTransaction;
use super::row_counts::{TableName, parse_identifier};
use super::table_data::TableData;
use crate::database::table::{self, KeyColumn};
use crate::database::triggers::{self, DisabledTriggers};

/// Merges the tables of the dump into the loader's target. Returns the transaction, still open, with the counts by table.
///
/// # Errors
/// [`RestoreError::NoTable`], [`RestoreError::NoColumn`]: the database lacks a table or a column of the dump.
/// [`RestoreError::Triggers`]: the role may not disable a trigger. [`RestoreError::Inserts`], [`RestoreError::Rows`],
/// [`RestoreError::Damaged`], [`RestoreError::Database`].
pub(super) async fn merge(
    dump: &CheckedDump<'_>,
    loader: &Loader<'_>,
    reporter: &ProgressReporter,
) -> Result<PendingTransaction<BTreeMap<String, TableResult>>, RestoreError> {
    let entries = dump.entries_with_rows()?;
    let mut transaction = PendingTransaction::<BTreeMap<_, _>>::begin(loader.target).await?;
    let PendingTransaction {
        connection: target,
        result: merged,
    } = &mut transaction;
    let order = in_order_of_reference(target, entries.keys().collect()).await?;
    let mut disabled = DisabledTriggers::default();
    for (index, table) in order.iter().enumerate() {
        let percent = 40 + (index * 55 / order.len().max(1)) as u8;
        reporter.progress(percent, format!("Merging {table}"));
        let data = TableData::open(loader, table, entries[table]).await?;
        let outcome = merge_table(target, table, data, dump.rows[table], &mut disabled).await?;
        merged.insert(table.to_string(), outcome);
    }
    disabled.enable(target).await?;
    Ok(transaction)
}

async fn merge_table(
    target: &mut PgConnection,
    table: &TableName,
    data: TableData,
    expected: u64,
    disabled: &mut DisabledTriggers,
) -> Result<TableResult, RestoreError> {
    let MergeStatements {
        qualified,
        create,
        copy,
        same,
        insert,
        sequences,
    } = MergeStatements::new(target, table, &data).await?;
    target.execute(sqlx::raw_sql(AssertSqlSafe(create))).await?;
    let copied = data.copy_in(target, &copy).await?;
    if copied != expected {
        return Err(RestoreError::Rows {
            table: table.to_string(),
            expected,
            found: copied,
        });
    }
    // Not before the rows have been copied: other writers to the table wait from here on.
    disabled.add(target, &qualified).await?;
    let skipped: i64 = query_scalar(AssertSqlSafe(same)).fetch_one(&mut *target).await?;
    let skipped = skipped.unsigned_abs();
    let inserted = query(AssertSqlSafe(insert))
        .execute(&mut *target)
        .await?
        .rows_affected();
    target.execute("drop table pg_temp.decant_merge").await?;
    for sequence in sequences {
        target.execute(sqlx::raw_sql(AssertSqlSafe(sequence))).await?;
    }
    Ok(TableResult {
        inserted,
        skipped,
        conflicting: copied - inserted - skipped,
    })
}

/// Returns the tables so that each comes after those that it refers to. Checks that each exists and can be merged.
async fn in_order_of_reference(
    live: &mut PgConnection,
    tables: Vec<&TableName>,
) -> Result<Vec<TableName>, RestoreError> {
    for table in &tables {
        let found: Option<String> = query_scalar(
            "select pg_catalog.to_regclass(pg_catalog.format('%I.%I', $1, $2))::pg_catalog.text",
        )
        .bind(&table.schema)
        .bind(&table.name)
        .fetch_one(&mut *live)
        .await?;
        match found {
            Some(found) => triggers::check(live, &found).await?,
            None => return Err(RestoreError::NoTable(table.to_string())),
        }
    }
    let mut waiting = tables;
    let references: Vec<(TableName, TableName)> = query(
        "select sn.nspname::pg_catalog.text, s.relname::pg_catalog.text, tn.nspname::pg_catalog.text, \
                t.relname::pg_catalog.text from pg_catalog.pg_constraint c \
         join pg_catalog.pg_class s on s.oid operator(pg_catalog.=) c.conrelid \
         join pg_catalog.pg_namespace sn on sn.oid operator(pg_catalog.=) s.relnamespace \
         join pg_catalog.pg_class t on t.oid operator(pg_catalog.=) c.confrelid \
         join pg_catalog.pg_namespace tn on tn.oid operator(pg_catalog.=) t.relnamespace \
         where c.contype operator(pg_catalog.=) 'f' and c.conrelid operator(pg_catalog.<>) c.confrelid",
    )
    .fetch_all(live)
    .await?
    .iter()
    .map(|row| {
        let name = |at: usize| TableName {
            schema: row.get(at),
            name: row.get(at + 1),
        };
        (name(0), name(2))
    })
    .collect();
    let mut order: Vec<TableName> = Vec::new();
    while !waiting.is_empty() {
        let is_ready = |table: &TableName, waiting: &[&TableName]| {
            !references
                .iter()
                .any(|(from, to)| from == table && waiting.contains(&to))
        };
        // Of tables that refer to each other in a circle, the first is taken: deferrable constraints allow any order.
        let next = waiting
            .iter()
            .position(|table| is_ready(table, &waiting))
            .unwrap_or(0);
        order.push(waiting.remove(next).clone());
    }
    Ok(order)
}

/// The SQL for one table. PostgreSQL quotes the names.
struct MergeStatements {
    /// The table with its schema, as SQL writes it.
    qualified: String,
    /// Creates the temporary table for the rows of the dump.
    create: String,
    copy: String,
    /// Counts the rows that the table already has with the same content.
    same: String,
    insert: String,
    /// Move the table's sequences behind its greatest values.
    sequences: Vec<String>,
}

impl MergeStatements {
    async fn new(
        target: &mut PgConnection,
        table: &TableName,
        data: &TableData,
    ) -> Result<Self, RestoreError> {
        let qualified: String = query_scalar("select pg_catalog.format('%I.%I', $1, $2)")
            .bind(&table.schema)
            .bind(&table.name)
            .fetch_one(&mut *target)
            .await?;
        let ours = table::columns(target, &qualified).await?;
        let quoted = |column: &String| {
            let is_it = |ours: &&String| parse_identifier(ours).is_some_and(|(name, _)| name == *column);
            ours.iter().find(is_it).ok_or_else(|| RestoreError::NoColumn {
                table: table.to_string(),
                column: column.clone(),
            })
        };
        let theirs = data.columns().iter().map(quoted).collect::<Result<Vec<_>, _>>()?;
        let list = |prefix: &str| {
            let columns = theirs.iter().map(|column| format!("{prefix}{column}"));
            columns.collect::<Vec<_>>().join(", ")
        };
        let (plain, of_new, of_old) = (list(""), list("n."), list("t."));
        // Rows are compared as text, because some types (json, point) have no operator for equality.
        let is_same =
            format!("row({of_old})::pg_catalog.text operator(pg_catalog.=) row({of_new})::pg_catalog.text");
        let key = table::primary_key(target, &qualified).await?;
        let matches = match key.as_slice() {
            [] => is_same.clone(),
            key => {
                let equal = key
                    .iter()
                    .map(|KeyColumn { name, equals }| format!("t.{name} {equals} n.{name}"));
                let equal = equal.collect::<Vec<_>>().join(" and ");
                format!("{equal} and {is_same}")
            }
        };
        let same = format!("exists (select from only {qualified} t where {matches})");
        // Without a primary key there is no conflict, so rows that are already there must be left out here.
        let only_new = if key.is_empty() {
            format!(" where not {same}")
        } else {
            String::new()
        };
        Ok(Self {
            create: format!("create temp table decant_merge as select {plain} from {qualified} where false"),
            copy: format!(
                "copy pg_temp.decant_merge ({plain}) from stdin with (encoding '{}')",
                data.encoding()
            ),
            same: format!("select pg_catalog.count(*) from pg_temp.decant_merge n where {same}"),
            insert: format!(
                "insert into {qualified} ({plain}) overriding system value \
                 select {of_new} from pg_temp.decant_merge n{only_new} on conflict do nothing"
            ),
            sequences: table::sequences(target, &qualified).await?,
            qualified,
        })
    }
}
