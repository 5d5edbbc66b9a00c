//! Creates, finds, lists, changes and deletes schedules.

use api::schedules::ScheduleStatus;
use sqlx::{Connection, PgConnection, query, query_scalar};

use super::new_schedule::{NewSchedule, ScheduleChanges};
use super::record::ScheduleRecord;
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

/// Which schedules are listed, the newest first.
#[derive(Clone, Debug, Default)]
pub struct ScheduleListRequest {
    /// Only those of this subject, or of everybody.
    pub subject: Option<String>,
    /// Not those that an administrator has created.
    pub without_admins: bool,
    pub status: Option<ScheduleStatus>,
    pub limit: u32,
    pub offset: u64,
}

/// A page of schedules.
pub struct ScheduleListing {
    pub records: Vec<ScheduleRecord>,
    /// The number of all.
    pub total: u64,
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

/// Changes the schedule `$1` by the members of the JSON object `$2`, and returns it as JSON. Failures are forgotten when it becomes
/// active. The export and its credential come together.
const CHANGE: &str = "update decant.export_schedules s set \
         name = coalesce(n.name, s.name), request = n.request, missed = coalesce(n.missed, s.missed), \
         max_failures = coalesce(n.max_failures, s.max_failures), status = coalesce(n.status, s.status), \
         failure_count = case when n.status = 'active' then 0 else s.failure_count end, \
         last_error = case when n.status = 'active' then null else s.last_error end, \
         caller = coalesce(n.caller, s.caller), credential = coalesce(n.credential, s.credential), \
         role = coalesce(n.role, s.role), \
         authorized_at = case when n.is_authorized then now() else s.authorized_at end, \
         scope = coalesce(n.scope, s.scope), export_type = coalesce(n.export_type, s.export_type), \
         dataset = coalesce(n.dataset, s.dataset), format = coalesce(n.format, s.format), \
         options = coalesce(n.options, s.options), parameters = coalesce(n.parameters, s.parameters), \
         selection = coalesce(n.selection, s.selection), retention_hours = coalesce(n.retention_hours, s.retention_hours), \
         file_name_pattern = case when n.dataset is null then s.file_name_pattern else n.file_name_pattern end, \
         schedule_pattern = coalesce(n.schedule_pattern, s.schedule_pattern), zone = coalesce(n.zone, s.zone), \
         starts_at = coalesce(n.starts_at, s.starts_at), next_run_time = coalesce(n.next_run_time, s.next_run_time), \
         updated_at = now() \
     from jsonb_to_record($2::jsonb) as n \
         (name text, request jsonb, missed text, max_failures integer, status text, caller text, credential text, role text, \
          is_authorized boolean, scope jsonb, export_type text, dataset text, format text, options jsonb, parameters jsonb, \
          selection jsonb, retention_hours integer, file_name_pattern text, schedule_pattern text, zone text, \
          starts_at timestamptz, next_run_time timestamptz) \
     where s.id = $1 returning row_to_json(s)::text";

/// Which schedules a page has. `$1`, `$2` and `$3` may be null or false.
macro_rules! listed {
    ($select:literal, $rest:literal) => {
        concat!(
            "select ",
            $select,
            " from decant.export_schedules s where ($1::text is null or subject = $1) and (not $2 or role = 'user') \
             and ($3::text is null or status = $3)",
            $rest
        )
    };
}

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
    async fn count_creation(
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

    /// Returns the schedule with this id.
    ///
    /// # Errors
    /// [`ExportError::UnknownSchedule`], also for a text that is no id; [`ExportError::NoState`], [`ExportError::State`].
    pub async fn find_schedule(&self, id: &str) -> Result<ScheduleRecord, ExportError> {
        let number: Option<i64> = id.parse().ok();
        let found = self
            .run(async |connection| {
                let Some(number) = number else {
                    return Ok(None);
                };
                let record: Option<String> =
                    query_scalar("select row_to_json(s)::text from decant.export_schedules s where id = $1")
                        .bind(number)
                        .fetch_optional(&mut **connection)
                        .await?;
                Ok(record.map(|record| read(&record)).transpose()?)
            })
            .await?;
        found.ok_or_else(|| ExportError::UnknownSchedule(id.to_owned()))
    }

    /// Returns a page of schedules and the number of all.
    ///
    /// # Errors
    /// [`ExportError::NoState`], [`ExportError::State`].
    pub async fn list_schedules(
        &self,
        request: &ScheduleListRequest,
    ) -> Result<ScheduleListing, ExportError> {
        self.run(async |connection| {
            let status = request.status.map(ScheduleStatus::word);
            let records: Vec<String> = query_scalar(listed!(
                "row_to_json(s)::text",
                " order by id desc limit $4 offset $5"
            ))
            .bind(&request.subject)
            .bind(request.without_admins)
            .bind(status)
            .bind(i64::from(request.limit))
            .bind(i64::try_from(request.offset).unwrap_or(i64::MAX))
            .fetch_all(&mut **connection)
            .await?;
            let total: i64 = query_scalar(listed!("count(*)", ""))
                .bind(&request.subject)
                .bind(request.without_admins)
                .bind(status)
                .fetch_one(&mut **connection)
                .await?;
            let records = records.iter().map(|record| read(record));
            Ok(ScheduleListing {
                records: records.collect::<sqlx::Result<_>>()?,
                total: total.unsigned_abs(),
            })
        })
        .await
    }

    /// Changes a schedule, and returns it. New times count as an export that the caller creates.
    ///
    /// # Errors
    /// [`ExportError::UnknownSchedule`] if it was deleted meanwhile; [`ExportError::RateLimited`]; [`ExportError::NoState`],
    /// [`ExportError::State`].
    pub async fn change_schedule(
        &self,
        record: &ScheduleRecord,
        caller: &Caller,
        changes: &ScheduleChanges,
    ) -> Result<ScheduleRecord, ExportError> {
        let changed = self
            .run(async |connection| {
                let mut transaction = connection.begin().await?;
                if changes.times.is_some() {
                    self.count_creation(&mut transaction, caller).await?;
                }
                let changed: Option<String> = query_scalar(CHANGE)
                    .bind(record.id)
                    .bind(json(changes)?)
                    .fetch_optional(&mut *transaction)
                    .await?;
                transaction.commit().await?;
                Ok(changed.map(|changed| read(&changed)).transpose()?)
            })
            .await
            .inspect_err(|error| record_refusal(caller, error))?;
        let changed: ScheduleRecord =
            changed.ok_or_else(|| ExportError::UnknownSchedule(record.id.to_string()))?;
        let action = match changed.status {
            ScheduleStatus::Paused if record.status != ScheduleStatus::Paused => Action::ExportSchedulePaused,
            _ => Action::ExportScheduleChanged,
        };
        log_change(action, &changed, caller);
        Ok(changed)
    }

    /// Deletes a schedule. Its exports stay.
    ///
    /// # Errors
    /// [`ExportError::NoState`], [`ExportError::State`].
    pub async fn delete_schedule(&self, record: &ScheduleRecord, caller: &Caller) -> Result<(), ExportError> {
        self.run(async |connection| {
            let mut transaction = connection.begin().await?;
            // A worker that records an end locks the export first and then the schedule; so does this.
            for statement in [
                "update decant.data_exports set schedule_id = null where schedule_id = $1",
                "delete from decant.export_schedules where id = $1",
            ] {
                query(statement)
                    .bind(record.id)
                    .execute(&mut *transaction)
                    .await?;
            }
            Ok(transaction.commit().await?)
        })
        .await?;
        log_change(Action::ExportScheduleDeleted, record, caller);
        Ok(())
    }
}

fn log_change(action: Action, record: &ScheduleRecord, caller: &Caller) {
    tracing::info!(
        action = action.name(),
        caller = caller.name,
        subject = %caller.subject,
        schedule = record.id,
        owner = record.subject,
        dataset = record.dataset,
        recurrence = record.schedule_pattern,
        zone = record.zone,
        workspace = record.workspace_id
    );
}

fn json(value: &impl serde::Serialize) -> sqlx::Result<String> {
    serde_json::to_string(value).map_err(|error| sqlx::Error::Encode(error.into()))
}

/// Reads a schedule that PostgreSQL has written as JSON.
///
/// # Errors
/// [`sqlx::Error::Decode`] for one of a newer version.
pub(super) fn read(json: &str) -> sqlx::Result<ScheduleRecord> {
    serde_json::from_str(json).map_err(|error| sqlx::Error::Decode(error.into()))
}
