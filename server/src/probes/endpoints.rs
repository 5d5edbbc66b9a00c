//! The endpoints of the hub's providers, with their last 24 hours.

use std::collections::HashMap;

use api::probes::{ProbeEndpoint, ProbeEndpoints, ProbeHour};
use jiff::Timestamp;
use sqlx::postgres::PgRow;
use sqlx::{AssertSqlSafe, PgConnection, Row, query, query_as};
use wasm_export::session_request::mask_url;

use super::ProbeError;
use super::log::TABLES;
use crate::hub_tables::HubTables;

/// Hours of an endpoint's strip.
const HOURS: usize = 24;

type Hours = [ProbeHour; HOURS];

/// Returns the endpoints, except those that the hub has deleted.
///
/// # Errors
/// [`ProbeError`].
pub async fn list(
    connection: &mut PgConnection,
    hub_tables: &HubTables,
) -> Result<ProbeEndpoints, ProbeError> {
    let schema = hub_tables.check(connection, &TABLES).await?;
    // An older hub has no `deleted_at`, so that the column is taken from JSON.
    let sql = format!(
        "select e.id::bigint as id, \
         case when pg_catalog.btrim(e.label) operator(pg_catalog.<>) '' then pg_catalog.btrim(e.label) end as label, \
         e.url::pg_catalog.text as url, \
         coalesce(case when pg_catalog.btrim(v.display_name) operator(pg_catalog.<>) '' \
                       then pg_catalog.btrim(v.display_name) end, v.website_domain)::pg_catalog.text as vendor, \
         e.last_probe_ok as ok, e.last_probe_status_code::integer as status_code, \
         e.last_probe_latency_ms::bigint as latency_ms, \
         case when e.last_probed_at operator(pg_catalog.>=) '0001-01-01 00:00:00+00'::pg_catalog.timestamptz \
              and e.last_probed_at operator(pg_catalog.<) '10000-01-01 00:00:00+00'::pg_catalog.timestamptz \
              then (extract(epoch from e.last_probed_at) operator(pg_catalog.*) 1000000)::bigint end as probed_at \
         from {schema}.provider_endpoints e \
         left join {schema}.provider_vendors v on v.id operator(pg_catalog.=) e.vendor_id \
         where (pg_catalog.to_jsonb(e) operator(pg_catalog.->>) 'deleted_at') is null order by 4 nulls last, e.id"
    );
    // SQL: PostgreSQL has quoted the schema (`HubTables::check`).
    let endpoints: Vec<ProbeEndpoint> = query(AssertSqlSafe(sql))
        .try_map(|row: PgRow| endpoint(&row))
        .fetch_all(&mut *connection)
        .await?;
    let sql = format!(
        "select l.endpoint_id::bigint, \
         pg_catalog.floor(extract(epoch from (pg_catalog.now() operator(pg_catalog.-) l.created_at)) \
                          operator(pg_catalog./) 3600)::integer, \
         pg_catalog.count(*), pg_catalog.count(*) filter (where not coalesce(l.ok, false)) \
         from {schema}.provider_endpoint_probe_logs l \
         where l.created_at operator(pg_catalog.>) (pg_catalog.now() operator(pg_catalog.-) '24 hours'::pg_catalog.interval) \
         and l.created_at operator(pg_catalog.<=) pg_catalog.now() group by 1, 2"
    );
    // SQL: PostgreSQL has quoted the schema (`HubTables::check`).
    let counts: Vec<(i64, i32, i64, i64)> = query_as(AssertSqlSafe(sql)).fetch_all(&mut *connection).await?;
    let hours = hours_of(&counts);
    let with_hours = |endpoint: ProbeEndpoint| {
        let hours = hours.get(&endpoint.id).copied().unwrap_or_default();
        ProbeEndpoint {
            uptime_24h: uptime(&hours),
            hours: hours.to_vec(),
            ..endpoint
        }
    };
    Ok(ProbeEndpoints(endpoints.into_iter().map(with_hours).collect()))
}

fn endpoint(row: &PgRow) -> sqlx::Result<ProbeEndpoint> {
    let microseconds: Option<i64> = row.try_get("probed_at")?;
    Ok(ProbeEndpoint {
        id: row.try_get("id")?,
        label: row.try_get("label")?,
        url: mask_url(row.try_get("url")?),
        vendor: row.try_get("vendor")?,
        last_ok: row.try_get("ok")?,
        last_status_code: row.try_get("status_code")?,
        last_latency_ms: row.try_get("latency_ms")?,
        last_probed_at: microseconds.and_then(|time| Timestamp::from_microsecond(time).ok()),
        uptime_24h: None,
        hours: Vec::new(),
    })
}

/// Returns the hours of each endpoint, from rows of endpoint, age in hours, probes and failures.
fn hours_of(counts: &[(i64, i32, i64, i64)]) -> HashMap<i64, Hours> {
    let mut endpoints: HashMap<i64, Hours> = HashMap::new();
    for (endpoint, age, probes, failures) in counts {
        let hours = endpoints.entry(*endpoint).or_default();
        let place = usize::try_from(*age)
            .ok()
            .and_then(|age| HOURS.checked_sub(age + 1));
        if let Some(place) = place {
            hours[place].probes += probes.unsigned_abs();
            hours[place].failures += failures.unsigned_abs();
        }
    }
    endpoints
}

fn uptime(hours: &Hours) -> Option<f64> {
    let probes: u64 = hours.iter().map(|hour| hour.probes).sum();
    let failures: u64 = hours.iter().map(|hour| hour.failures).sum();
    (probes > 0).then(|| (probes - failures) as f64 / probes as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_are_from_the_oldest_to_now() {
        let hours = hours_of(&[(3, 0, 4, 1), (3, 23, 6, 0), (3, 24, 99, 0), (4, 1, 1, 1)]);
        let (busy, down) = (&hours[&3], &hours[&4]);
        assert_eq!(
            (busy[23], busy[0]),
            (
                ProbeHour {
                    probes: 4,
                    failures: 1
                },
                ProbeHour {
                    probes: 6,
                    failures: 0
                }
            )
        );
        assert_eq!((uptime(busy), uptime(down)), (Some(0.9), Some(0.0)));
        assert_eq!(uptime(&Hours::default()), None);
    }
}
