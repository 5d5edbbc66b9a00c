//! Takes the next export for a worker.

use sqlx::{Connection, query, query_scalar};

use super::lease::Lease;
use crate::exports::metrics::ExportMetrics;
use crate::exports::options::Options;
use crate::exports::record::ExportRecord;
use crate::state::json::read;
use crate::state::{Purpose, State, StateError};

/// Key of the advisory lock of claims: `dcnt` in ASCII, and a number. With it, no two workers count the running exports at once.
const CLAIM_LOCK: i64 = 0x6463_6e74_0002;

/// Takes the export that is next, if one may start. `$1` is the worker, `$2` the seconds of its lease, `$3` and `$4` are the limits
/// of a person and of a workspace. All processes hear of it.
///
/// A lane is what one person has waiting in one workspace, or in none. Each lane's first export is found by the index, so the
/// length of a lane does not matter. Among equal priorities, the person with fewest running exports is next, and then who waited
/// longest since their last turn.
const CLAIM: &str = "with recursive lanes as ( \
         (select subject, coalesce(workspace_id, '') as workspace from decant.data_exports where status = 'queued' \
          order by subject, coalesce(workspace_id, '') limit 1) \
         union all \
         select next.subject, next.workspace from lanes l cross join lateral ( \
             select e.subject, coalesce(e.workspace_id, '') as workspace from decant.data_exports e \
             where e.status = 'queued' and (e.subject, coalesce(e.workspace_id, '')) > (l.subject, l.workspace) \
             order by e.subject, coalesce(e.workspace_id, '') limit 1) next), \
     running as (select subject, workspace_id from decant.data_exports where status = 'processing'), \
     of_people as (select subject, count(*) as running from running group by subject), \
     of_workspaces as (select workspace_id, count(*) as running from running where workspace_id is not null \
                       group by workspace_id), \
     next as ( \
         select head.id from lanes l \
         left join of_people p on p.subject = l.subject \
         left join of_workspaces w on w.workspace_id = l.workspace \
         left join decant.export_turns t on t.subject = l.subject \
         cross join lateral ( \
             select e.id, e.priority, e.not_before from decant.data_exports e \
             where e.status = 'queued' and e.subject = l.subject and coalesce(e.workspace_id, '') = l.workspace \
             and e.not_before <= now() order by e.priority desc, e.not_before, e.id limit 1) head \
         where coalesce(p.running, 0) < $3 and coalesce(w.running, 0) < $4 \
         order by head.priority desc, coalesce(p.running, 0), t.claimed_at nulls first, head.not_before, head.id limit 1), \
     claimed as ( \
         update decant.data_exports e set status = 'processing', lease_holder = $1, \
             lease_until = now() + make_interval(secs => $2), lease_fence = lease_fence + 1, attempts = attempts + 1, \
             started_at = coalesce(started_at, now()), progress = 0, rows_done = 0, bytes_done = 0, rows_expected = null \
         from next where e.id = next.id and e.status = 'queued' returning e.*), \
     turn as ( \
         insert into decant.export_turns as t (subject, claimed_at) select subject, clock_timestamp() from claimed \
         on conflict (subject) do update set claimed_at = excluded.claimed_at), \
     logged as ( \
         insert into decant.export_logs (export_id, event_type, level, message) \
         select id, 'start', 'info', 'Started by ' || $1 || case when attempts > 1 then ', attempt ' || attempts else '' end \
         from claimed) \
     select row_to_json(claimed)::text from claimed where pg_notify('decant_exports', 'changed ' || id) is not null";

/// The exports that wait, for workers.
#[derive(Clone)]
pub(in crate::exports) struct Queue {
    pub(super) state: State,
    pub(super) options: Options,
    pub(super) metrics: ExportMetrics,
}

impl Queue {
    pub fn new(state: State, options: Options, metrics: ExportMetrics) -> Self {
        Self {
            state,
            options,
            metrics,
        }
    }

    /// Takes the next export for a worker, or `None`: none may start now.
    ///
    /// # Errors
    /// [`StateError`].
    pub async fn claim(&self, worker: &str) -> Result<Option<(ExportRecord, Lease)>, StateError> {
        let mut connection = self.state.connection(Purpose::Work).await?;
        let mut transaction = connection.begin().await?;
        query("select pg_advisory_xact_lock($1)")
            .bind(CLAIM_LOCK)
            .execute(&mut *transaction)
            .await?;
        let claimed: Option<String> = query_scalar(CLAIM)
            .bind(worker)
            .bind(self.options.lease.as_secs_f64())
            .bind(i64::from(self.options.per_user))
            .bind(i64::from(self.options.per_workspace))
            .fetch_optional(&mut *transaction)
            .await?;
        transaction.commit().await?;
        let Some(claimed) = claimed else {
            return Ok(None);
        };
        let record = read(&claimed)?;
        let lease = Lease::new(self.state.clone(), &self.options, &record);
        Ok(Some((record, lease)))
    }
}
