//! The hub's log, the table `message_request`. All SQL of clean-ups is here.

use std::io;
use std::time::Duration;

use api::cleanup::CleanupPreview;
use bytes::Bytes;
use futures_util::stream::BoxStream;
use jiff::Timestamp;
use sqlx::{
    AssertSqlSafe, Connection, Executor, PgConnection, Postgres, Row, Transaction, query, query_scalar,
};
use tokio::sync::mpsc::Receiver;

use super::archive::{BadArchive, Content, Version};
use super::error::CleanupError;
use super::request::Conditions;
use crate::database::lock::LockGuard;
use crate::database::missing_rows::{self, MissingRows, Target};
use crate::database::table;
use crate::dsn::Dsn;
use crate::hub_tables::{HubTableError, HubTables};
use crate::source::set_session_parameters;

/// The template of a condition for PostgreSQL's `format()`, which writes the values as literals: `COPY` takes no parameters.
/// A condition that was not requested is null, and the planner removes it.
const CONDITION: &str = "created_at operator(pg_catalog.<) %1$L::pg_catalog.timestamptz \
     and (%2$L::pg_catalog.timestamptz is null or created_at operator(pg_catalog.>=) %2$L::pg_catalog.timestamptz) \
     and (%3$L::int[] is null or user_id operator(pg_catalog.=) any (%3$L::int[])) \
     and (%4$L::int[] is null or provider_id operator(pg_catalog.=) any (%4$L::int[])) \
     and (%5$L::int[] is null or status_code operator(pg_catalog.=) any (%5$L::int[])) \
     and (%6$L::int is null or (status_code operator(pg_catalog.>=) %6$L::int \
          and status_code operator(pg_catalog.<=) %7$L::int)) \
     and (not %8$L::boolean or blocked_by is not null)";

/// The log, over a connection of its own.
pub(super) struct MessageLog {
    connection: PgConnection,
    /// The table with its schema, quoted for SQL.
    table: String,
    /// The hub's ledger, which keeps the statistics of deleted rows, as SQL. `None`: the hub has none.
    ledger: Option<String>,
    hub_tables: HubTables,
}

/// A SQL condition with its values.
pub(super) struct Condition(String);

/// The result of deleting a batch.
pub(super) struct Batch {
    pub deleted: u64,
    /// The first id of the next batch; `None` after the last one.
    pub next: Option<i64>,
}

impl MessageLog {
    /// Connects, and checks that the table can be cleaned up.
    ///
    /// # Errors
    /// [`CleanupError::NoLog`]: there is no such table. [`CleanupError::HubTable`]: another role may have made the table or
    /// the ledger, or policies hide rows. [`CleanupError::NoKey`]: its primary key is not `id`. [`CleanupError::Database`].
    pub async fn open(dsn: &Dsn, hub_tables: &HubTables) -> Result<Self, CleanupError> {
        let options = dsn.options().clone().application_name("decant clean-up");
        let mut connection = PgConnection::connect_with(&options).await?;
        set_session_parameters(&mut connection, Duration::ZERO).await?;
        let schema = hub_tables.check(&mut connection, &["message_request"]).await?;
        let table = format!("{schema}.message_request");
        let key = table::primary_key(&mut connection, &table).await?;
        if !key.iter().map(|column| column.name.as_str()).eq(["id"]) {
            return Err(CleanupError::NoKey);
        }
        let ledger = match hub_tables.check(&mut connection, &["usage_ledger"]).await {
            Ok(schema) => with_request_ids(&mut connection, format!("{schema}.usage_ledger")).await?,
            Err(HubTableError::Missing(_)) => None,
            Err(error) => return Err(error.into()),
        };
        Ok(Self {
            connection,
            table,
            ledger,
            hub_tables: hub_tables.clone(),
        })
    }

    /// Returns whether the ledger has all of these rows. Requests that the hub has blocked cost nothing, so the ledger does not
    /// need them.
    pub async fn keeps_statistics(&mut self, Condition(condition): &Condition) -> sqlx::Result<bool> {
        let Some(ledger) = &self.ledger else {
            return Ok(false);
        };
        let table = &self.table;
        let sql = format!(
            "select not exists (select from {table} m where {condition} and blocked_by is null \
             and not exists (select from {ledger} l where l.request_id operator(pg_catalog.=) m.id))"
        );
        // SQL: the condition is rendered by `format()` (`condition`).
        query_scalar(AssertSqlSafe(sql))
            .fetch_one(&mut self.connection)
            .await
    }

    pub async fn condition(&mut self, conditions: &Conditions) -> sqlx::Result<Condition> {
        let [users, providers, status_codes] = conditions.lists();
        let (min, max) = conditions.status_code_bounds();
        let condition = query_scalar("select pg_catalog.format($1, $2, $3, $4, $5, $6, $7, $8, $9)")
            .bind(CONDITION)
            .bind(conditions.before_date())
            .bind(conditions.after_date())
            .bind(users)
            .bind(providers)
            .bind(status_codes)
            .bind(min)
            .bind(max)
            .bind(conditions.only_blocked())
            .fetch_one(&mut self.connection)
            .await?;
        Ok(Condition(condition))
    }

    /// Returns the number of matching rows and their times. The times `infinity` and `-infinity` are left out of
    /// those, because they are no points in time.
    pub async fn preview(&mut self, condition: &Condition) -> sqlx::Result<CleanupPreview> {
        let keeps_statistics = self.keeps_statistics(condition).await?;
        let changed_tables = self.changed_tables().await?;
        let (Condition(condition), table) = (condition, &self.table);
        let sql = format!(
            "select rows, oldest, newest, \
             (pg_catalog.pg_total_relation_size(oid) operator(pg_catalog.*) \
              (rows operator(pg_catalog./) greatest(reltuples, rows, 1)))::bigint as bytes \
             from pg_catalog.pg_class, (select pg_catalog.count(*) as rows, \
              (extract(epoch from pg_catalog.min(created_at) filter (where pg_catalog.isfinite(created_at))) \
               operator(pg_catalog.*) 1000000)::bigint as oldest, \
              (extract(epoch from pg_catalog.max(created_at) filter (where pg_catalog.isfinite(created_at))) \
               operator(pg_catalog.*) 1000000)::bigint as newest \
              from {table} where {condition}) matching \
             where oid operator(pg_catalog.=) $1::pg_catalog.regclass"
        );
        // SQL: the condition is rendered by `format()` (`condition`).
        let row = query(AssertSqlSafe(sql))
            .bind(table)
            .fetch_one(&mut self.connection)
            .await?;
        let time = |name| {
            let microseconds: Option<i64> = row.get(name);
            microseconds.and_then(|microseconds| Timestamp::from_microsecond(microseconds).ok())
        };
        Ok(CleanupPreview {
            rows: row.get::<i64, _>("rows").unsigned_abs(),
            oldest: time("oldest"),
            newest: time("newest"),
            estimated_bytes: row.get::<i64, _>("bytes").unsigned_abs(),
            keeps_statistics,
            changed_tables,
        })
    }

    /// Returns the other tables whose rows a clean-up deletes or changes through foreign keys, quoted for SQL.
    pub async fn changed_tables(&mut self) -> sqlx::Result<Vec<String>> {
        self.hub_tables
            .changed_by_deletion(&mut self.connection, &["message_request"])
            .await
    }

    pub async fn count(&mut self, Condition(condition): &Condition) -> sqlx::Result<u64> {
        let sql = format!("select pg_catalog.count(*) from {} where {condition}", self.table);
        // SQL: the condition is rendered by `format()` (`condition`), and PostgreSQL quotes the table's name.
        let rows: i64 = query_scalar(AssertSqlSafe(sql))
            .fetch_one(&mut self.connection)
            .await?;
        Ok(rows.unsigned_abs())
    }

    /// Deletes the next rows in the order of the primary key, without those that another session has locked. It is one
    /// statement, so no row can change between its selection and its deletion.
    ///
    /// # Errors
    /// [`CleanupError::HubTable`]: a trigger or a foreign key would run a function of another role. [`CleanupError::Database`].
    pub async fn delete(
        &mut self,
        Condition(condition): &Condition,
        from: i64,
        rows_max: u32,
    ) -> Result<Batch, CleanupError> {
        let table = &self.table;
        let sql = format!(
            "with batch as materialized (select id from {table} where {condition} and id operator(pg_catalog.>=) $1 \
              order by id limit $2 for update skip locked), \
             gone as (delete from {table} m using batch b where m.id operator(pg_catalog.=) b.id returning 1) \
             select (select pg_catalog.count(*) from gone) as deleted, pg_catalog.count(*) as found, \
             pg_catalog.max(id)::bigint as last from batch"
        );
        let mut transaction = self.begin_deletion().await?;
        // SQL: the condition is rendered by `format()` (`condition`).
        let row = query(AssertSqlSafe(sql))
            .bind(from)
            .bind(i64::from(rows_max))
            .fetch_one(&mut *transaction)
            .await?;
        transaction.commit().await?;
        let is_last = row.get::<i64, _>("found") < i64::from(rows_max);
        let last: Option<i64> = row.get("last");
        Ok(Batch {
            deleted: row.get::<i64, _>("deleted").unsigned_abs(),
            next: last.filter(|_| !is_last).map(|last| last + 1),
        })
    }

    /// Deletes these versions of rows. `xmin` is the transaction that wrote a version, and a transaction leaves one version of
    /// a row: if `id` and `xmin` are the same, the row is unchanged. A row that was changed, even to the same values, stays;
    /// so does a row that another session has locked.
    ///
    /// # Errors
    /// As [`delete`](Self::delete).
    pub async fn delete_versions(&mut self, versions: &[Version]) -> Result<u64, CleanupError> {
        let (ids, writers): (Vec<i64>, Vec<i64>) = versions.iter().map(|one| (one.id, one.xmin)).unzip();
        let table = &self.table;
        let sql = format!(
            "with batch as materialized (select m.id from {table} m \
              join rows from (pg_catalog.unnest($1::bigint[]), pg_catalog.unnest($2::bigint[])) v (id, xmin) \
              on m.id operator(pg_catalog.=) v.id \
              where m.xmin::pg_catalog.text::bigint operator(pg_catalog.=) v.xmin for update of m skip locked), \
             gone as (delete from {table} m using batch b where m.id operator(pg_catalog.=) b.id returning 1) \
             select pg_catalog.count(*) from gone"
        );
        let mut transaction = self.begin_deletion().await?;
        // SQL: PostgreSQL quotes the table's name.
        let deleted: i64 = query_scalar(AssertSqlSafe(sql))
            .bind(ids)
            .bind(writers)
            .fetch_one(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(deleted.unsigned_abs())
    }

    /// Begins the transaction of a batch. The lock keeps others from adding a trigger or a foreign key after
    /// the check.
    async fn begin_deletion(&mut self) -> Result<Transaction<'_, Postgres>, CleanupError> {
        let mut transaction = self.connection.begin().await?;
        let lock = format!("lock table {} in row exclusive mode", self.table);
        // SQL: PostgreSQL quotes the table's name.
        transaction.execute(AssertSqlSafe(lock)).await?;
        self.hub_tables
            .prepare_deletion(&mut transaction, &["message_request"])
            .await?;
        Ok(transaction)
    }

    /// Checks, before anything is done, that rows may be deleted.
    ///
    /// # Errors
    /// [`CleanupError::HubTable`]: a trigger or a foreign key would run a function of another role. [`CleanupError::Database`].
    pub async fn check_deletion(&mut self) -> Result<(), CleanupError> {
        self.begin_deletion().await?.rollback().await?;
        Ok(())
    }

    /// Begins a snapshot for [`rows`](Self::rows), and returns the number of matching rows in it.
    pub async fn begin_snapshot(&mut self, condition: &Condition) -> sqlx::Result<u64> {
        self.connection
            .execute("begin isolation level repeatable read, read only")
            .await?;
        self.count(condition).await
    }

    /// Returns all columns of the rows as CSV, with `xmin` after `id`. Each item is a line; the first one is the header.
    pub async fn rows(
        &mut self,
        Condition(condition): &Condition,
    ) -> sqlx::Result<BoxStream<'_, sqlx::Result<Bytes>>> {
        let table = &self.table;
        let columns = table::columns(&mut self.connection, table).await?;
        let others = columns.iter().filter(|column| *column != "id");
        let others: String = others.map(|column| format!(", {column}")).collect();
        let copy = format!(
            "copy (select id, xmin{others} from {table} where {condition} order by id) \
             to stdout (format csv, header)"
        );
        // SQL: the condition is rendered by `format()`, and PostgreSQL quotes the names of columns.
        self.connection.copy_out_raw(&copy).await
    }

    pub async fn end_snapshot(&mut self) -> sqlx::Result<()> {
        self.connection.execute("commit").await.map(drop)
    }

    /// Frees the space of deleted rows for new ones, without waiting for autovacuum.
    pub async fn vacuum(&mut self) -> sqlx::Result<()> {
        let vacuum = format!("vacuum (analyze) {}", self.table);
        // SQL: PostgreSQL quotes the table's name.
        self.connection.execute(AssertSqlSafe(vacuum)).await.map(drop)
    }

    /// Inserts the rows of an archive in one transaction, and returns how many. A row is left out when its id is taken.
    /// `pieces` are the archive's CSV. Triggers and rules do not fire for the rows.
    ///
    /// # Errors
    /// [`CleanupError::Restore`]: the log takes no such rows. [`CleanupError::Archive`]: the archive was not read to its
    /// end. [`CleanupError::LockLost`], [`CleanupError::Database`].
    pub async fn restore(
        &mut self,
        archive: &Content,
        mut pieces: Receiver<io::Result<Bytes>>,
        lock: &LockGuard,
    ) -> Result<u64, CleanupError> {
        let mut transaction = self.connection.begin().await?;
        let log = Target::open(&mut transaction, &self.table).await?;
        missing_rows::check(&mut transaction, [&log]).await?;
        let names: Vec<_> = archive.columns().map(str::to_owned).collect();
        let columns = log.columns(&mut transaction, &names).await?;
        log.create_incoming(&mut transaction, &columns).await?;
        // A column may not be called `xmin`, so it has another name in the temporary table.
        transaction
            .execute("alter table pg_temp.decant_incoming add column decant_version pg_catalog.text")
            .await?;
        let list = columns.list("");
        let others = list.strip_prefix("id").unwrap_or_default();
        let copy = format!(
            "copy pg_temp.decant_incoming (id, decant_version{others}) from stdin (format csv, header)"
        );
        // SQL: names quoted by PostgreSQL.
        let mut copying = transaction.copy_in_raw(&copy).await?;
        while let Some(piece) = pieces.recv().await {
            copying.send(piece.map_err(BadArchive::from)?).await?;
        }
        let copied = copying.finish().await?;
        if copied != archive.rows {
            return Err(BadArchive::Bytes.into());
        }
        let mut missing = MissingRows::default();
        missing.add(&mut transaction, &log, columns, copied).await?;
        let results = missing.insert(&mut transaction, |_| {}).await?;
        if !lock.is_held().await {
            return Err(CleanupError::LockLost);
        }
        transaction.commit().await?;
        Ok(results.iter().map(|result| result.inserted).sum())
    }

    pub async fn close(self) {
        let _ = self.connection.close().await;
    }
}

/// Returns this ledger, if it names the requests that its rows belong to.
async fn with_request_ids(connection: &mut PgConnection, ledger: String) -> sqlx::Result<Option<String>> {
    let has_them = query_scalar(
        "select exists (select from pg_catalog.pg_attribute \
         where attrelid operator(pg_catalog.=) $1::pg_catalog.regclass \
         and attname operator(pg_catalog.=) 'request_id' and not attisdropped)",
    );
    let has_them: bool = has_them.bind(&ledger).fetch_one(connection).await?;
    Ok(has_them.then_some(ledger))
}
