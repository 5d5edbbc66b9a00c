//! Reads new probes once a second for all streams together, while there is a stream.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{Semaphore, broadcast};
use tokio::time::sleep;

use super::ProbeError;
use super::log::{Bounds, Log};
use super::position::Position;
use super::request::{BACKLOG_MAX, SearchableProbe, StreamRequest};
use super::stream::{Opening, ProbeStream};
use crate::hub_tables::HubTables;
use crate::source::Source;

const READ_EVERY: Duration = Duration::from_secs(1);

/// Reads in a row that may fail in the database before all streams end.
const FAILURES_MAX: u32 = 5;

/// Probes that wait in memory for the slowest stream. A stream that is further behind misses the oldest of them.
const WAITING_MAX: usize = 1024;

/// New probes, for any number of streams.
#[derive(Debug)]
pub struct ProbeFeed {
    source: Source,
    hub_tables: HubTables,
    streams_max: u32,
    streams: Arc<Semaphore>,
    /// `None` while no stream runs.
    running: Mutex<Option<broadcast::Sender<Arc<SearchableProbe>>>>,
}

impl ProbeFeed {
    #[must_use]
    pub fn new(source: Source, hub_tables: HubTables, streams_max: u32) -> Self {
        Self {
            source,
            hub_tables,
            streams_max,
            streams: Arc::new(Semaphore::new(streams_max as usize)),
            running: Mutex::default(),
        }
    }

    /// Begins a stream. `last_event` is the id of the last event that the client has of an earlier stream.
    ///
    /// # Errors
    /// [`ProbeError`].
    pub async fn open(
        self: &Arc<Self>,
        request: StreamRequest,
        last_event: Option<i64>,
    ) -> Result<ProbeStream, ProbeError> {
        let streams = Arc::clone(&self.streams);
        let permit = streams.try_acquire_owned();
        let permit = permit.map_err(|_| ProbeError::TooManyStreams(self.streams_max))?;
        // It listens before it reads the backlog, so that it misses no row between the two.
        let rows = self.listen().await?;
        let mut connection = self.source.for_query().await?;
        let mut log = Log::open(&mut connection, &self.hub_tables).await?;
        let bounds = log.bounds().await?;
        let after = known(last_event, bounds);
        let limit = match after {
            Some(_) => BACKLOG_MAX + 1,
            None => request.backlog,
        };
        let backlog = log.newest(&request.filter, after, limit).await?;
        Ok(ProbeStream::new(
            Opening {
                backlog,
                after,
                bounds,
            },
            request.filter,
            rows,
            permit,
        ))
    }

    /// Returns the probes of the feed from now on. Starts it for the first stream.
    async fn listen(self: &Arc<Self>) -> Result<broadcast::Receiver<Arc<SearchableProbe>>, ProbeError> {
        if let Some(rows) = self.running().as_ref() {
            return Ok(rows.subscribe());
        }
        let mut connection = self.source.for_query().await?;
        let mut log = Log::open(&mut connection, &self.hub_tables).await?;
        let table = log.table_oid().await?;
        let position = log.position().await?;
        drop(connection);
        let mut running = self.running();
        if let Some(rows) = running.as_ref() {
            return Ok(rows.subscribe());
        }
        let (sender, rows) = broadcast::channel(WAITING_MAX);
        *running = Some(sender.clone());
        drop(running);
        tokio::spawn(Arc::clone(self).run(sender, table, position));
        Ok(rows)
    }

    /// Reads until no stream is left. A failure that lasts ends all streams, whose clients then ask again from where they are.
    async fn run(
        self: Arc<Self>,
        sender: broadcast::Sender<Arc<SearchableProbe>>,
        table: i64,
        mut position: Position,
    ) {
        let mut failures = 0;
        loop {
            sleep(READ_EVERY).await;
            if self.end_if_unused(&sender) {
                return;
            }
            match self.read(table, &mut position).await {
                Ok(rows) => {
                    failures = 0;
                    rows.into_iter().for_each(|row| _ = sender.send(row));
                }
                // A busy database is asked again. The position is that of the last rows.
                Err(ProbeError::Database(_)) if failures < FAILURES_MAX => failures += 1,
                Err(error) => {
                    tracing::warn!(%error, "the streams of probes end");
                    *self.running() = None;
                    return;
                }
            }
        }
    }

    async fn read(
        &self,
        table: i64,
        position: &mut Position,
    ) -> Result<Vec<Arc<SearchableProbe>>, ProbeError> {
        let mut connection = self.source.for_query().await?;
        let mut log = Log::open(&mut connection, &self.hub_tables).await?;
        let unread = log.unread(position).await?;
        // A table that was emptied may begin with the first id again.
        let begins_again = unread.newest.is_some_and(|newest| newest < position.floor());
        if unread.table != table || begins_again {
            return Err(ProbeError::Replaced);
        }
        position.advance(unread.rows.iter().map(|row| row.probe.id), Instant::now());
        Ok(unread.rows)
    }

    /// Within the lock, because a stream that begins now must find the feed running or not at all.
    fn end_if_unused(&self, sender: &broadcast::Sender<Arc<SearchableProbe>>) -> bool {
        let mut running = self.running();
        let is_unused = sender.receiver_count() == 0;
        if is_unused {
            *running = None;
        }
        is_unused
    }

    fn running(&self) -> std::sync::MutexGuard<'_, Option<broadcast::Sender<Arc<SearchableProbe>>>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns the id after which a stream goes on. An id that the log has not reached is of another database, which a restore has
/// replaced.
fn known(last_event: Option<i64>, bounds: Bounds) -> Option<i64> {
    last_event.filter(|id| bounds.newest.is_some_and(|newest| *id <= newest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_of_another_database_is_not_known() {
        let bounds = Bounds {
            oldest: Some(3),
            newest: Some(9),
        };
        assert_eq!(known(Some(9), bounds), Some(9));
        assert_eq!(known(Some(1), bounds), Some(1));
        assert_eq!(known(Some(10), bounds), None);
        assert_eq!(known(Some(1), Bounds::default()), None);
        assert_eq!(known(None, bounds), None);
    }
}
