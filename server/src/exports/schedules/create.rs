//! Records new schedules, within the limits of their owners.

use sqlx::{Connection, PgConnection, query_scalar};

use super::new_schedule::NewSchedule;
use super::record::{ScheduleRecord, read};
use crate::audit::Action;
use crate::auth::Caller;
use crate::exports::error::ExportError;
use crate::exports::idempotency::{IdempotencyKey, StoredAnswer};
use crate::exports::limits::{Rate, count_creations};
use crate::exports::store::{Created, ExportStore, record_refusal};

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
          max_failures) \
     select n.name, n.subject, n.caller, n.credential, n.role, n.scope, n.workspace_id, n.export_type, n.dataset, n.format, \
         n.options, n.parameters, n.selection, n.retention_hours, n.file_name_pattern, n.request, n.schedule_pattern, n.zone, \
         n.starts_at, n.missed, n.next_run_time, n.max_failures \
     from jsonb_to_record($1::jsonb) as n \
         (name text, subject text, caller text, credential text, role text, scope jsonb, workspace_id text, export_type text, \
          dataset text, format text, options jsonb, parameters jsonb, selection jsonb, retention_hours integer, \
          file_name_pattern text, request jsonb, schedule_pattern text, zone text, starts_at timestamptz, missed text, \
          next_run_time timestamptz, max_failures integer) \
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
            .run(async |connection| {
                let mut transaction = connection.begin().await?;
                let created = self.create_schedule_within(&mut transaction, &creation).await?;
                transaction.commit().await?;
                Ok(created)
            })
            .await
            .inspect_err(|error| record_refusal(caller, error))?;
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

    async fn create_schedule_within(
        &self,
        transaction: &mut PgConnection,
        creation: &ScheduleCreation<'_>,
    ) -> Result<(Created, Option<ScheduleRecord>), ExportError> {
        let ScheduleCreation {
            caller,
            schedule,
            idempotency,
            answer,
        } = creation;
        let subject = caller.subject.to_string();
        if let Some(key) = idempotency
            && let Some(answer) = key.take(transaction, &subject).await?
        {
            let created = Created {
                answer,
                is_replayed: true,
                rate: None,
            };
            return Ok((created, None));
        }
        let rate = self.count_creation(transaction, caller).await?;
        self.check_number(transaction, caller, &subject).await?;
        self.check_quotas(transaction, std::slice::from_ref(&schedule.export))
            .await?;
        let record: String = query_scalar(INSERT)
            .bind(json(schedule)?)
            .fetch_one(&mut *transaction)
            .await?;
        let record = read(&record)?;
        let answer = answer(&record);
        if let Some(key) = idempotency {
            key.keep(transaction, &subject, &answer).await?;
        }
        let created = Created {
            answer,
            is_replayed: false,
            rate,
        };
        Ok((created, Some(record)))
    }

    /// Counts a schedule, or new times of one, as an export that the caller creates.
    ///
    /// # Errors
    /// [`ExportError::RateLimited`]; [`ExportError::State`].
    pub(super) async fn count_creation(
        &self,
        transaction: &mut PgConnection,
        caller: &Caller,
    ) -> Result<Option<Rate>, ExportError> {
        match self.options().rate_limit.filter(|_| !caller.is_administrator()) {
            None => Ok(None),
            Some(limit) => {
                let subject = caller.subject.to_string();
                Ok(Some(count_creations(transaction, &subject, limit, 1).await?))
            }
        }
    }

    async fn check_number(
        &self,
        transaction: &mut PgConnection,
        caller: &Caller,
        subject: &str,
    ) -> Result<(), ExportError> {
        let limit = self.options().schedules_per_user;
        let schedules: i64 = query_scalar(
            "select count(*) from decant.export_schedules where subject = $1 and status <> 'ended'",
        )
        .bind(subject)
        .fetch_one(transaction)
        .await?;
        match schedules >= i64::from(limit) && !caller.is_administrator() {
            true => Err(ExportError::TooManySchedules { limit }),
            false => Ok(()),
        }
    }
}

/// Returns the JSON of columns.
///
/// # Errors
/// [`sqlx::Error::Encode`]; never for columns of a schedule.
pub(super) fn json(value: &impl serde::Serialize) -> sqlx::Result<String> {
    serde_json::to_string(value).map_err(|error| sqlx::Error::Encode(error.into()))
}
