//! Records new exports.

use api::exports::ExportStatus;
use sqlx::{Connection, PgConnection, query_scalar};
use uuid::Uuid;

use super::records::ExportStore;
use crate::audit::Action;
use crate::auth::Caller;
use crate::exports::deliveries;
use crate::exports::error::ExportError;
use crate::exports::idempotency::{IdempotencyKey, StoredAnswer};
use crate::exports::increments;
use crate::exports::limits::{Rate, count_creations, storage_usage};
use crate::exports::new_export::NewExport;
use crate::exports::record::ExportRecord;
use crate::state::json::{read, write};

/// Exports that one request creates, all or none of them.
pub struct Creation<'a> {
    pub caller: &'a Caller,
    pub exports: Vec<NewExport>,
    pub idempotency: Option<IdempotencyKey>,
    /// Makes the answer, which is kept for the request's repetitions.
    pub answer: &'a (dyn Fn(&[ExportRecord]) -> StoredAnswer + Sync),
}

/// What became of a request that creates exports.
pub struct Created {
    pub answer: StoredAnswer,
    /// Whether it is the answer of an earlier request with the same key.
    pub is_replayed: bool,
    /// What remains of the caller's hour; `None` for administrators.
    pub rate: Option<Rate>,
}

/// Inserts exports, which are the members of a JSON array, and returns them as JSON. Another server may have created a run of a
/// schedule already; it is left out then.
const INSERT: &str = "with added as ( \
         insert into decant.data_exports \
             (id, subject, caller, credential, role, scope, workspace_id, export_type, dataset, format, options, parameters, \
              selection, parent_id, status, priority, not_before, total_items, file_name, file_name_pattern, \
              retention_hours, schedule_id, due, authorized_at, incremental, rows_from, rows_before) \
         select n.id, n.subject, n.caller, n.credential, n.role, n.scope, n.workspace_id, n.export_type, n.dataset, n.format, \
             n.options, n.parameters, n.selection, n.parent_id, \
             case when n.not_before > now() then 'scheduled' else 'queued' end, \
             n.priority, greatest(n.not_before, now()), n.total_items, n.file_name, n.file_name_pattern, \
             n.retention_hours, n.schedule_id, n.due, n.authorized_at, n.incremental, n.rows_from, n.rows_before \
         from jsonb_to_recordset($1::jsonb) as n \
             (id uuid, subject text, caller text, credential text, role text, scope jsonb, workspace_id text, \
              export_type text, dataset text, format text, options jsonb, parameters jsonb, selection jsonb, \
              parent_id uuid, priority smallint, not_before timestamptz, total_items bigint, file_name text, \
              file_name_pattern text, retention_hours integer, schedule_id bigint, due timestamptz, authorized_at timestamptz, \
              incremental boolean, rows_from timestamptz, rows_before timestamptz) \
         on conflict (schedule_id, due) where schedule_id is not null do nothing \
         returning data_exports.*), \
     runs as ( \
         update decant.export_schedules s set last_run_time = now(), last_export_id = added.id \
         from added where s.id = added.schedule_id), \
     logged as ( \
         insert into decant.export_logs (export_id, event_type, level, message) \
         select id, 'created', 'info', 'Created by ' || $2 from added) \
     select row_to_json(added)::text from added order by id";

impl ExportStore {
    /// Records exports, and wakes the workers. An earlier request with the same key gets its answer again, and nothing is
    /// recorded.
    ///
    /// # Errors
    /// [`ExportError::RateLimited`], [`ExportError::Quota`], [`ExportError::RunNotOver`], [`ExportError::IdempotencyConflict`],
    /// [`ExportError::NoState`], [`ExportError::State`].
    pub async fn create(&self, creation: Creation<'_>) -> Result<Created, ExportError> {
        let caller = creation.caller;
        let (created, records) = self
            .create_once(caller, creation.idempotency.as_ref(), async |transaction| {
                let count = u32::try_from(creation.exports.len()).unwrap_or(u32::MAX);
                let rate = self.count_creations(transaction, caller, count).await?;
                self.check_quotas(transaction, &creation.exports).await?;
                increments::check_no_run(transaction, &creation.exports).await?;
                let records = insert(transaction, &creation.exports, &caller.name).await?;
                Ok(((creation.answer)(&records), rate, records))
            })
            .await?;
        let records = records.unwrap_or_default();
        let queued: Vec<Uuid> = records
            .iter()
            .filter(|record| record.status == ExportStatus::Queued)
            .map(|record| record.id)
            .collect();
        if let [first, _, ..] = records.as_slice() {
            tracing::info!(
                action = Action::ExportCreated.name(),
                caller = caller.name,
                subject = %caller.subject,
                exports = records.len(),
                first = %first.id
            );
        }
        if let [record] = records.as_slice() {
            tracing::info!(
                action = Action::ExportCreated.name(),
                caller = caller.name,
                subject = %caller.subject,
                export = %record.id,
                schedule = record.schedule_id,
                dataset = record.dataset,
                format = record.format,
                workspace = record.workspace_id
            );
        }
        // A request need not wait for a hint.
        let notices = self.notices.clone();
        tokio::spawn(async move { notices.queued(&queued).await });
        Ok(created)
    }

    /// Creates what a request asks for, in one transaction. An earlier request with the same key gets its answer again, and nothing
    /// is created. `create` returns the answer, what remains of the caller's hour, and what it has created.
    ///
    /// # Errors
    /// [`ExportError::IdempotencyConflict`], [`ExportError::NoState`], [`ExportError::State`]; those of `create`.
    pub(in crate::exports) async fn create_once<T>(
        &self,
        caller: &Caller,
        key: Option<&IdempotencyKey>,
        create: impl AsyncFnOnce(&mut PgConnection) -> Result<(StoredAnswer, Option<Rate>, T), ExportError>,
    ) -> Result<(Created, Option<T>), ExportError> {
        let subject = caller.subject.to_string();
        self.run(async |connection| {
            let mut transaction = connection.begin().await?;
            if let Some(key) = key
                && let Some(answer) = key.take(&mut transaction, &subject).await?
            {
                transaction.commit().await?;
                let created = Created {
                    answer,
                    is_replayed: true,
                    rate: None,
                };
                return Ok((created, None));
            }
            let (answer, rate, record) = create(&mut transaction).await?;
            if let Some(key) = key {
                key.keep(&mut transaction, &subject, &answer).await?;
            }
            transaction.commit().await?;
            let created = Created {
                answer,
                is_replayed: false,
                rate,
            };
            Ok((created, Some(record)))
        })
        .await
        .inspect_err(|error| record_refusal(caller, error))
    }

    /// Counts exports, or schedules, that the caller creates. Returns what remains of their hour; `None` for administrators.
    ///
    /// # Errors
    /// [`ExportError::RateLimited`]; [`ExportError::State`].
    pub(in crate::exports) async fn count_creations(
        &self,
        transaction: &mut PgConnection,
        caller: &Caller,
        count: u32,
    ) -> Result<Option<Rate>, ExportError> {
        match self.options.rate_limit.filter(|_| !caller.is_administrator()) {
            None => Ok(None),
            Some(limit) => {
                let subject = caller.subject.to_string();
                Ok(Some(count_creations(transaction, &subject, limit, count).await?))
            }
        }
    }

    /// Checks that each owner of storage has some left.
    ///
    /// # Errors
    /// [`ExportError::Quota`]; [`ExportError::State`].
    pub(in crate::exports) async fn check_quotas(
        &self,
        connection: &mut PgConnection,
        exports: &[NewExport],
    ) -> Result<(), ExportError> {
        let mut owners: Vec<_> = exports
            .iter()
            .map(|export| (export.file_owner().to_string(), export.workspace_id.is_some()))
            .collect();
        owners.sort();
        owners.dedup();
        for (owner, is_workspace) in owners {
            let (used, own) = storage_usage(connection, &owner).await?;
            if let Some(limit) = own.or(self.quota(is_workspace))
                && used >= limit
            {
                return Err(ExportError::Quota { used, limit });
            }
        }
        Ok(())
    }

    /// Returns the quota of an owner of storage without one of their own.
    pub(super) fn quota(&self, is_workspace: bool) -> Option<u64> {
        match is_workspace {
            true => self.options.workspace_quota,
            false => self.options.user_quota,
        }
    }
}

/// Inserts the exports, and returns them in the order of their ids.
///
/// # Errors
/// [`ExportError::State`].
pub(in crate::exports) async fn insert(
    transaction: &mut PgConnection,
    exports: &[NewExport],
    by: &str,
) -> Result<Vec<ExportRecord>, ExportError> {
    let records: Vec<String> = query_scalar(INSERT)
        .bind(write(&exports)?)
        .bind(by)
        .fetch_all(&mut *transaction)
        .await?;
    let records: Vec<ExportRecord> = records
        .iter()
        .map(|record| read(record))
        .collect::<sqlx::Result<_>>()?;
    let is_added = |id| records.binary_search_by_key(&id, |record| record.id).is_ok();
    let deliveries = exports
        .iter()
        .filter_map(|export| Some((export.id, export.delivery.as_ref()?)));
    deliveries::insert(transaction, deliveries.filter(|(id, _)| is_added(*id))).await?;
    Ok(records)
}

/// Records that a limit refuses a person who creates an export or a schedule.
pub(in crate::exports) fn record_refusal(caller: &Caller, error: &ExportError) {
    let action = match error {
        ExportError::RateLimited { .. } => Action::ExportRateLimited,
        ExportError::Quota { .. } => Action::ExportQuotaExceeded,
        _ => return,
    };
    tracing::warn!(action = action.name(), caller = caller.name, subject = %caller.subject, reason = %error);
}
