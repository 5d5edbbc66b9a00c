//! A dump merged into the live database: what is missing there is inserted, what is there stays.
//!
//! The dump lies in a database aside by now. Its tables come over one by one, in the order in which they refer to each
//! other, all in one transaction: whatever happens, either all of the dump has been merged or nothing.

use std::collections::BTreeMap;

use futures_util::TryStreamExt;
use serde::Serialize;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, Row, query, query_scalar};

use super::rows::{TableName, TableRows};
use super::{RestoreError, Teller};
use crate::database::table;
use crate::dsn::Dsn;

/// What became of a table's rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Merged {
    /// Rows that were missing, and are there now.
    pub inserted: u64,
    /// Rows that were there already, the same.
    pub skipped: u64,
    /// Rows that stand against others, with the same key but not the same content; those that were there stay.
    pub conflicting: u64,
}

/// Merges these tables of the database aside into the live one.
///
/// # Errors
/// What the database says, a table that is missing; then nothing was merged.
pub(super) async fn merge(
    aside: &Dsn,
    live: &Dsn,
    tables: &TableRows,
    teller: &Teller,
) -> Result<BTreeMap<String, Merged>, RestoreError> {
    let mut source = PgConnection::connect_with(aside.options()).await?;
    let mut target = PgConnection::connect_with(live.options()).await?;
    let order = in_order_of_reference(&mut target, tables).await?;
    let mut transaction = target.begin().await?;
    let mut merged = BTreeMap::new();
    for (index, table) in order.iter().enumerate() {
        let percent = 88 + (index * 10 / order.len().max(1)) as u8;
        teller.progress(percent, format!("Merging {table}"));
        let outcome = merge_table(&mut source, &mut transaction, table).await?;
        merged.insert(table.to_string(), outcome);
    }
    transaction.commit().await?;
    let _ = (source.close().await, target.close().await);
    Ok(merged)
}

/// The tables, each after those that it refers to.
async fn in_order_of_reference(
    live: &mut PgConnection,
    tables: &TableRows,
) -> Result<Vec<TableName>, RestoreError> {
    let mut waiting: Vec<&TableName> = Vec::new();
    for table in tables.keys() {
        let exists: bool = query_scalar("select to_regclass(format('%I.%I', $1, $2)) is not null")
            .bind(&table.schema)
            .bind(&table.name)
            .fetch_one(&mut *live)
            .await?;
        if !exists {
            return Err(RestoreError::NoTable(table.to_string()));
        }
        waiting.push(table);
    }
    let references: Vec<(TableName, TableName)> = query(
        "select sn.nspname::text, s.relname::text, tn.nspname::text, t.relname::text from pg_constraint c \
         join pg_class s on s.oid = c.conrelid join pg_namespace sn on sn.oid = s.relnamespace \
         join pg_class t on t.oid = c.confrelid join pg_namespace tn on tn.oid = t.relnamespace \
         where c.contype = 'f' and c.conrelid <> c.confrelid",
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
        // Tables that refer to each other in a circle come as they are; deferrable constraints allow it.
        let next = waiting
            .iter()
            .position(|table| is_ready(table, &waiting))
            .unwrap_or(0);
        order.push(waiting.remove(next).clone());
    }
    Ok(order)
}

async fn merge_table(
    source: &mut PgConnection,
    target: &mut PgConnection,
    table: &TableName,
) -> Result<Merged, RestoreError> {
    let Statements {
        make,
        copy_out,
        copy_in,
        same,
        insert,
        sequences,
    } = Statements::of(source, target, table).await?;
    target.execute(sqlx::raw_sql(AssertSqlSafe(make))).await?;
    let mut rows = source.copy_out_raw(&copy_out).await?;
    let mut arriving = target.copy_in_raw(&copy_in).await?;
    while let Some(piece) = rows.try_next().await? {
        arriving.send(piece).await?;
    }
    drop(rows);
    let arrived = arriving.finish().await?;
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
    Ok(Merged {
        inserted,
        skipped,
        conflicting: arrived - inserted - skipped,
    })
}

/// The SQL for one table, its names written by PostgreSQL.
struct Statements {
    make: String,
    copy_out: String,
    copy_in: String,
    /// Counts the rows that are there already, the same.
    same: String,
    insert: String,
    /// Moves the table's sequences behind its last values.
    sequences: Vec<String>,
}

impl Statements {
    async fn of(
        source: &mut PgConnection,
        target: &mut PgConnection,
        table: &TableName,
    ) -> Result<Self, RestoreError> {
        let qualified: String = query_scalar("select format('%I.%I', $1, $2)")
            .bind(&table.schema)
            .bind(&table.name)
            .fetch_one(&mut *target)
            .await?;
        let theirs = table::columns(source, &qualified).await?;
        let ours = table::columns(target, &qualified).await?;
        if let Some(missing) = theirs.iter().find(|column| !ours.contains(column)) {
            return Err(RestoreError::NoColumn {
                table: table.to_string(),
                column: missing.clone(),
            });
        }
        let list = |prefix: &str| {
            let columns = theirs.iter().map(|column| format!("{prefix}{column}"));
            columns.collect::<Vec<_>>().join(", ")
        };
        let (plain, of_new, of_old) = (list(""), list("n."), list("t."));
        // Every type can be written as text, but not every one compared.
        let is_same = format!("row({of_old})::text = row({of_new})::text");
        let key = table::primary_key(target, &qualified).await?;
        let matches = match key.as_slice() {
            [] => is_same.clone(),
            key => {
                let equal = key.iter().map(|column| format!("t.{column} = n.{column}"));
                let equal = equal.collect::<Vec<_>>().join(" and ");
                format!("{equal} and {is_same}")
            }
        };
        let same = format!("exists (select from only {qualified} t where {matches})");
        // Without a key nothing but the whole row tells whether it is there.
        let only_new = if key.is_empty() {
            format!(" where not {same}")
        } else {
            String::new()
        };
        Ok(Self {
            make: format!("create temp table decant_merge as select {plain} from {qualified} where false"),
            copy_out: format!("copy (select {plain} from {qualified}) to stdout"),
            copy_in: format!("copy pg_temp.decant_merge ({plain}) from stdin"),
            same: format!("select count(*) from pg_temp.decant_merge n where {same}"),
            insert: format!(
                "insert into {qualified} ({plain}) overriding system value \
                 select {of_new} from pg_temp.decant_merge n{only_new} on conflict do nothing"
            ),
            sequences: table::sequences(target, &qualified).await?,
        })
    }
}
