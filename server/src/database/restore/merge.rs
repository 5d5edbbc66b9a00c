//! Merges a dump into the live database: missing rows are inserted, existing rows stay.
//!
//! The rows of all tables are unpacked first, into temporary tables. Then the missing ones are inserted, in the same
//! transaction: after a failure nothing is merged.

use std::collections::BTreeMap;

use api::restore::TableResult;
use sqlx::{PgConnection, query_scalar};

use super::checked_dump::CheckedDump;
use super::error::RestoreError;
use super::events::ProgressReporter;
use super::load::Loader;
use super::pending_transaction::PendingTransaction;
use super::row_counts::{TableName, TableRows};
use super::table_data::TableData;
use crate::database::missing_rows::{self, MissingRows, Target};

/// Merges the tables of the dump into the loader's target. Returns the transaction, still open, with the counts by table.
///
/// # Errors
/// [`RestoreError::Merge`]: a table cannot take the rows. [`RestoreError::Inserts`], [`RestoreError::Rows`],
/// [`RestoreError::Damaged`], [`RestoreError::Database`].
pub(super) async fn merge(
    dump: &CheckedDump<'_>,
    loader: &Loader<'_>,
    reporter: &ProgressReporter,
) -> Result<PendingTransaction<BTreeMap<String, TableResult>>, RestoreError> {
    let entries = dump.entries_with_rows()?;
    let mut transaction = PendingTransaction::<BTreeMap<_, _>>::begin(loader.target).await?;
    let PendingTransaction {
        connection,
        result: merged,
        ..
    } = &mut transaction;
    let mut tables = BTreeMap::new();
    for table in dump.rows.keys() {
        tables.insert(table, open(connection, table).await?);
        merged.insert(table.to_string(), TableResult::default());
    }
    missing_rows::check(connection, tables.values()).await?;

    let (mut missing, mut names) = (MissingRows::default(), Vec::new());
    let mut copied = TableRows::new();
    for (index, (entry_name, &entry)) in entries.iter().enumerate() {
        if dump.rows.get(entry_name) == Some(&0) {
            continue;
        }
        reporter.progress(
            percent(40, index, entries.len()),
            format!("Unpacking {entry_name}"),
        );
        let data = TableData::open(loader, entry_name, entry).await?;
        let name = data.table().clone();
        // All names of the dump's COPY commands are there, because its rows were counted.
        let Some(table) = tables.get(&name) else {
            return Err(RestoreError::Inserts(name.to_string()));
        };
        let columns = table.columns(connection, data.columns()).await?;
        table.create_incoming(connection, &columns).await?;
        let copy = format!(
            "copy pg_temp.decant_incoming {} from stdin with (encoding '{}')",
            columns.in_parentheses(),
            data.encoding()
        );
        let rows = data.copy_in(connection, &copy).await?;
        missing.add(connection, table, columns, rows).await?;
        *copied.entry(name.clone()).or_default() += rows;
        names.push(name);
    }
    for (table, &expected) in &dump.rows {
        let found = copied.get(table).copied().unwrap_or(0);
        if found != expected {
            return Err(RestoreError::Rows {
                table: table.to_string(),
                expected,
                found,
            });
        }
    }

    let mut inserted = 0;
    let results = missing.insert(connection, |table| {
        reporter.progress(
            percent(70, inserted, names.len()),
            format!("Inserting the missing rows of {table}"),
        );
        inserted += 1;
    });
    for (table, result) in names.iter().zip(results.await?) {
        let total = merged.entry(table.to_string()).or_default();
        total.inserted += result.inserted;
        total.skipped += result.skipped;
        total.conflicting += result.conflicting;
    }
    Ok(transaction)
}

async fn open(transaction: &mut PgConnection, table: &TableName) -> Result<Target, RestoreError> {
    let qualified: String = query_scalar("select pg_catalog.format('%I.%I', $1, $2)")
        .bind(&table.schema)
        .bind(&table.name)
        .fetch_one(&mut *transaction)
        .await?;
    Ok(Target::open(transaction, &qualified).await?)
}

/// Returns the progress from this percentage on; both parts of a merge take a quarter of the bar.
fn percent(from: u8, done: usize, all: usize) -> u8 {
    from + (done * 25 / all.max(1)).min(25) as u8
}
