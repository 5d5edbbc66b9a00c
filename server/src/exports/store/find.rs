//! Finds one export.

use std::collections::HashMap;
use std::time::Duration;

use api::deliveries::ExportDelivery;
use api::exports::{ExportLog, ExportStatus};
use jiff::Timestamp;
use serde_json::Value;
use sqlx::{query_as, query_scalar};
use tokio::time::{Instant, timeout_at};
use uuid::Uuid;

use super::records::ExportStore;
use crate::exports::deliveries::record::DeliveryRecord;
use crate::exports::error::ExportError;
use crate::exports::notices::Notice;
use crate::exports::record::ExportRecord;
use crate::state::json::read;

/// How often an export that is waited for is looked at without a notice.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// The most exports that are counted for a place in the queue.
const POSITION_MAX: i64 = 1_000;

impl ExportStore {
    /// Returns the export with this id.
    ///
    /// # Errors
    /// [`ExportError::Unknown`], also for a text that is no id; [`ExportError::NoState`], [`ExportError::State`].
    pub async fn find(&self, id: &str) -> Result<ExportRecord, ExportError> {
        let unknown = || ExportError::Unknown(id.to_owned());
        let uuid = Uuid::parse_str(id).ok();
        let found = self
            .run(async |connection| {
                let Some(uuid) = uuid else {
                    return Ok(None);
                };
                let record: Option<String> = query_scalar(
                    "select row_to_json(e)::text from decant.data_exports e where id = $1::uuid",
                )
                .bind(uuid.to_string())
                .fetch_optional(&mut **connection)
                .await?;
                Ok(record.map(|record| read(&record)).transpose()?)
            })
            .await?;
        found.ok_or_else(unknown)
    }

    /// Waits until an export is over, but no longer than `wait_max`, and returns it.
    ///
    /// # Errors
    /// As of [`find`](Self::find).
    pub async fn until_over(&self, id: Uuid, wait_max: Duration) -> Result<ExportRecord, ExportError> {
        let mut notices = self.notices.subscribe();
        let until = Instant::now() + wait_max;
        loop {
            let record = self.find(&id.to_string()).await?;
            let now = Instant::now();
            if !record.status.is_open() || now >= until {
                return Ok(record);
            }
            let noticed = async {
                while let Ok(notice) = notices.recv().await {
                    if notice == Notice::Changed(id) {
                        return;
                    }
                }
            };
            // An error means that a notice was lost, or that it came late.
            let _ = timeout_at(until.min(now + LOOK_EVERY), noticed).await;
        }
    }

    /// Returns the deliveries of an export, in the order of the request.
    ///
    /// # Errors
    /// [`ExportError::NoState`], [`ExportError::State`].
    pub async fn deliveries(&self, id: Uuid) -> Result<Vec<ExportDelivery>, ExportError> {
        let rows: Vec<String> = self
            .run(async |connection| {
                Ok(query_scalar(
                    "select row_to_json(d)::text from decant.export_deliveries d where export_id = $1::uuid order by id",
                )
                .bind(id.to_string())
                .fetch_all(&mut **connection)
                .await?)
            })
            .await?;
        let delivery = |row: &String| Ok(read::<DeliveryRecord>(row)?.to_delivery());
        rows.iter().map(delivery).collect()
    }

    /// Returns the newest messages about an export, the newest first.
    ///
    /// # Errors
    /// [`ExportError::NoState`], [`ExportError::State`].
    pub async fn logs(&self, id: Uuid, max: u32) -> Result<Vec<ExportLog>, ExportError> {
        type Row = (String, String, String, String, Option<String>);
        let rows: Vec<Row> = self
            .run(async |connection| {
                Ok(query_as(
                    "select to_json(timestamp) #>> '{}', event_type, message, level, details::text \
                     from decant.export_logs where export_id = $1::uuid order by id desc limit $2",
                )
                .bind(id.to_string())
                .bind(i64::from(max))
                .fetch_all(&mut **connection)
                .await?)
            })
            .await?;
        let log = |(at, event_type, message, level, details): Row| {
            let timestamp = at.parse::<Timestamp>();
            let timestamp = timestamp.map_err(|error| sqlx::Error::Decode(error.into()))?;
            let details: Option<Value> = details.and_then(|text| serde_json::from_str(&text).ok());
            Ok(ExportLog {
                timestamp,
                event_type,
                message,
                level,
                details,
            })
        };
        rows.into_iter().map(log).collect()
    }

    /// Returns about how many exports start before each of these that waits. Persons take turns, so an export waits for the
    /// earlier ones of its person, and for as many earlier ones of each other person and one more. More than 1,000 are not counted.
    ///
    /// # Errors
    /// [`ExportError::NoState`], [`ExportError::State`].
    pub async fn positions(&self, records: &[ExportRecord]) -> Result<HashMap<Uuid, u32>, ExportError> {
        let waiting = |record: &&ExportRecord| record.status_at(Timestamp::now()) == ExportStatus::Queued;
        let ids: Vec<_> = records
            .iter()
            .filter(waiting)
            .map(|record| record.id.to_string())
            .collect();
        if ids.is_empty() {
            return Ok(HashMap::new());
        }
        let positions: Vec<(String, i64)> = self
            .run(async |connection| {
                let query = query_as(POSITIONS).bind(&ids).bind(POSITION_MAX);
                Ok(query.fetch_all(&mut **connection).await?)
            })
            .await?;
        let counted = positions
            .into_iter()
            .filter(|(_, position)| *position < POSITION_MAX);
        Ok(counted
            .filter_map(|(id, position)| Some((id.parse().ok()?, u32::try_from(position).ok()?)))
            .collect())
    }

    /// Returns the place of an export among those that wait, if it does; see [`positions`](Self::positions).
    ///
    /// # Errors
    /// [`ExportError::NoState`], [`ExportError::State`].
    pub async fn position(&self, record: &ExportRecord) -> Result<Option<u32>, ExportError> {
        let positions = self.positions(std::slice::from_ref(record)).await?;
        Ok(positions.get(&record.id).copied())
    }
}

/// Counts the exports before each of `$1`, at most `$2`.
const POSITIONS: &str = "with recursive people as ( \
         (select subject from decant.data_exports where status = 'queued' order by subject limit 1) \
         union all \
         select (select e.subject from decant.data_exports e where e.status = 'queued' and e.subject > p.subject \
                 order by e.subject limit 1) \
         from people p where p.subject is not null) \
     select o.id::text, least(own.exports + others.exports, $2) from decant.data_exports o \
     cross join lateral ( \
         select count(*) as exports from (select from decant.data_exports e \
             where e.status = 'queued' and e.subject = o.subject \
             and (e.priority > o.priority or e.priority = o.priority and (e.not_before, e.id) < (o.not_before, o.id)) \
             limit $2) before) own \
     cross join lateral ( \
         select count(*) as exports from (select from people p cross join lateral ( \
                 select from decant.data_exports e where e.status = 'queued' and e.subject = p.subject \
                 and (e.priority > o.priority or e.priority = o.priority and e.not_before < o.not_before) \
                 limit own.exports + 1) of_person \
             where p.subject <> o.subject limit $2) before) others \
     where o.id = any ($1::uuid[]) and o.status = 'queued'";
