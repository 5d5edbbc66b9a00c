//! The figures of exports.

use api::data_exports::{ExportFigures, QueueFigures, StorageFigures, SystemFigures};
use serde::de::DeserializeOwned;
use serde_json::Value;
use sqlx::{PgConnection, query_scalar};

use super::records::ExportStore;
use crate::auth::Caller;
use crate::exports::backlog::queue_figures;
use crate::exports::error::ExportError;
use crate::state::json::read;

/// The figures of the subject `$1`, and of the last `$2` days by day.
const OF_SUBJECT: &str = "with of_subject as materialized ( \
        select status, format, file_bytes, record_count, created_at, started_at, completed_at \
        from decant.data_exports where subject = $1), \
    by_format as (select json_object_agg(format, exports order by format) as counts \
        from (select format, count(*) as exports from of_subject group by format) formats), \
    by_status as (select json_object_agg(status, exports order by status) as counts \
        from (select status, count(*) as exports from of_subject group by status) statuses), \
    per_day as (select json_agg(days order by date) as days from ( \
        select (completed_at at time zone 'UTC')::date as date, \
            count(*) filter (where status in ('completed', 'expired')) as completed, \
            count(*) filter (where status = 'failed') as failed, count(*) filter (where status = 'cancelled') as cancelled, \
            coalesce(sum(file_bytes), 0)::bigint as size, coalesce(sum(record_count), 0)::bigint as rows \
        from of_subject \
        where completed_at >= ((now() at time zone 'UTC')::date - $2 + 1)::timestamp at time zone 'UTC' \
            and status in ('completed', 'expired', 'failed', 'cancelled') \
        group by 1) days), \
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
        'byStatus', coalesce((select counts from by_status), '{}'), \
        'perDay', coalesce((select days from per_day), '[]'))::text \
    from sums";

/// The figures of everybody in the last `$1` days. Those that are over come from the sums, so that a million records cost nothing.
const OF_SYSTEM: &str = "with over as materialized ( \
        select * from decant.export_analytics where date > (now() at time zone 'UTC')::date - $1), \
    open as materialized (select status, format, count(*) as exports from decant.data_exports \
        where status in ('scheduled', 'queued', 'processing') group by status, format), \
    by_format as (select json_object_agg(format, exports order by format) as counts from ( \
        select format, sum(exports)::bigint as exports \
        from (select format, total_exports as exports from over union all select format, exports from open) all_formats \
        group by format) formats), \
    sums as (select coalesce(sum(total_exports), 0)::bigint as ended, coalesce(sum(successful_exports), 0)::bigint as completed, \
        coalesce(sum(failed_exports), 0)::bigint as failed, coalesce(sum(total_size_bytes), 0)::bigint as size, \
        coalesce(sum(total_processing_time_ms), 0)::bigint as milliseconds from over), \
    by_status as (select json_object_agg(status, exports order by status) as counts from ( \
        select status, sum(exports)::bigint as exports from ( \
            select status, exports from open union all select 'completed', completed from sums \
            union all select 'failed', failed from sums \
            union all select 'cancelled', ended - completed - failed from sums) all_statuses \
        group by status having sum(exports) > 0) statuses), \
    per_day as (select json_agg(days order by date) as days from ( \
        select date, sum(successful_exports)::bigint as completed, sum(failed_exports)::bigint as failed, \
            sum(total_exports - successful_exports - failed_exports)::bigint as cancelled, \
            sum(total_size_bytes)::bigint as size, sum(total_records)::bigint as rows \
        from over group by date) days) \
    select json_build_object( \
        'totalExports', ended + (select coalesce(sum(exports), 0)::bigint from open), \
        'completedExports', completed, 'failedExports', failed, 'totalSize', size, 'averageSize', size / nullif(completed, 0), \
        'lastExportDate', (select max(created_at) from decant.data_exports), \
        'successRate', round(100.0 * completed / nullif(completed + failed, 0), 2), \
        'averageProcessingMs', milliseconds / nullif(completed, 0), \
        'today', (select count(*) from decant.data_exports \
            where created_at >= date_trunc('day', now() at time zone 'UTC') at time zone 'UTC'), \
        'byFormat', coalesce((select counts from by_format), '{}'), \
        'byStatus', coalesce((select counts from by_status), '{}'), \
        'perDay', coalesce((select days from per_day), '[]'))::text \
    from sums";

const STORAGE: &str = "select json_build_object( \
    'used', (select coalesce(sum(used_bytes), 0)::bigint from decant.storage_usage), \
    'growthPerDay', (select coalesce(sum(total_size_bytes) / 30, 0)::bigint from decant.export_analytics \
        where date > (now() at time zone 'UTC')::date - 30))::text";

const QUEUE: &str = concat!("select (", queue_figures!(""), ")::text");

const HEALTH: &str = "select coalesce(json_agg(h order by total_exports desc), '[]')::text from decant.export_health_metrics h";

impl ExportStore {
    /// Returns the figures of the caller's exports, and of the last days by day.
    ///
    /// # Errors
    /// [`ExportError::NoState`], [`ExportError::State`].
    pub async fn figures_of(&self, caller: &Caller, days: u16) -> Result<ExportFigures, ExportError> {
        let subject = caller.subject.to_string();
        self.run(async |connection| {
            let json: String = query_scalar(OF_SUBJECT)
                .bind(&subject)
                .bind(i32::from(days))
                .fetch_one(&mut **connection)
                .await?;
            Ok(read(&json)?)
        })
        .await
    }

    /// Returns the figures of everybody's exports in the last days.
    ///
    /// # Errors
    /// [`ExportError::NoState`], [`ExportError::State`].
    pub async fn figures_of_system(&self, days: u16) -> Result<SystemFigures, ExportError> {
        self.run(async |connection| {
            let exports: String = query_scalar(OF_SYSTEM)
                .bind(i32::from(days))
                .fetch_one(&mut **connection)
                .await?;
            Ok(SystemFigures {
                exports: read(&exports)?,
                health_metrics: one::<Vec<Value>>(connection, HEALTH).await?,
                storage: one::<StorageFigures>(connection, STORAGE).await?,
                queue: one::<QueueFigures>(connection, QUEUE).await?,
            })
        })
        .await
    }
}

async fn one<T: DeserializeOwned>(connection: &mut PgConnection, sql: &'static str) -> sqlx::Result<T> {
    let json: String = query_scalar(sql).fetch_one(connection).await?;
    read(&json)
}
