//! Why a stored request cannot be shown.

use redis::RedisError;
use wasm_export::json::JsonError;

#[derive(Debug, thiserror::Error)]
pub enum StoredRequestsError {
    #[error("The stored requests are in the hub's Redis; set REDIS_URL to its address and restart Decant")]
    NoRedis,
    #[error("The session's id must have 1 to 256 bytes and no control characters")]
    BadId,
    #[error("No request of the session `{0}` is stored; the hub stores them for a few minutes only")]
    NoSession(String),
    #[error(
        "Request {sequence} of the session `{session}` is not stored; the hub stores requests for a few minutes only"
    )]
    NoRequest { session: String, sequence: u64 },
    #[error("The log has no session that could get stored requests; add usage rows first")]
    NoSessions,
    #[error("No request of the session `{0}` is stored with both its headers and its body")]
    NoneComplete(String),
    #[error(
        "The {part} of request {sequence} of the session `{session}` is not stored; the hub stores it for a few \
         minutes only, and not at all if it is set so"
    )]
    NotStored {
        session: String,
        sequence: u64,
        part: &'static str,
    },
    #[error("Request {sequence}, as the hub stored it, is not JSON: {error}")]
    NotJson { sequence: u64, error: JsonError },
    #[error("The hub's Redis failed; the log has the cause")]
    Redis(#[source] RedisError),
}

impl From<RedisError> for StoredRequestsError {
    fn from(error: RedisError) -> Self {
        tracing::error!(%error, "redis failed");
        Self::Redis(error)
    }
}
