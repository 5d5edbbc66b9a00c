//! Creates the exports of schedules whose time has come. Several servers may do so at once: the row of a schedule is locked while
//! its export is created and its next time is set.

use std::time::Duration;

use api::schedules::{MissedRuns, ScheduleStatus};
use jiff::Timestamp;
use serde::Serialize;
use sqlx::{Connection, PgConnection, query, query_as, query_scalar};
use uuid::Uuid;

use super::record::ScheduleRecord;
use crate::audit::Action;
use crate::exports::deliveries;
use crate::exports::error::ExportError;
use crate::exports::increments;
use crate::exports::new_export::NewExport;
use crate::exports::record::ExportRecord;
use crate::exports::store::{ExportStore, insert};
use crate::schedule::CALLER;
use crate::state::json::{read, write};

/// The most schedules of one transaction.
const BATCH_MAX: i64 = 100;

/// Asks the index whether a time has come.
const IS_DUE: &str =
    "select exists (select from decant.export_schedules where status = 'active' and next_run_time <= now())";

/// Locks the schedules whose time has come, those that wait longest first. Those of another server are left out.
const TAKE: &str = "select id, row_to_json(s)::text from decant.export_schedules s \
     where status = 'active' and next_run_time <= now() order by next_run_time, id limit $1 for update skip locked";

/// Sets the next times, which are the members of a JSON array.
const ADVANCE: &str = "update decant.export_schedules s set next_run_time = n.next_run_time, status = n.status, \
         last_error = coalesce(n.last_error, s.last_error), updated_at = now() \
     from jsonb_to_recordset($1::jsonb) as n (id bigint, next_run_time timestamptz, status text, last_error text) \
     where s.id = n.id";

/// The result of starting the schedules whose time had come.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Started {
    /// Exports that were created.
    pub exports: Vec<Uuid>,
    /// Schedules that skip a time: it has passed long ago, or an incremental one still runs.
    pub missed: u64,
    /// Schedules that cannot be read.
    pub failed: u64,
}

/// The columns of a schedule after its time.
#[derive(Debug, Serialize)]
struct Next {
    id: i64,
    next_run_time: Option<Timestamp>,
    status: ScheduleStatus,
    last_error: Option<String>,
}

/// The schedules of one transaction after their times.
#[derive(Default)]
struct Batch {
    runs: Vec<NewExport>,
    next: Vec<Next>,
    missed: Vec<ScheduleRecord>,
    /// Schedules that cannot be read, with the reasons.
    failed: Vec<(i64, String)>,
}

impl ExportStore {
    /// Creates an export for each schedule whose time has come, and wakes the workers. If none has come, this costs one statement.
    ///
    /// # Errors
    /// [`ExportError::NoState`], [`ExportError::State`].
    pub async fn start_due_runs(&self) -> Result<Started, ExportError> {
        let mut started = Started::default();
        loop {
            let (batch, records) = self.run(async |connection| self.take(connection).await).await?;
            if batch.next.is_empty() {
                return Ok(started);
            }
            report(&batch, &records);
            let created: Vec<Uuid> = records.iter().map(|record| record.id).collect();
            self.notices().queued(&created).await;
            started.exports.extend(created);
            started.missed += batch.missed.len() as u64;
            started.failed += batch.failed.len() as u64;
        }
    }

    /// Returns when the next schedule is due, or `None`: none is active.
    ///
    /// # Errors
    /// [`ExportError::NoState`], [`ExportError::State`].
    pub async fn next_due(&self) -> Result<Option<Timestamp>, ExportError> {
        let next: Option<String> = self
            .run(async |connection| {
                Ok(query_scalar(
                    "select to_json(min(next_run_time)) #>> '{}' from decant.export_schedules where status = 'active'",
                )
                .fetch_one(&mut **connection)
                .await?)
            })
            .await?;
        let next = next.map(|next| next.parse::<Timestamp>()).transpose();
        Ok(next.map_err(|error| sqlx::Error::Decode(error.into()))?)
    }

    /// Handles one batch. Returns nothing if no time has come, or other servers handle those that have.
    async fn take(&self, connection: &mut PgConnection) -> Result<(Batch, Vec<ExportRecord>), ExportError> {
        let nothing = || (Batch::default(), Vec::new());
        let is_due: bool = query_scalar(IS_DUE).fetch_one(&mut *connection).await?;
        if !is_due {
            return Ok(nothing());
        }
        let mut transaction = connection.begin().await?;
        let due: Vec<(i64, String)> = query_as(TAKE)
            .bind(BATCH_MAX)
            .fetch_all(&mut *transaction)
            .await?;
        if due.is_empty() {
            return Ok(nothing());
        }
        // That of the database, by which the times have come.
        let now: String = query_scalar("select to_json(now()) #>> '{}'")
            .fetch_one(&mut *transaction)
            .await?;
        let now = now.parse::<Timestamp>();
        let now = now.map_err(|error| sqlx::Error::Decode(error.into()))?;
        let mut batch = Batch::default();
        let mut records: Vec<ScheduleRecord> = Vec::with_capacity(due.len());
        for (id, record) in due {
            match read(&record) {
                Ok(record) => records.push(record),
                Err(error) => batch.fail(id, format!("It is of another version: {error}")),
            }
        }
        let incremental = records.iter().filter(|record| record.incremental);
        let incremental: Vec<i64> = incremental.map(|record| record.id).collect();
        let running = increments::running(&mut transaction, &incremental).await?;
        for record in records {
            let is_running = running.contains(&record.id);
            batch.add(record, now, self.options().schedule_grace, is_running);
        }
        let records = insert(&mut transaction, &batch.runs, CALLER).await?;
        query(ADVANCE)
            .bind(write(&batch.next)?)
            .execute(&mut *transaction)
            .await?;
        for (id, _) in &batch.failed {
            deliveries::tell_of_stop(&mut transaction, *id).await?;
        }
        transaction.commit().await?;
        Ok((batch, records))
    }
}

impl Batch {
    /// Adds the run of a schedule whose time has come, and its next time. While a run of an incremental schedule is not over, the time
    /// is missed: the next run has its rows.
    fn add(&mut self, record: ScheduleRecord, now: Timestamp, grace: Duration, is_running: bool) {
        let (id, due) = (record.id, record.next_run_time);
        let timing = match record.timing() {
            Ok(timing) => timing,
            Err(error) => return self.fail(id, error.to_string()),
        };
        let next_run_time = timing.after(now);
        self.next.push(Next {
            id,
            next_run_time,
            status: match next_run_time {
                Some(_) => ScheduleStatus::Active,
                None => ScheduleStatus::Ended,
            },
            last_error: None,
        });
        let late = due.map(|due| now.duration_since(due).unsigned_abs());
        let is_too_late = record.missed == MissedRuns::Skip && late.is_some_and(|late| late > grace);
        match is_running || is_too_late {
            true => self.missed.push(record),
            false => self.runs.push(record.run(due, now)),
        }
    }

    /// Stops a schedule that cannot be read.
    fn fail(&mut self, id: i64, reason: String) {
        self.next.push(Next {
            id,
            next_run_time: None,
            status: ScheduleStatus::Error,
            last_error: Some(reason.clone()),
        });
        self.failed.push((id, reason));
    }
}

fn report(batch: &Batch, records: &[ExportRecord]) {
    for record in records {
        tracing::info!(
            action = Action::ExportScheduleRun.name(),
            caller = CALLER,
            schedule = record.schedule_id,
            owner = record.subject,
            export = %record.id,
            dataset = record.dataset,
            format = record.format,
            workspace = record.workspace_id
        );
    }
    for record in &batch.missed {
        tracing::warn!(
            action = Action::ExportScheduleMissed.name(),
            caller = CALLER,
            schedule = record.id,
            owner = record.subject,
            due = record.next_run_time.map(|due| due.to_string()),
            workspace = record.workspace_id
        );
    }
    for (id, reason) in &batch.failed {
        tracing::error!(
            action = Action::ExportScheduleError.name(),
            caller = CALLER,
            schedule = id,
            reason
        );
    }
}
