//! The requests of a session, which the hub stores in its Redis for some minutes. Decant reads them and writes nothing there.
//!
//! The keys are the hub's: `session:{id}:seq` counts the requests of a session, and `session:{id}:req:{n}:…` holds the parts
//! of a request, each as JSON text.

use std::time::Duration;

use api::session_requests::{RequestMeta, StoredRequest as ListedRequest};
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{Client, RedisError, pipe};
use serde::Deserialize;
use wasm_export::json::JsonError;
use wasm_export::session_request::SessionRequest;

/// The most requests of a session that are listed; the newest are.
pub const LISTED_MAX: u64 = 1_000;

/// The longest id of a session. The hub's column for it holds 64 characters.
const ID_BYTES_MAX: usize = 256;

/// The longest wait for an answer of Redis. A body of 20 MB arrives in a fraction of it.
const ANSWER_MAX: Duration = Duration::from_secs(10);

/// The longest wait for a connection to Redis.
const CONNECT_MAX: Duration = Duration::from_secs(3);

/// Reads stored requests. The connection is opened when it is first needed, and opened again when it is lost.
#[derive(Clone)]
pub struct StoredRequests(ConnectionManager);

/// The id of a session, checked to fit into a key.
#[derive(Clone, Debug)]
pub struct SessionId(String);

/// The parts of a stored request, each as the JSON text that is stored.
#[derive(Debug)]
pub struct StoredRequest {
    session: SessionId,
    pub sequence: u64,
    meta: Vec<u8>,
    headers: Vec<u8>,
    body: Vec<u8>,
    special_settings: Option<Vec<u8>>,
}

/// Why a stored request cannot be shown.
#[derive(Debug, thiserror::Error)]
pub enum StoredRequestsError {
    #[error("The stored requests are in the hub's Redis; set REDIS_URL to its address and restart Decant")]
    NoRedis,
    #[error("The session's id must have 1 to 256 bytes and no control characters")]
    BadId,
    #[error("No request of the session `{0}` is stored; the hub stores them for a few minutes only")]
    NoSession(String),
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

impl SessionId {
    /// Checks an id: 1 to 256 bytes without control characters.
    ///
    /// # Errors
    /// [`StoredRequestsError::BadId`].
    pub fn parse(id: &str) -> Result<Self, StoredRequestsError> {
        let is_good = !id.is_empty() && id.len() <= ID_BYTES_MAX && !id.chars().any(char::is_control);
        match is_good {
            true => Ok(Self(id.to_owned())),
            false => Err(StoredRequestsError::BadId),
        }
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn count_key(&self) -> String {
        format!("session:{}:seq", self.0)
    }

    fn part_key(&self, sequence: u64, part: &str) -> String {
        format!("session:{}:req:{sequence}:{part}", self.0)
    }
}

impl StoredRequests {
    /// Reads from this Redis.
    ///
    /// # Panics
    /// Never: only a configuration that asks for push messages is refused.
    #[must_use]
    pub fn in_redis(client: Client) -> Self {
        let config = ConnectionManagerConfig::new()
            .set_number_of_retries(1)
            .set_response_timeout(Some(ANSWER_MAX))
            .set_connection_timeout(Some(CONNECT_MAX));
        let connection = ConnectionManager::new_lazy_with_config(client, config);
        Self(connection.expect("a configuration without push messages is accepted"))
    }

    /// Returns the requests of the session that are still stored, the newest first, at most [`LISTED_MAX`].
    ///
    /// # Errors
    /// [`StoredRequestsError::NoSession`] if none is stored, [`StoredRequestsError::Redis`].
    pub async fn list(&self, session: &SessionId) -> Result<Vec<ListedRequest>, StoredRequestsError> {
        let mut redis = self.0.clone();
        let count: Option<u64> = redis::cmd("GET")
            .arg(session.count_key())
            .query_async(&mut redis)
            .await?;
        let newest = count.unwrap_or(0);
        // A pipeline takes one round trip for all. `MGET` would fail in a cluster, where the keys lie on several nodes.
        let mut questions = pipe();
        let sequences = (newest.saturating_sub(LISTED_MAX) + 1..=newest).rev();
        for sequence in sequences.clone() {
            questions
                .strlen(session.part_key(sequence, "requestBody"))
                .exists(session.part_key(sequence, "reqHeaders"))
                .get(session.part_key(sequence, "clientReqMeta"))
                .get(session.part_key(sequence, "upstreamReqMeta"));
        }
        type Answer = (u64, bool, Option<Vec<u8>>, Option<Vec<u8>>);
        let answers: Vec<redis::Value> = match newest {
            0 => Vec::new(),
            _ => questions.query_async(&mut redis).await?,
        };
        let mut listed = Vec::new();
        for (sequence, answer) in sequences.zip(answers.chunks_exact(4)) {
            let (body_bytes, has_headers, client, upstream): Answer =
                redis::from_redis_value(redis::Value::Array(answer.to_vec())).map_err(RedisError::from)?;
            if body_bytes == 0 && !has_headers && client.is_none() && upstream.is_none() {
                continue;
            }
            listed.push(ListedRequest {
                sequence,
                meta: request_meta(client.as_deref(), upstream.as_deref()),
                body_bytes,
                complete: body_bytes > 0 && has_headers,
            });
        }
        match listed.is_empty() {
            true => Err(StoredRequestsError::NoSession(session.0.clone())),
            false => Ok(listed),
        }
    }

    /// Returns a request of the session.
    ///
    /// # Errors
    /// [`StoredRequestsError::NotStored`] without its headers or its body, [`StoredRequestsError::Redis`].
    pub async fn find(
        &self,
        session: SessionId,
        sequence: u64,
    ) -> Result<StoredRequest, StoredRequestsError> {
        let mut parts = pipe();
        for part in [
            "clientReqMeta",
            "upstreamReqMeta",
            "reqHeaders",
            "requestBody",
            "specialSettings",
        ] {
            parts.get(session.part_key(sequence, part));
        }
        type Part = Option<Vec<u8>>;
        let (client, upstream, headers, body, special_settings): (Part, Part, Part, Part, Part) =
            parts.query_async(&mut self.0.clone()).await?;
        let stored = |part: &'static str, text: Part| {
            text.ok_or_else(|| StoredRequestsError::NotStored {
                session: session.0.clone(),
                sequence,
                part,
            })
        };
        let meta = request_meta(client.as_deref(), upstream.as_deref());
        Ok(StoredRequest {
            sequence,
            meta: serde_json::to_vec(&meta).expect("a struct of texts is JSON"),
            headers: stored("header", headers)?,
            body: stored("body", body)?,
            special_settings,
            session,
        })
    }
}

/// Reads the two records of the hub. A record that is not as expected counts as absent, because it only describes the
/// request.
fn request_meta(client: Option<&[u8]>, upstream: Option<&[u8]>) -> RequestMeta {
    #[derive(Default, Deserialize)]
    struct Stored {
        url: Option<String>,
        method: Option<String>,
    }
    let read = |text: Option<&[u8]>| -> Stored {
        text.and_then(|text| serde_json::from_slice(text).ok())
            .unwrap_or_default()
    };
    let (client, upstream) = (read(client), read(upstream));
    RequestMeta {
        client_url: client.url,
        upstream_url: upstream.url,
        method: client.method.or(upstream.method),
    }
}

impl StoredRequest {
    /// Returns the document with its parts as they are stored.
    ///
    /// # Errors
    /// [`StoredRequestsError::NotJson`].
    pub fn stored(&self) -> Result<Vec<u8>, StoredRequestsError> {
        self.document(|request, out| request.write_stored(out))
    }

    /// Returns the document laid out for reading, as the file of an export has it.
    ///
    /// # Errors
    /// [`StoredRequestsError::NotJson`].
    pub fn pretty(&self) -> Result<Vec<u8>, StoredRequestsError> {
        self.document(|request, out| request.write(out))
    }

    fn document(
        &self,
        write: impl Fn(&SessionRequest<'_>, &mut Vec<u8>) -> Result<(), JsonError>,
    ) -> Result<Vec<u8>, StoredRequestsError> {
        let request = SessionRequest {
            session_id: &self.session.0,
            sequence: Some(self.sequence),
            meta: Some(&self.meta),
            headers: Some(&self.headers),
            body: Some(&self.body),
            special_settings: self.special_settings.as_deref(),
        };
        let mut out = Vec::with_capacity(self.headers.len() + self.body.len() + 1024);
        write(&request, &mut out).map_err(|error| StoredRequestsError::NotJson {
            sequence: self.sequence,
            error,
        })?;
        Ok(out)
    }
}
