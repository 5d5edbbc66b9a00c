//! Takes exports while there is room, until the process stops.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::sync::broadcast::error::RecvError;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use super::attempt::{Attempt, Maker};
use crate::exports::files::ExportFiles;
use crate::exports::metrics::ExportMetrics;
use crate::exports::notices::{Notice, Notices};
use crate::exports::options::Options;
use crate::exports::plan::Planner;
use crate::exports::queue::Queue;
use crate::exports::sending::{Deliverer, Sender};
use crate::state::State;

/// The shortest time between two looks at the queue, so that many notices cause few.
const LOOK_AFTER: Duration = Duration::from_millis(20);

/// The workers of this process.
pub struct Workers {
    queue: Queue,
    notices: Notices,
    metrics: ExportMetrics,
    maker: Arc<Maker>,
    workers: Vec<Worker>,
    deliverer: Option<Deliverer>,
    poll: Duration,
    stopping: CancellationToken,
}

/// What workers need.
pub struct Parts {
    pub state: State,
    pub options: Options,
    pub notices: Notices,
    pub metrics: ExportMetrics,
    pub planner: Planner,
    pub files: ExportFiles,
    /// `None`: this process leaves deliveries to others.
    pub sender: Option<Sender>,
    /// How long a stream of rows may be silent.
    pub heartbeat: Duration,
    /// No export is begun once it is cancelled.
    pub stopping: CancellationToken,
    /// Exports that run are given back once it is cancelled.
    pub abort: CancellationToken,
}

/// A worker, and the room that it has for exports.
struct Worker {
    name: String,
    room: Arc<Semaphore>,
}

/// Returns the name of this process among those that use the same state database.
fn process_name() -> String {
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    format!("{}-{}", host.trim(), std::process::id())
}

impl Workers {
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        let (process, options) = (process_name(), &parts.options);
        let worker = |number| Worker {
            name: format!("{process}-{number}"),
            room: Arc::new(Semaphore::new(options.at_once as usize)),
        };
        Self {
            workers: (1..=options.workers).map(worker).collect(),
            // Without workers, a process makes no deliveries either.
            deliverer: parts.sender.filter(|_| options.workers > 0).map(|sender| {
                Deliverer::new(
                    parts.state.clone(),
                    sender,
                    parts.notices.clone(),
                    parts.metrics.clone(),
                    (options.lease, options.poll),
                    (parts.stopping.clone(), parts.abort.clone()),
                )
            }),
            poll: options.poll,
            queue: Queue::new(parts.state, parts.options.clone(), parts.metrics.clone()),
            notices: parts.notices.clone(),
            metrics: parts.metrics.clone(),
            stopping: parts.stopping,
            maker: Arc::new(Maker {
                planner: parts.planner,
                files: parts.files,
                notices: parts.notices,
                metrics: parts.metrics,
                bytes_max: parts.options.bytes_max,
                has_quota: parts.options.user_quota.is_some() || parts.options.workspace_quota.is_some(),
                heartbeat: parts.heartbeat,
                abort: parts.abort,
            }),
        }
    }

    /// Makes exports and deliveries until the process stops, and waits for those that run. Without workers, it only moves exports whose time has
    /// come.
    pub async fn run(mut self) {
        let deliveries = self
            .deliverer
            .take()
            .map(|deliverer| tokio::spawn(deliverer.run()));
        self.make_exports().await;
        if let Some(deliveries) = deliveries
            && let Err(error) = deliveries.await
        {
            tracing::error!(%error, "deliveries have stopped");
        }
    }

    async fn make_exports(self) {
        self.metrics.set_workers(self.workers.len());
        let mut notices = self.notices.subscribe();
        let mut running = JoinSet::new();
        let mut is_away = false;
        while !self.stopping.is_cancelled() {
            let looked = self.look(&mut running).await;
            if let Err(error) = &looked
                && !is_away
            {
                tracing::error!(%error, "workers wait for the state database");
            }
            is_away = looked.is_err();
            let next = Instant::now() + self.poll;
            let wake = async {
                loop {
                    match notices.recv().await {
                        // Notices that were missed may have been of this kind.
                        Ok(Notice::Queued) | Err(RecvError::Lagged(_)) => return,
                        Ok(Notice::Changed(_) | Notice::CancelAsked(_)) => {}
                        Err(RecvError::Closed) => std::future::pending().await,
                    }
                }
            };
            tokio::select! {
                () = self.stopping.cancelled() => break,
                () = wake => {}
                Some(_) = running.join_next() => {}
                () = sleep_until(next) => continue,
            }
            sleep_until(Instant::now() + LOOK_AFTER).await;
        }
        self.metrics.set_workers(0);
        while running.join_next().await.is_some() {}
    }

    /// Starts as many exports as there is room for.
    async fn look(&self, running: &mut JoinSet<()>) -> Result<(), crate::state::StateError> {
        if !self.queue.tidy().await? {
            return Ok(());
        }
        // In turn, so that each worker gets one before the first gets a second.
        loop {
            let mut began = false;
            for worker in &self.workers {
                let Ok(room) = Arc::clone(&worker.room).try_acquire_owned() else {
                    continue;
                };
                let Some((record, lease)) = self.queue.claim(&worker.name).await? else {
                    return Ok(());
                };
                began = true;
                let attempt = Attempt::new(Arc::clone(&self.maker), record, lease);
                running.spawn(async move {
                    attempt.run().await;
                    drop(room);
                });
            }
            if !began {
                return Ok(());
            }
        }
    }
}
