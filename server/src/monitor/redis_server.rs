//! A Redis of the settings, and whether it answers.

use std::time::Duration;

use redis::{AsyncConnectionConfig, Client, RedisError, cmd};

/// How long a Redis may take to connect, and to answer.
const ANSWER_MAX: Duration = Duration::from_secs(2);

/// A Redis, by the setting that names it.
#[derive(Clone, Debug)]
pub struct RedisServer {
    /// `REDIS_URL` or `DECANT_REDIS_URL`.
    pub setting: &'static str,
    pub client: Client,
}

impl RedisServer {
    /// Connects, signs in and sends `PING`.
    ///
    /// # Errors
    /// Why the Redis did not answer, without its address or password.
    pub async fn ping(&self) -> Result<(), RedisError> {
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(ANSWER_MAX))
            .set_response_timeout(Some(ANSWER_MAX));
        let mut connection = self
            .client
            .get_multiplexed_async_connection_with_config(&config)
            .await?;
        cmd("PING").query_async(&mut connection).await
    }
}
