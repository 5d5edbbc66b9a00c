//! The runs of incremental schedules: one at a time, each with the rows since the one before.
//!
//! A transaction that creates a run locks the row of the schedule first, and then looks for another run that is not over. The watermark
//! moves in the transaction that completes a run, from the first time of its rows to the last one. A run that is not complete leaves it.

use sqlx::{PgConnection, query, query_scalar};
use uuid::Uuid;

use crate::exports::error::ExportError;
use crate::exports::new_export::NewExport;

/// Finds the schedules of `$1` of which a run is not over, by the index of such runs.
const RUNNING: &str = "select schedule_id from decant.data_exports \
     where incremental and status in ('scheduled', 'queued', 'processing') and schedule_id = any ($1)";

/// Moves the watermark of the schedule of the export `$1`, if it is still where the rows of the run begin. Returns whether it was, or
/// the export is no such run.
const MOVE: &str = "with run as ( \
         select schedule_id, rows_from, rows_before from decant.data_exports \
         where id = $1::uuid and incremental and schedule_id is not null), \
     moved as ( \
         update decant.export_schedules s set watermark = run.rows_before, updated_at = now() from run \
         where s.id = run.schedule_id and s.watermark is not distinct from run.rows_from returning s.id) \
     select not exists (select from run) or exists (select from moved)";

/// Returns those of the schedules, whose rows are locked, of which a run is not over.
///
/// # Errors
/// The connection's error.
pub(in crate::exports) async fn running(
    transaction: &mut PgConnection,
    schedules: &[i64],
) -> sqlx::Result<Vec<i64>> {
    if schedules.is_empty() {
        return Ok(Vec::new());
    }
    query_scalar(RUNNING).bind(schedules).fetch_all(transaction).await
}

/// Locks the incremental schedules of new runs, and checks that no other run of them is to be made.
///
/// # Errors
/// [`ExportError::RunNotOver`]; [`ExportError::State`].
pub(in crate::exports) async fn check_no_run(
    transaction: &mut PgConnection,
    exports: &[NewExport],
) -> Result<(), ExportError> {
    let runs = exports.iter().filter(|export| export.incremental);
    for run in runs.filter_map(|export| export.run.as_ref()) {
        query("select from decant.export_schedules where id = $1 for update")
            .bind(run.schedule_id)
            .execute(&mut *transaction)
            .await?;
        if !running(transaction, &[run.schedule_id]).await?.is_empty() {
            return Err(ExportError::RunNotOver);
        }
    }
    Ok(())
}

/// Moves the watermark of a schedule to the end of the rows of a run that is complete. Returns `false` if another run has moved it
/// since this one began: then both have the same rows.
///
/// # Errors
/// The connection's error.
pub(in crate::exports) async fn move_watermark(
    transaction: &mut PgConnection,
    run: Uuid,
) -> sqlx::Result<bool> {
    query_scalar(MOVE)
        .bind(run.to_string())
        .fetch_one(transaction)
        .await
}
