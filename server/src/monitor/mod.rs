//! How a process is: whether it can work, and its metrics.
//!
//! | module | content |
//! |---|---|
//! | `readiness` | each part that Decant needs, checked |
//! | `scrape` | all metrics as text |
//! | [`redis_server`] | a Redis of the settings |

mod readiness;
pub mod redis_server;
mod scrape;

use std::sync::Arc;
use std::time::Duration;

use prometheus::Registry;
use prometheus::core::Collector;
use prometheus::process_collector::ProcessCollector;
use secrecy::SecretString;
use tokio_util::sync::CancellationToken;

use self::redis_server::RedisServer;
use crate::cached::Cached;
use crate::exports::backlog::Backlog;
use crate::metrics::Collectors;
use crate::source::Source;
use crate::state::State;
use crate::storage::Storage;

pub use readiness::NotReady;
pub use scrape::MEDIA_TYPE;

/// How long the result of a check of the storage is kept: a bucket counts requests.
const STORAGE_KEPT: Duration = Duration::from_secs(30);

/// How long the result of a check of Redis is kept.
const REDIS_KEPT: Duration = Duration::from_secs(5);

/// Answers the questions of orchestrators and of monitoring about this process.
pub struct Monitor {
    source: Source,
    state: State,
    backlog: Backlog,
    storage: Storage,
    /// Whether the storage answered.
    storage_answers: Cached<bool>,
    redis: Arc<[RedisServer]>,
    /// The settings of those that did not answer.
    silent_redis: Cached<Vec<&'static str>>,
    registry: Registry,
    token: Option<SecretString>,
    stopping: CancellationToken,
}

/// The parts of a process that a [`Monitor`] asks.
pub struct Parts {
    pub source: Source,
    pub state: State,
    pub storage: Storage,
    pub redis: Vec<RedisServer>,
    /// The metrics of all domains.
    pub collectors: Collectors,
    pub options: Options,
    /// Cancelled when the process is asked to stop: it is not ready from then on.
    pub stopping: CancellationToken,
}

/// The settings of metrics.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Readers of the metrics need it; `None` admits everybody.
    pub token: Option<SecretString>,
}

impl Monitor {
    /// # Panics
    /// If two metrics have the same name.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        Self {
            registry: registry(parts.collectors),
            backlog: Backlog::new(parts.state.clone()),
            source: parts.source,
            state: parts.state,
            storage: parts.storage,
            storage_answers: Cached::new(STORAGE_KEPT),
            redis: parts.redis.into(),
            silent_redis: Cached::new(REDIS_KEPT),
            token: parts.options.token,
            stopping: parts.stopping,
        }
    }

    /// Returns the token that a reader of the metrics needs; `None` if everybody may read them.
    #[must_use]
    pub fn metrics_token(&self) -> Option<&SecretString> {
        self.token.as_ref()
    }
}

/// Returns the metrics of the domains and of the process.
fn registry(collectors: Collectors) -> Registry {
    let registry = Registry::new();
    let process: Box<dyn Collector> = Box::new(ProcessCollector::for_self());
    for collector in collectors.into_iter().chain([process]) {
        registry
            .register(collector)
            .expect("each metric has a name of its own");
    }
    registry
}
