//! The rows of a run of an incremental schedule.

use api::datasets::RowsRequest;
use sqlx::PgConnection;

use super::failure::Failure;
use super::queue::Lease;
use super::record::ExportRecord;
use crate::datasets::definition::{Definition, Incremental};
use crate::datasets::increment::{Increment, without_bounds};
use crate::datasets::settled::settled_before;

/// Returns the rows of a request without the times of its run. They are added to the selection itself, because a run without new rows
/// has two equal ones, which no request may have.
pub(super) fn without_increment(
    record: &ExportRecord,
    definition: &Definition,
    rows: RowsRequest,
) -> RowsRequest {
    match definition.incremental.as_ref().filter(|_| record.incremental) {
        Some(incremental) => without_bounds(rows, incremental),
        None => rows,
    }
}

/// Returns the times of the rows of a run. A repetition has those of the export that it repeats. The connection is the one that reads
/// the rows after this, so that its snapshot has all rows of these times.
///
/// # Errors
/// [`Failure`]
pub(super) async fn increment(
    record: &ExportRecord,
    lease: &Lease,
    incremental: &Incremental,
    rows: &RowsRequest,
    connection: &mut PgConnection,
) -> Result<Increment, Failure> {
    if let (None, Some(before)) = (record.schedule_id, record.rows_before) {
        let from = record.rows_from;
        return Ok(Increment { from, before });
    }
    let settled = settled_before(connection, incremental).await?;
    let increment = lease.begin_increment(settled, rows.clone(), incremental).await?;
    increment.ok_or_else(|| {
        Failure::lasting(
            "no_schedule",
            "Only the runs of a schedule have the rows since an earlier run, and this export has no schedule; run the schedule again",
        )
    })
}
