//! Finds, lists, changes and deletes schedules.

use api::schedules::ScheduleStatus;
use sqlx::{Connection, query, query_scalar};

use super::new_schedule::ScheduleChanges;
use super::record::ScheduleRecord;
use crate::audit::Action;
use crate::auth::Caller;
use crate::exports::error::ExportError;
use crate::exports::store::{ExportStore, record_refusal};
use crate::state::json::{read, write};

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
         delivery = case when n.is_delivery then n.delivery else s.delivery end, \
         starts_at = coalesce(n.starts_at, s.starts_at), next_run_time = coalesce(n.next_run_time, s.next_run_time), \
         updated_at = now() \
     from jsonb_to_record($2::jsonb) as n \
         (name text, request jsonb, missed text, max_failures integer, status text, caller text, credential text, role text, \
          is_authorized boolean, scope jsonb, export_type text, dataset text, format text, options jsonb, parameters jsonb, \
          selection jsonb, retention_hours integer, file_name_pattern text, schedule_pattern text, zone text, \
          starts_at timestamptz, next_run_time timestamptz, is_delivery boolean, delivery jsonb) \
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
                    self.count_creations(&mut transaction, caller, 1).await?;
                }
                let changed: Option<String> = query_scalar(CHANGE)
                    .bind(record.id)
                    .bind(write(changes)?)
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
