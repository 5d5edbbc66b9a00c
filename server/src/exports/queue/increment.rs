//! Records which rows a run of an incremental schedule has.

use api::datasets::RowsRequest;
use jiff::Timestamp;
use sqlx::{Connection, query, query_scalar};

use super::lease::Lease;
use crate::datasets::definition::Incremental;
use crate::datasets::increment::Increment;
use crate::exports::store::{LogKind, log};
use crate::state::json::write;
use crate::state::{Purpose, StateError};

/// Locks the run `$1` of the lease `$2`, and returns the watermark of its schedule.
const WATERMARK: &str = "select to_json(s.watermark) #>> '{}' from decant.data_exports e \
     join decant.export_schedules s on s.id = e.schedule_id \
     where e.id = $1::uuid and e.lease_fence = $2 and e.status = 'processing' for update of e";

const BEGIN: &str = "update decant.data_exports \
     set rows_from = $2::timestamptz, rows_before = $3::timestamptz, selection = $4::jsonb where id = $1::uuid";

impl Lease {
    /// Gives the run the rows since the one before, up to the time `settled`. `rows` are those of the schedule, to which the times
    /// are added. Returns `None` if the lease was lost or the schedule was deleted.
    ///
    /// # Errors
    /// [`StateError`]
    pub async fn begin_increment(
        &self,
        settled: Timestamp,
        rows: RowsRequest,
        incremental: &Incremental,
    ) -> Result<Option<Increment>, StateError> {
        let mut connection = self.state.connection(Purpose::Work).await?;
        let mut transaction = connection.begin().await?;
        let found: Option<Option<String>> = query_scalar(WATERMARK)
            .bind(self.id.to_string())
            .bind(self.fence)
            .fetch_optional(&mut *transaction)
            .await?;
        let Some(watermark) = found else {
            return Ok(None);
        };
        let watermark = watermark.map(|time| time.parse::<Timestamp>()).transpose();
        let watermark = watermark.map_err(|error| sqlx::Error::Decode(error.into()))?;
        let increment = Increment::new(watermark, settled);
        query(BEGIN)
            .bind(self.id.to_string())
            .bind(increment.from.map(|from| from.to_string()))
            .bind(increment.before.to_string())
            .bind(write(&increment.add_to(rows, incremental))?)
            .execute(&mut *transaction)
            .await?;
        let message = match increment.from {
            Some(from) => format!("Rows from {from} and before {}", increment.before),
            None => format!("The first run: rows before {}", increment.before),
        };
        log(&mut transaction, self.id, LogKind::Progress, &message).await?;
        transaction.commit().await?;
        Ok(Some(increment))
    }
}
