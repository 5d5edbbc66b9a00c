//! The end of the time for which a file is kept.

use sqlx::{PgConnection, query_as};

use crate::audit::Action;

/// Marks at most `limit` completed exports whose files are no longer kept. Returns whether more may be left.
///
/// # Errors
/// The database's error.
pub(super) async fn expire(connection: &mut PgConnection, limit: i64) -> sqlx::Result<bool> {
    let expired: Vec<(String, Option<String>)> = query_as(
        "with expired as ( \
             update decant.data_exports set status = 'expired' where id in ( \
                 select id from decant.data_exports where status = 'completed' and expires_at <= now() \
                 order by expires_at limit $1 for update skip locked) \
             returning id, workspace_id), \
         logged as ( \
             insert into decant.export_logs (export_id, event_type, level, message) \
             select id, 'expire', 'info', 'The file is no longer kept' from expired) \
         select id::text, workspace_id from expired",
    )
    .bind(limit)
    .fetch_all(connection)
    .await?;
    for (id, workspace) in &expired {
        tracing::info!(action = Action::ExportExpired.name(), export = id, workspace);
    }
    Ok(expired.len() as u64 == limit.unsigned_abs())
}
