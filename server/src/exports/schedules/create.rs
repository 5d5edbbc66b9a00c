//! Records new schedules, within the limits of their owners.

use sqlx::{PgConnection, query_scalar};

use super::new_schedule::NewSchedule;
use super::record::ScheduleRecord;
use crate::audit::Action;
use crate::auth::Caller;
use crate::exports::error::ExportError;
use crate::exports::idempotency::{IdempotencyKey, StoredAnswer};
use crate::exports::store::{Created, ExportStore};
use crate::state::json::{read, write};

/// A schedule that a request creates.
pub struct ScheduleCreation<'a> {
    pub caller: &'a Caller,
    pub schedule: NewSchedule,
    pub idempotency: Option<IdempotencyKey>,
    /// Makes the answer, which is kept for the request's repetitions.
    pub answer: &'a (dyn Fn(&ScheduleRecord) -> StoredAnswer + Sync),
}

/// Inserts a schedule, which is a JSON object, and returns it as JSON.
const INSERT: &str = "insert into decant.export_schedules as s \
         (name, subject, caller, credential, role, scope, workspace_id, export_type, dataset, format, options, parameters, \
          selection, retention_hours, file_name_pattern, request, schedule_pattern, zone, starts_at, missed, next_run_time, \
          max_failures, delivery, incremental) \
     select n.name, n.subject, n.caller, n.credential, n.role, n.scope, n.workspace_id, n.export_type, n.dataset, n.format, \
         n.options, n.parameters, n.selection, n.retention_hours, n.file_name_pattern, n.request, n.schedule_pattern, n.zone, \
         n.starts_at, n.missed, n.next_run_time, n.max_failures, n.delivery, n.incremental \
     from jsonb_to_record($1::jsonb) as n \
         (name text, subject text, caller text, credential text, role text, scope jsonb, workspace_id text, export_type text, \
          dataset text, format text, options jsonb, parameters jsonb, selection jsonb, retention_hours integer, \
          file_name_pattern text, request jsonb, schedule_pattern text, zone text, starts_at timestamptz, missed text, \
          next_run_time timestamptz, max_failures integer, delivery jsonb, incremental boolean) \
     returning row_to_json(s)::text";

impl ExportStore {
    /// Records a schedule. It counts as an export that its person creates. An earlier request with the same key gets its answer
    /// again, and nothing is recorded.
    ///
    /// # Errors
    /// [`ExportError::TooManySchedules`], [`ExportError::RateLimited`], [`ExportError::Quota`],
    /// [`ExportError::IdempotencyConflict`], [`ExportError::NoState`], [`ExportError::State`].
    pub async fn create_schedule(&self, creation: ScheduleCreation<'_>) -> Result<Created, ExportError> {
        let caller = creation.caller;
        let (created, record) = self
            .create_once(caller, creation.idempotency.as_ref(), async |transaction| {
                let rate = self.count_creations(transaction, caller, 1).await?;
                self.check_number(transaction, caller).await?;
                self.check_quotas(transaction, std::slice::from_ref(&creation.schedule.export))
                    .await?;
                let record: String = query_scalar(INSERT)
                    .bind(write(&creation.schedule)?)
                    .fetch_one(transaction)
                    .await?;
                let record: ScheduleRecord = read(&record)?;
                Ok(((creation.answer)(&record), rate, record))
            })
            .await?;
        if let Some(record) = record {
            tracing::info!(
                action = Action::ExportScheduleCreated.name(),
                caller = caller.name,
                subject = %caller.subject,
                schedule = record.id,
                dataset = record.dataset,
                format = record.format,
                recurrence = record.schedule_pattern,
                zone = record.zone,
                workspace = record.workspace_id
            );
        }
        Ok(created)
    }

    async fn check_number(&self, transaction: &mut PgConnection, caller: &Caller) -> Result<(), ExportError> {
        let limit = self.options().schedules_per_user;
        let schedules: i64 = query_scalar(
            "select count(*) from decant.export_schedules where subject = $1 and status <> 'ended'",
        )
        .bind(caller.subject.to_string())
        .fetch_one(transaction)
        .await?;
        match schedules >= i64::from(limit) && !caller.is_administrator() {
            true => Err(ExportError::TooManySchedules { limit }),
            false => Ok(()),
        }
    }
}
