//! The figures of the exports whose records are kept.

use api::data_exports::{ExportFigures, QueueFigures, StorageFigures, SystemFigures};
use serde::de::DeserializeOwned;
use serde_json::Value;
use sqlx::{PgConnection, query_scalar};

use super::records::ExportStore;
use crate::auth::Caller;
use crate::exports::backlog::queue_figures;
use crate::exports::error::ExportError;

/// The figures of the subject `$1`; without one, of everybody.
const FIGURES: &str = "with of_subject as materialized ( \
        select status, format, file_bytes, created_at, started_at, completed_at \
        from decant.data_exports where $1::text is null or subject = $1), \
    by_format as (select json_object_agg(format, exports order by format) as counts \
        from (select format, count(*) as exports from of_subject group by format) formats), \
    by_status as (select json_object_agg(status, exports order by status) as counts \
        from (select status, count(*) as exports from of_subject group by status) statuses), \
    sums as (select count(*) as total, \
        count(*) filter (where status in ('completed', 'expired')) as completed, \
        count(*) filter (where status = 'failed') as failed, \
        coalesce(sum(file_bytes), 0)::bigint as size, avg(file_bytes)::bigint as average_size, \
        max(created_at) as last, \
        avg(extract(epoch from completed_at - started_at) * 1000) \
            filter (where status in ('completed', 'expired')) as milliseconds, \
        count(*) filter (where created_at >= date_trunc('day', now() at time zone 'UTC') at time zone 'UTC') as today \
        from of_subject) \
    select json_build_object( \
        'totalExports', total, 'completedExports', completed, 'failedExports', failed, \
        'totalSize', size, 'averageSize', average_size, 'lastExportDate', last, \
        'successRate', round(100.0 * completed / nullif(completed + failed, 0), 2), \
        'averageProcessingMs', milliseconds::bigint, 'today', today, \
        'byFormat', coalesce((select counts from by_format), '{}'), \
        'byStatus', coalesce((select counts from by_status), '{}'))::text \
    from sums";

const STORAGE: &str = "select json_build_object( \
    'used', (select coalesce(sum(used_bytes), 0)::bigint from decant.storage_usage), \
    'growthPerDay', (select coalesce(sum(file_bytes) / 30, 0)::bigint from decant.data_exports \
        where completed_at > now() - '30 days'::interval and status in ('completed', 'expired')))::text";

const QUEUE: &str = concat!("select (", queue_figures!(""), ")::text");

const HEALTH: &str = "select coalesce(json_agg(h order by total_exports desc), '[]')::text from decant.export_health_metrics h";

impl ExportStore {
    /// Returns the figures of the caller's exports.
    ///
    /// # Errors
    /// [`ExportError::NoState`], [`ExportError::State`].
    pub async fn figures_of(&self, caller: &Caller) -> Result<ExportFigures, ExportError> {
        let subject = caller.subject.to_string();
        self.run(async |connection| Ok(figures(connection, Some(&subject)).await?))
            .await
    }

    /// Returns the figures of everybody's exports.
    ///
    /// # Errors
    /// [`ExportError::NoState`], [`ExportError::State`].
    pub async fn figures_of_system(&self) -> Result<SystemFigures, ExportError> {
        self.run(async |connection| {
            Ok(SystemFigures {
                exports: figures(connection, None).await?,
                health_metrics: one::<Vec<Value>>(connection, HEALTH).await?,
                storage: one::<StorageFigures>(connection, STORAGE).await?,
                queue: one::<QueueFigures>(connection, QUEUE).await?,
            })
        })
        .await
    }
}

async fn figures(connection: &mut PgConnection, subject: Option<&str>) -> sqlx::Result<ExportFigures> {
    let json: String = query_scalar(FIGURES).bind(subject).fetch_one(connection).await?;
    parse(&json)
}

async fn one<T: DeserializeOwned>(connection: &mut PgConnection, sql: &'static str) -> sqlx::Result<T> {
    let json: String = query_scalar(sql).fetch_one(connection).await?;
    parse(&json)
}

fn parse<T: DeserializeOwned>(json: &str) -> sqlx::Result<T> {
    serde_json::from_str(json).map_err(|error| sqlx::Error::Decode(error.into()))
}
