//! The sums of exports by day, type, dataset, format and scope. They stay when records are removed.

use sqlx::{PgConnection, query};
use uuid::Uuid;

/// The days for which sums are kept.
pub const DAYS_KEPT: u16 = 90;

/// SQL of the scope of a record `e`.
macro_rules! scope {
    () => {
        "case when e.workspace_id is not null then 'workspace' when e.subject = 'operator' then 'system' \
              when e.role = 'admin' then 'admin' else 'user' end"
    };
}

/// Adds an export that is over to the sums of its day.
pub(super) async fn count(transaction: &mut PgConnection, id: Uuid) -> sqlx::Result<()> {
    query(COUNT).bind(id.to_string()).execute(transaction).await?;
    Ok(())
}

/// A person counts as one more if it is their first export of the day with this dataset and format.
const COUNT: &str = concat!(
    "insert into decant.export_analytics as a \
         (date, export_type, dataset, format, scope, total_exports, successful_exports, failed_exports, total_size_bytes, \
          total_records, total_processing_time_ms, unique_users) \
     select (coalesce(e.completed_at, now()) at time zone 'UTC')::date, e.export_type, e.dataset, e.format, \
         ",
    scope!(),
    ", 1, (e.status = 'completed')::integer, (e.status = 'failed')::integer, coalesce(e.file_bytes, 0), \
         coalesce(e.record_count, 0), \
         case when e.status = 'completed' \
              then coalesce((extract(epoch from e.completed_at - e.started_at) * 1000)::bigint, 0) else 0 end, \
         (not exists (select from decant.data_exports o where o.subject = e.subject and o.id <> e.id \
              and o.created_at >= date_trunc('day', e.completed_at, 'UTC') and o.dataset = e.dataset \
              and o.format = e.format and o.status in ('completed', 'failed')))::integer \
     from decant.data_exports e where e.id = $1::uuid \
     on conflict (date, export_type, dataset, format, scope) do update set \
         total_exports = a.total_exports + 1, \
         successful_exports = a.successful_exports + excluded.successful_exports, \
         failed_exports = a.failed_exports + excluded.failed_exports, \
         total_size_bytes = a.total_size_bytes + excluded.total_size_bytes, \
         total_records = a.total_records + excluded.total_records, \
         total_processing_time_ms = a.total_processing_time_ms + excluded.total_processing_time_ms, \
         unique_users = a.unique_users + excluded.unique_users"
);

/// Adds a download to the sums of the day on which the export was completed.
pub(super) async fn count_download(connection: &mut PgConnection, id: Uuid) -> sqlx::Result<()> {
    query(concat!(
        "update decant.export_analytics a set total_downloads = total_downloads + 1 from decant.data_exports e \
         where e.id = $1::uuid and a.date = (e.completed_at at time zone 'UTC')::date and a.export_type = e.export_type \
         and a.dataset = e.dataset and a.format = e.format and a.scope = ",
        scope!()
    ))
    .bind(id.to_string())
    .execute(connection)
    .await?;
    Ok(())
}

/// Removes the sums of days that are over for longer than they are kept.
pub(super) async fn remove_old(connection: &mut PgConnection) -> sqlx::Result<()> {
    query("delete from decant.export_analytics where date <= (now() at time zone 'UTC')::date - $1::integer")
        .bind(i32::from(DAYS_KEPT))
        .execute(connection)
        .await?;
    Ok(())
}
