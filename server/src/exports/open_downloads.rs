//! The downloads that have not ended, and what follows them. A server that stops waits for both.

use std::time::Duration;

use tokio::runtime::Handle;
use tokio::time::timeout;
use tokio_util::task::TaskTracker;
use tokio_util::task::task_tracker::TaskTrackerToken;

/// Counts downloads. Clones share the count.
#[derive(Clone, Debug)]
pub struct OpenDownloads {
    tracker: TaskTracker,
    /// The runtime of the process. Those of the threads that serve requests end with their connections.
    runtime: Handle,
}

impl OpenDownloads {
    /// Counts none yet. This runtime runs the tasks that follow downloads.
    #[must_use]
    pub fn new(runtime: Handle) -> Self {
        Self {
            tracker: TaskTracker::new(),
            runtime,
        }
    }

    /// Counts a download until the token is dropped.
    pub(super) fn token(&self) -> TaskTrackerToken {
        self.tracker.token()
    }

    /// Runs what follows a download, whatever becomes of its connection.
    pub(super) fn spawn(&self, following: impl Future<Output = ()> + Send + 'static) {
        self.tracker.spawn_on(following, &self.runtime);
    }

    /// Waits until all downloads have ended and what follows them is done, for `wait_max` at most. Returns whether they have.
    pub async fn ended(&self, wait_max: Duration) -> bool {
        self.tracker.close();
        timeout(wait_max, self.tracker.wait()).await.is_ok()
    }
}
