//! Each part that Decant needs, checked. Without the exported database nothing works; without another part, some of it.
//!
//! Anybody may ask. The answer therefore names no address and quotes no error; the log has the reasons.

use std::sync::Arc;
use std::time::Duration;

use api::health::{CheckStatus, Readiness, ReadinessCheck, ReadinessPart, ReadinessStatus};
use tokio::time::timeout;

use super::Monitor;
use super::redis_server::RedisServer;
use crate::storage::Storage;

/// How long the storage may take to answer.
const STORAGE_MAX: Duration = Duration::from_secs(5);

/// Why a process does not take requests.
#[derive(Debug, thiserror::Error)]
pub enum NotReady {
    #[error("the server is stopping")]
    Stopping,
    #[error("the database does not answer: {0}")]
    Database(#[from] sqlx::Error),
}

impl Monitor {
    /// Checks that the exported database answers, and that the process was not asked to stop.
    ///
    /// # Errors
    /// [`NotReady`].
    pub async fn check_ready(&self) -> Result<(), NotReady> {
        if self.stopping.is_cancelled() {
            return Err(NotReady::Stopping);
        }
        let mut connection = self.source.for_health().await?;
        sqlx::query("select 1").execute(&mut *connection).await?;
        Ok(())
    }

    /// Checks every part, all at the same time.
    ///
    /// # Errors
    /// [`NotReady::Stopping`] only: a part that does not answer is in the result.
    pub async fn readiness(&self) -> Result<Readiness, NotReady> {
        let (database, figures, silent, storage) = tokio::join!(
            self.check_ready(),
            self.backlog.figures(),
            self.silent_redis.get(ping(Arc::clone(&self.redis))),
            self.storage_answers.get(ask(self.storage.clone())),
        );
        let database = match database {
            Err(NotReady::Stopping) => return Err(NotReady::Stopping),
            Err(NotReady::Database(error)) => {
                tracing::warn!(%error, "the exported database does not answer a check");
                failed("It does not answer; nothing can be exported.")
            }
            Ok(()) => GOOD,
        };
        let state = match (self.state.is_on(), &figures) {
            (false, _) => off("There are no background exports (STATE_DSN)."),
            (true, Some(_)) => GOOD,
            (true, None) => failed("It does not answer; background exports wait, and direct ones go on."),
        };
        let redis = match (self.redis.is_empty(), silent.as_slice()) {
            (true, _) => off("None is set; PostgreSQL wakes workers."),
            (false, []) => GOOD,
            (false, settings) => failed(&without_redis(settings)),
        };
        let storage = match storage {
            true => GOOD,
            false => failed("It does not answer (STORAGE_URL); backups and background exports fail."),
        };
        let is_degraded = [&state, &redis, &storage]
            .iter()
            .any(|found| found.0 == CheckStatus::Failed);
        let status = match (database.0, is_degraded) {
            (CheckStatus::Failed, _) => ReadinessStatus::Down,
            (_, true) => ReadinessStatus::Degraded,
            (_, false) => ReadinessStatus::Ready,
        };
        let checks = [
            (ReadinessPart::Database, database),
            (ReadinessPart::StateDatabase, state),
            (ReadinessPart::Redis, redis),
            (ReadinessPart::Storage, storage),
        ];
        Ok(Readiness {
            status,
            checks: checks
                .into_iter()
                .map(|(name, (status, detail))| ReadinessCheck { name, status, detail })
                .collect(),
            queue: figures.map(|figures| figures.queue),
        })
    }
}

/// Returns the settings of the Redis servers that do not answer.
async fn ping(servers: Arc<[RedisServer]>) -> Vec<&'static str> {
    let mut silent = Vec::new();
    for server in servers.iter() {
        if let Err(error) = server.ping().await {
            tracing::warn!(setting = server.setting, %error, "Redis does not answer a check");
            silent.push(server.setting);
        }
    }
    silent
}

/// Returns whether the storage answers.
async fn ask(storage: Storage) -> bool {
    match timeout(STORAGE_MAX, storage.check()).await {
        Ok(Ok(())) => return true,
        Ok(Err(error)) => tracing::warn!(%error, "the storage does not answer a check"),
        Err(_) => tracing::warn!("the storage does not answer a check within {STORAGE_MAX:?}"),
    }
    false
}

/// Returns what the failure of these Redis servers means.
fn without_redis(settings: &[&str]) -> String {
    let is_of_hub = settings.contains(&"REDIS_URL");
    format!(
        "{} does not answer; exports go on{}.",
        settings.join(" and "),
        if is_of_hub {
            ", and stored requests of sessions are away"
        } else {
            ""
        }
    )
}

/// The result of a check, and its explanation.
type Found = (CheckStatus, Option<String>);

const GOOD: Found = (CheckStatus::Good, None);

fn failed(detail: &str) -> Found {
    (CheckStatus::Failed, Some(detail.to_owned()))
}

fn off(detail: &str) -> Found {
    (CheckStatus::Off, Some(detail.to_owned()))
}
