//! A dump merged into the live database: what is missing there is inserted, what is there stays.
//!
//! Its tables come over one by one, in the order in which they refer to each other, all in one transaction: whatever
//! happens, either all of the dump has been merged or nothing. No trigger and no rule fires for them; foreign keys are
//! enforced.

use std::collections::BTreeMap;

use serde::Serialize;
use sqlx::{AssertSqlSafe, Executor, PgConnection, Row, query, query_scalar};

use super::load::Loader;
use super::rows::{TableName, identifier};
use super::table_data::TableData;
use super::uncommitted::Uncommitted;
use super::{RestoreError, Source, Teller};
use crate::database::table::{self, KeyColumn};
use crate::database::triggers::{self, DisabledTriggers};

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

/// Merges the tables of a dump into the database that the loader leads to.
///
/// # Errors
/// What the database says, a table that is missing; then nothing was merged.
pub(super) async fn merge(
    source: &Source<'_>,
    loader: &Loader<'_>,
    teller: &Teller,
) -> Result<Uncommitted<BTreeMap<String, Merged>>, RestoreError> {
    let entries = source.entries_with_rows()?;
    let mut begun = Uncommitted::<BTreeMap<_, _>>::begin(loader.into).await?;
    let Uncommitted {
        connection: target,
        outcome: merged,
    } = &mut begun;
    let order = in_order_of_reference(target, entries.keys().collect()).await?;
    let mut disabled = DisabledTriggers::default();
    for (index, table) in order.iter().enumerate() {
        let percent = 40 + (index * 55 / order.len().max(1)) as u8;
        teller.progress(percent, format!("Merging {table}"));
        let data = TableData::open(loader, table, entries[table]).await?;
        let outcome = merge_table(target, table, data, source.rows[table], &mut disabled).await?;
        merged.insert(table.to_string(), outcome);
    }
    disabled.enable(target).await?;
    Ok(begun)
}

async fn merge_table(
    target: &mut PgConnection,
    table: &TableName,
    data: TableData,
    expected: u64,
    disabled: &mut DisabledTriggers,
) -> Result<Merged, RestoreError> {
    let Statements {
        qualified,
        make,
        copy,
        same,
        insert,
        sequences,
    } = Statements::of(target, table, &data).await?;
    target.execute(sqlx::raw_sql(AssertSqlSafe(make))).await?;
    let arrived = data.copy_in(target, &copy).await?;
    if arrived != expected {
        return Err(RestoreError::Rows {
            table: table.to_string(),
            expected,
            found: arrived,
        });
    }
    // Not earlier: other writers to the table wait from now on.
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
    Ok(Merged {
        inserted,
        skipped,
        conflicting: arrived - inserted - skipped,
    })
}

/// The tables, each after those that it refers to.
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
        // Tables that refer to each other in a circle come as they are; deferrable constraints allow it.
        let next = waiting
            .iter()
            .position(|table| is_ready(table, &waiting))
            .unwrap_or(0);
        order.push(waiting.remove(next).clone());
    }
    Ok(order)
}

/// The SQL for one table, its names written by PostgreSQL.
struct Statements {
    /// The table's name.
    qualified: String,
    make: String,
    copy: String,
    /// Counts the rows that are there already, the same.
    same: String,
    insert: String,
    /// Moves the table's sequences behind its last values.
    sequences: Vec<String>,
}

impl Statements {
    /// For these rows of a dump.
    async fn of(
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
            let is_it = |ours: &&String| identifier(ours).is_some_and(|(name, _)| name == *column);
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
        // Every type can be written as text, but not every one compared.
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
        // Without a key nothing but the whole row tells whether it is there.
        let only_new = if key.is_empty() {
            format!(" where not {same}")
        } else {
            String::new()
        };
        Ok(Self {
            make: format!("create temp table decant_merge as select {plain} from {qualified} where false"),
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
