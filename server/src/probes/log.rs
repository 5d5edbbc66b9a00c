//! Reads the hub's log of probes.

use std::sync::Arc;
use std::time::Instant;

use api::probes::Probe;
use jiff::Timestamp;
use sqlx::postgres::PgRow;
use sqlx::{AssertSqlSafe, PgConnection, Row, query, query_as, query_scalar};
use wasm_export::session_request::mask_url;

use super::ProbeError;
use super::position::Position;
use super::request::{ProbeFilter, SearchableProbe};
use crate::hub_tables::HubTables;

/// The hub's tables of probes.
pub const TABLES: [&str; 3] = [
    "provider_endpoint_probe_logs",
    "provider_endpoints",
    "provider_vendors",
];

/// The most rows that the feed reads at once. Together with [`Position`] this bounds the memory of the feed.
const ROWS_MAX: i64 = 1000;

/// The columns of a probe, of the tables of [`Log::rows`]. A time that RFC 3339 cannot write is none. Long texts are cut, because
/// each stream keeps its newest rows until its client has read them.
const COLUMNS: &str = "l.id::bigint as id, \
     case when l.created_at operator(pg_catalog.>=) '0001-01-01 00:00:00+00'::pg_catalog.timestamptz \
          and l.created_at operator(pg_catalog.<) '10000-01-01 00:00:00+00'::pg_catalog.timestamptz \
          then (extract(epoch from l.created_at) operator(pg_catalog.*) 1000000)::bigint end as created_at, \
     l.endpoint_id::bigint as endpoint_id, \
     pg_catalog.left(coalesce(case when pg_catalog.btrim(e.label) operator(pg_catalog.<>) '' then pg_catalog.btrim(e.label) end, \
              e.url)::pg_catalog.text, 200) as endpoint, \
     pg_catalog.left(coalesce(case when pg_catalog.btrim(v.display_name) operator(pg_catalog.<>) '' \
              then pg_catalog.btrim(v.display_name) end, v.website_domain)::pg_catalog.text, 200) as vendor, \
     l.source::pg_catalog.text as source, coalesce(l.ok, false) as ok, l.status_code::integer as status_code, \
     l.latency_ms::bigint as latency_ms, l.error_type::pg_catalog.text as error_type, \
     pg_catalog.left(l.error_message::pg_catalog.text, 2000) as error_message";

/// The log of probes, after a check of the tables in the same session.
pub struct Log<'a> {
    connection: &'a mut PgConnection,
    /// The name of the schema, as PostgreSQL quotes it.
    schema: String,
}

/// The first and the last id of the log. `None`: it is empty.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bounds {
    pub oldest: Option<i64>,
    pub newest: Option<i64>,
}

/// Rows that the feed has not read, and the table that has them.
pub struct Unread {
    /// The OID of the table.
    pub table: i64,
    /// The greatest id of the table.
    pub newest: Option<i64>,
    pub rows: Vec<Arc<SearchableProbe>>,
}

impl<'a> Log<'a> {
    /// # Errors
    /// [`ProbeError`] if the tables do not exist or may not be used.
    pub async fn open(connection: &'a mut PgConnection, hub_tables: &HubTables) -> Result<Self, ProbeError> {
        let schema = hub_tables.check(connection, &TABLES).await?;
        Ok(Self { connection, schema })
    }

    fn table(&self) -> String {
        format!("{}.provider_endpoint_probe_logs", self.schema)
    }

    /// Returns the `select` of a probe's columns, up to its `where`.
    fn rows(&self) -> String {
        let schema = &self.schema;
        format!(
            "select {COLUMNS} from {schema}.provider_endpoint_probe_logs l \
             join {schema}.provider_endpoints e on e.id operator(pg_catalog.=) l.endpoint_id \
             left join {schema}.provider_vendors v on v.id operator(pg_catalog.=) e.vendor_id where"
        )
    }

    /// # Errors
    /// Those of the database.
    pub async fn bounds(&mut self) -> sqlx::Result<Bounds> {
        let sql = format!(
            "select pg_catalog.min(l.id)::bigint, pg_catalog.max(l.id)::bigint from {} l",
            self.table()
        );
        // SQL: PostgreSQL has quoted the schema (`HubTables::check`).
        let (oldest, newest) = query_as(AssertSqlSafe(sql))
            .fetch_one(&mut *self.connection)
            .await?;
        Ok(Bounds { oldest, newest })
    }

    /// Returns the newest probes of a filter, behind an id if one is given, the oldest first.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn newest(
        &mut self,
        filter: &ProbeFilter,
        after: Option<i64>,
        limit: u32,
    ) -> sqlx::Result<Vec<Probe>> {
        // `strpos`, so that `%` and `_` are themselves.
        let sql = format!(
            "{} ($1::bigint is null or l.id operator(pg_catalog.>) $1::bigint) \
             and ($2::bigint is null or l.endpoint_id operator(pg_catalog.=) $2::bigint) \
             and ($3::pg_catalog.text is null or l.source::pg_catalog.text operator(pg_catalog.=) $3::pg_catalog.text) \
             and ($4::integer is null or l.status_code operator(pg_catalog.=) $4::integer) \
             and ($5::pg_catalog.text is null or pg_catalog.strpos(pg_catalog.lower(pg_catalog.concat_ws(pg_catalog.chr(10), \
             l.error_message, l.error_type, l.status_code)), pg_catalog.lower($5::pg_catalog.text)) operator(pg_catalog.>) 0) \
             order by l.id desc limit $6",
            self.rows()
        );
        // SQL: PostgreSQL has quoted the schema (`HubTables::check`).
        let mut probes: Vec<Probe> = query(AssertSqlSafe(sql))
            .bind(after)
            .bind(filter.endpoint)
            .bind(filter.source.as_deref())
            .bind(filter.status_code)
            .bind(filter.search.as_deref())
            .bind(i64::from(limit))
            .try_map(|row: PgRow| probe(&row))
            .fetch_all(&mut *self.connection)
            .await?;
        probes.reverse();
        Ok(probes)
    }

    /// Returns the OID of the table, which another table in its place does not have.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn table_oid(&mut self) -> sqlx::Result<i64> {
        query_scalar("select $1::pg_catalog.text::pg_catalog.regclass::pg_catalog.oid::bigint")
            .bind(self.table())
            .fetch_one(&mut *self.connection)
            .await
    }

    /// Returns the position of a feed that begins now: rows that are in the log are read.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn position(&mut self) -> sqlx::Result<Position> {
        let sql = format!(
            "select l.id::bigint, coalesce(l.created_at operator(pg_catalog.>) \
             (pg_catalog.now() operator(pg_catalog.-) '10 seconds'::pg_catalog.interval), false) \
             from {} l order by l.id desc limit $1",
            self.table()
        );
        // SQL: PostgreSQL has quoted the schema (`HubTables::check`).
        let newest: Vec<(i64, bool)> = query_as(AssertSqlSafe(sql))
            .bind(ROWS_MAX)
            .fetch_all(&mut *self.connection)
            .await?;
        let before = newest.iter().find(|(_, is_recent)| !is_recent);
        let floor = match (before, newest.last()) {
            (Some((id, _)), _) => *id,
            (None, Some((oldest, _))) if newest.len() as i64 == ROWS_MAX => oldest - 1,
            (None, _) => 0,
        };
        let read = newest.iter().map(|(id, _)| *id).filter(|id| *id > floor);
        Ok(Position::new(floor, read, Instant::now()))
    }

    /// Returns the next rows that the feed has not read, the oldest first.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn unread(&mut self, position: &Position) -> sqlx::Result<Unread> {
        let rows = format!(
            "{} l.id operator(pg_catalog.>) $1::bigint and l.id operator(pg_catalog.<>) all ($2::bigint[]) order by l.id limit $3",
            self.rows()
        );
        // The table is named also if there is no row.
        let sql = format!(
            "select $4::pg_catalog.text::pg_catalog.regclass::pg_catalog.oid::bigint as log, \
             (select pg_catalog.max(n.id)::bigint from {} n) as newest, r.* \
             from (select) one left join ({rows}) r on true order by r.id",
            self.table()
        );
        // SQL: PostgreSQL has quoted the schema (`HubTables::check`).
        let rows: Vec<PgRow> = query(AssertSqlSafe(sql))
            .bind(position.floor())
            .bind(position.read())
            .bind(ROWS_MAX)
            .bind(self.table())
            .fetch_all(&mut *self.connection)
            .await?;
        let first = rows.first().ok_or(sqlx::Error::RowNotFound)?;
        let (table, newest) = (first.try_get("log")?, first.try_get("newest")?);
        let mut probes = Vec::with_capacity(rows.len());
        for row in &rows {
            if row.try_get::<Option<i64>, _>("id")?.is_some() {
                probes.push(Arc::new(probe(row)?.into()));
            }
        }
        Ok(Unread {
            table,
            newest,
            rows: probes,
        })
    }
}

fn probe(row: &PgRow) -> sqlx::Result<Probe> {
    let microseconds: Option<i64> = row.try_get("created_at")?;
    Ok(Probe {
        id: row.try_get("id")?,
        created_at: microseconds.and_then(|time| Timestamp::from_microsecond(time).ok()),
        endpoint_id: row.try_get("endpoint_id")?,
        // It may be an address.
        endpoint: mask_url(row.try_get("endpoint")?),
        vendor: row.try_get("vendor")?,
        source: row.try_get("source")?,
        ok: row.try_get("ok")?,
        status_code: row.try_get("status_code")?,
        latency_ms: row.try_get("latency_ms")?,
        error_type: row.try_get("error_type")?,
        error_message: row.try_get("error_message")?,
    })
}
