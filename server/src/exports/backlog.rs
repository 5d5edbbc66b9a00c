//! Figures of the exports that wait, run and are stored, in all processes together.

use std::time::Duration;

use api::alerts::AlertKind;
use api::data_exports::QueueFigures;
use serde::Deserialize;
use sqlx::query_scalar;

use crate::cached::Cached;
use crate::state::{Purpose, State, json};

/// How long figures are kept, so that many readers cost the state database one query.
const FIGURES_KEPT: Duration = Duration::from_secs(5);

/// SQL of [`QueueFigures`] as JSON. The argument may bound the number of queued ones that are counted. The oldest of each priority is
/// the first entry of the index `data_exports_due`.
macro_rules! queue_figures {
    ($bound:literal) => {
        concat!(
            "select json_build_object( \
             'queued', (select count(*) from (select from decant.data_exports where status = 'queued' ",
            $bound,
            ") waiting), \
             'processing', count(*), \
             'oldestSeconds', (select extract(epoch from greatest(now() - min(oldest.not_before), '0'::interval))::bigint \
                 from generate_series(-10, 10) p (priority) cross join lateral ( \
                     select e.not_before from decant.data_exports e \
                     where e.status = 'queued' and e.priority = p.priority order by e.not_before limit 1) oldest having count(*) > 0), \
             'workers', count(distinct lease_holder)) \
         from decant.data_exports where status = 'processing'"
        )
    };
}
pub(in crate::exports) use queue_figures;

/// Queue and storage in one statement. In the order of the index, PostgreSQL reads 10,000 entries of it, and not half of the table.
/// The table of used space has one row an owner.
const FIGURES: &str = concat!(
    "select json_build_object('queue', (",
    queue_figures!("order by priority desc, not_before, id limit 10000"),
    "), 'stored', (select json_build_object( \
         'users', coalesce(sum(used_bytes) filter (where not starts_with(owner, 'workspace:')), 0)::bigint, \
         'workspaces', coalesce(sum(used_bytes) filter (where starts_with(owner, 'workspace:')), 0)::bigint) \
     from decant.storage_usage), \
     'alerts', (select coalesce(json_agg(kind), '[]') from decant.export_alerts), \
     'stoppedSchedules', (select count(*) from decant.export_schedules where status = 'error'))::text"
);

/// The figures of all exports in the state database.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct BacklogFigures {
    pub queue: QueueFigures,
    pub stored: StoredBytes,
    /// Alerts that have begun and are not over.
    pub alerts: Vec<AlertKind>,
    /// Schedules that have failed too often in a row.
    #[serde(rename = "stoppedSchedules")]
    pub stopped_schedules: u64,
}

/// Bytes of stored files, with what is reserved for those that are being written.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct StoredBytes {
    pub users: u64,
    pub workspaces: u64,
}

/// Reads the figures, at most every few seconds.
pub struct Backlog {
    state: State,
    cached: Cached<Option<BacklogFigures>>,
}

impl Backlog {
    #[must_use]
    pub fn new(state: State) -> Self {
        Self {
            state,
            cached: Cached::new(FIGURES_KEPT),
        }
    }

    /// Returns the figures, at most five seconds old. `None` without a state database, and while it does not answer within a second;
    /// the log has the reason.
    pub async fn figures(&self) -> Option<BacklogFigures> {
        self.cached.get(read(self.state.clone())).await
    }
}

async fn read(state: State) -> Option<BacklogFigures> {
    let reading = async {
        let mut connection = state.connection(Purpose::Health).await?;
        let json: String = query_scalar(FIGURES).fetch_one(&mut *connection).await?;
        Ok(json::read(&json)?)
    };
    state.promptly(Purpose::Health, reading).await
}
