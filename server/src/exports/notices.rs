//! Notifications between processes: an export waits, has changed, or is to be cancelled.
//!
//! All processes listen to one channel of the state database. Where there is a Redis, its stream wakes one worker for each
//! export that waits, and PostgreSQL wakes all of them only if Redis does not answer.

use std::convert::Infallible;
use std::fmt;
use std::time::Duration;

use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{AsyncConnectionConfig, Client, RedisError, RedisResult, Value, cmd, pipe};
use sqlx::postgres::PgListener;
use sqlx::query;
use tokio::sync::broadcast;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::state::{Purpose, State, StateError};

/// The channel of the state database.
const CHANNEL: &str = "decant_exports";

/// The stream of Redis, and the group of its readers. Decant has no other key there.
const STREAM: &str = "decant:exports";
const GROUP: &str = "workers";

/// The name of all readers. Messages are not acknowledged, so Redis need not tell them apart.
const READER: &str = "decant";

/// Messages of the stream that are kept, more or less.
const STREAM_MAX: u32 = 10_000;

/// How long a reader waits for a message of the stream, in milliseconds.
const BLOCK_MS: u32 = 5_000;

/// The longest wait for an answer of Redis beyond that.
const ANSWER_MAX: Duration = Duration::from_secs(2);

/// The pause after a lost connection.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// A connection that lasted so long was a good one, and its end is worth a line in the log.
const STEADY: Duration = Duration::from_secs(10);

/// Notices that a slow listener may be behind. It looks at the records then.
const BEHIND_MAX: usize = 1_024;

/// What has happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notice {
    /// Exports wait for a worker.
    Queued,
    /// The record of an export has changed.
    Changed(Uuid),
    /// A running export is to be cancelled.
    CancelAsked(Uuid),
}

impl fmt::Display for Notice {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Queued => formatter.write_str("queued"),
            Self::Changed(id) => write!(formatter, "changed {id}"),
            Self::CancelAsked(id) => write!(formatter, "cancel {id}"),
        }
    }
}

impl Notice {
    fn parse(text: &str) -> Option<Self> {
        match text.split_once(' ') {
            None => (text == "queued").then_some(Self::Queued),
            Some(("changed", id)) => id.parse().ok().map(Self::Changed),
            Some(("cancel", id)) => id.parse().ok().map(Self::CancelAsked),
            Some(_) => None,
        }
    }
}

/// Sends notices to all processes, and receives theirs. Clones share the connections.
#[derive(Clone)]
pub struct Notices {
    state: State,
    redis: Option<ConnectionManager>,
    client: Option<Client>,
    received: broadcast::Sender<Notice>,
}

impl Notices {
    /// Sends and receives through the state database, and wakes workers through this Redis if there is one.
    ///
    /// # Panics
    /// Never: only a configuration that asks for push messages is refused.
    #[must_use]
    pub fn new(state: State, redis: Option<Client>) -> Self {
        let config = ConnectionManagerConfig::new()
            .set_number_of_retries(1)
            .set_response_timeout(Some(ANSWER_MAX))
            .set_connection_timeout(Some(ANSWER_MAX));
        let connect = |client: Client| {
            let connection = ConnectionManager::new_lazy_with_config(client, config);
            connection.expect("a configuration without push messages is accepted")
        };
        Self {
            state,
            redis: redis.clone().map(connect),
            client: redis,
            received: broadcast::channel(BEHIND_MAX).0,
        }
    }

    /// Returns what this process receives from now on.
    #[must_use]
    pub fn subscribe(&self) -> broadcast::Receiver<Notice> {
        self.received.subscribe()
    }

    /// Sends a notice to all processes. A failure is logged only.
    pub async fn send(&self, notice: Notice) {
        if let Err(error) = self.send_through_postgres(notice).await {
            tracing::warn!(%error, %notice, "other servers hear of an export later");
            // Receivers of this process hear of it now; an error means that there are none.
            let _ = self.received.send(notice);
        }
    }

    /// Wakes workers for exports that wait.
    pub async fn queued(&self, exports: &[Uuid]) {
        if exports.is_empty() {
            return;
        }
        if let Some(redis) = &self.redis {
            match add_to_stream(&mut redis.clone(), exports).await {
                Ok(()) => return,
                Err(error) => {
                    tracing::warn!(%error, "Redis does not wake the workers; PostgreSQL does");
                }
            }
        }
        self.send(Notice::Queued).await;
    }

    async fn send_through_postgres(&self, notice: Notice) -> Result<(), StateError> {
        let mut connection = self.state.connection(Purpose::Exports).await?;
        query("select pg_notify($1, $2)")
            .bind(CHANNEL)
            .bind(notice.to_string())
            .execute(&mut *connection)
            .await?;
        Ok(())
    }

    /// Receives notices until `stop` is cancelled; those of the stream only if this process has workers.
    pub async fn receive(self, has_workers: bool, stop: CancellationToken) {
        if !self.state.is_on() {
            return;
        }
        let of_stream = async {
            match self.client.as_ref().filter(|_| has_workers) {
                Some(client) => self.read_stream(client).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = stop.cancelled() => {}
            () = self.listen() => {}
            () = of_stream => {}
        }
    }

    /// Passes on the notices of the state database, for ever.
    async fn listen(&self) {
        let mut is_away = false;
        loop {
            let listened = self.listen_once().await;
            if let (Err(error), false) = (&listened, is_away) {
                tracing::warn!(%error, "the state database sends no notices of exports; workers look for them");
            }
            is_away = listened.is_err();
            // What was missed meanwhile is in the records.
            let _ = self.received.send(Notice::Queued);
            sleep(RETRY_AFTER).await;
        }
    }

    async fn listen_once(&self) -> Result<(), StateError> {
        let mut listener: PgListener = self.state.listener().await?;
        listener.listen(CHANNEL).await?;
        while let Some(notification) = listener.try_recv().await? {
            if let Some(notice) = Notice::parse(notification.payload()) {
                let _ = self.received.send(notice);
            }
        }
        Ok(())
    }

    /// Passes on the messages of the stream, for ever.
    async fn read_stream(&self, client: &Client) {
        let mut is_away = false;
        loop {
            let began = Instant::now();
            let Err(error) = self.read_stream_once(client).await;
            if !is_away || began.elapsed() > STEADY {
                tracing::warn!(%error, "Redis wakes no workers; they look for exports");
            }
            is_away = true;
            sleep(RETRY_AFTER).await;
        }
    }

    /// Reads until an error. A message is a hint, so it is not acknowledged. One is read at a time, so that each wakes another worker.
    async fn read_stream_once(&self, client: &Client) -> Result<Infallible, RedisError> {
        let answer_max = Duration::from_millis(BLOCK_MS.into()) + ANSWER_MAX;
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(ANSWER_MAX))
            .set_response_timeout(Some(answer_max));
        let mut connection = client
            .get_multiplexed_async_connection_with_config(&config)
            .await?;
        let made: RedisResult<()> = cmd("XGROUP")
            .arg("CREATE")
            .arg(STREAM)
            .arg(GROUP)
            .arg("$")
            .arg("MKSTREAM")
            .query_async(&mut connection)
            .await;
        match made {
            Err(error) if error.code() != Some("BUSYGROUP") => return Err(error),
            _ => {}
        }
        loop {
            let read: Value = cmd("XREADGROUP")
                .arg("GROUP")
                .arg(GROUP)
                .arg(READER)
                .arg("COUNT")
                .arg(1)
                .arg("BLOCK")
                .arg(BLOCK_MS)
                .arg("NOACK")
                .arg("STREAMS")
                .arg(STREAM)
                .arg(">")
                .query_async(&mut connection)
                .await?;
            if read != Value::Nil {
                let _ = self.received.send(Notice::Queued);
            }
        }
    }
}

/// Adds a message for each export, in one pipeline.
async fn add_to_stream(redis: &mut ConnectionManager, exports: &[Uuid]) -> RedisResult<()> {
    let mut pipeline = pipe();
    for export in exports {
        pipeline
            .cmd("XADD")
            .arg(STREAM)
            .arg("MAXLEN")
            .arg("~")
            .arg(STREAM_MAX)
            .arg("*")
            .arg("id")
            .arg(export.to_string())
            .ignore();
    }
    pipeline.query_async(redis).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_notice_is_read_as_it_is_written() {
        let id = Uuid::from_u128(7);
        for notice in [Notice::Queued, Notice::Changed(id), Notice::CancelAsked(id)] {
            assert_eq!(Notice::parse(&notice.to_string()), Some(notice));
        }
        for text in ["", "changed", "changed x", "queued 7"] {
            assert_eq!(Notice::parse(text), None, "{text}");
        }
    }
}
