//! The requests of a session, which the hub stores in its Redis for some minutes. Decant reads them. It writes nothing there but
//! the requests of a demo.
//!
//! The keys are the hub's: `session:{id}:seq` counts the requests of a session, and `session:{id}:req:{n}:…` holds the parts
//! of a request, each as JSON text.
//!
//! | module | contents |
//! |---|---|
//! | `session_id` | ids, and the hub's keys |
//! | `document` | a request as a JSON document, with or without its secrets |
//! | `export` | all requests of a session |
//! | `demo` | made-up requests of `decant demo --redis` |

pub mod demo;
mod document;
mod error;
mod export;
mod session_id;

use std::collections::HashMap;
use std::ops::RangeInclusive;
use std::time::Duration;

use api::session_requests::{RequestMeta, StoredRequest as ListedRequest};
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{Client, RedisError, pipe};
use serde::Deserialize;
use wasm_export::session_request::Part;

use self::document::mask_meta;
pub use self::document::{Secrets, StoredRequest};
pub use self::error::StoredRequestsError;
pub use self::session_id::SessionId;

/// The most requests of a session that are listed; the newest are.
pub const LISTED_MAX: u64 = 1_000;

/// The longest wait for an answer of Redis. A body of 20 MB arrives in a fraction of it.
const ANSWER_MAX: Duration = Duration::from_secs(10);

/// The longest wait for a connection to Redis.
const CONNECT_MAX: Duration = Duration::from_secs(3);

const CLIENT_META: &str = "clientReqMeta";
const UPSTREAM_META: &str = "upstreamReqMeta";
const HEADERS: &str = "reqHeaders";
const BODY: &str = "requestBody";
const SPECIAL_SETTINGS: &str = "specialSettings";

/// Reads stored requests. The connection is opened when it is first needed, and opened again when it is lost.
#[derive(Clone)]
pub struct StoredRequests(ConnectionManager);

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

    /// Returns the requests of the session that are still stored, the newest first, at most [`LISTED_MAX`]. The secrets of their
    /// URLs are masked.
    ///
    /// # Errors
    /// [`StoredRequestsError::NoSession`] if none is stored, [`StoredRequestsError::Redis`].
    pub async fn list(&self, session: &SessionId) -> Result<Vec<ListedRequest>, StoredRequestsError> {
        let newest = self.newest_sequence(session).await?;
        let mut listed = self
            .list_range(session, newest.saturating_sub(LISTED_MAX) + 1..=newest)
            .await?;
        listed.reverse();
        match listed.is_empty() {
            true => Err(StoredRequestsError::NoSession(session.as_str().to_owned())),
            false => Ok(listed),
        }
    }

    /// Returns these parts of a request of the session.
    ///
    /// # Errors
    /// [`StoredRequestsError::NoRequest`]; [`StoredRequestsError::NotStored`] where headers or body are asked for and not
    /// stored; [`StoredRequestsError::Redis`].
    pub async fn find(
        &self,
        session: &SessionId,
        sequence: u64,
        parts: &[Part],
    ) -> Result<StoredRequest, StoredRequestsError> {
        let request = self.read(session, sequence, parts).await?;
        let is_missing = |part: Part| request.missing().contains(&part);
        let part = match (is_missing(Part::Headers), is_missing(Part::Body)) {
            (true, _) => Some("header"),
            (_, true) => Some("body"),
            _ => None,
        };
        if part.is_none() && (request.headers.is_some() || request.body.is_some()) {
            return Ok(request);
        }
        // A request may have neither meta nor settings, so that only its other parts show whether it is stored.
        let session = session.clone();
        if self.list_range(&session, sequence..=sequence).await?.is_empty() {
            let session = session.as_str().to_owned();
            return Err(StoredRequestsError::NoRequest { session, sequence });
        }
        match part {
            None => Ok(request),
            Some(part) => Err(StoredRequestsError::NotStored {
                session: session.as_str().to_owned(),
                sequence,
                part,
            }),
        }
    }

    /// Returns the newest request of the session that is stored with headers and body.
    ///
    /// # Errors
    /// [`StoredRequestsError::NoSession`] if no request is stored, [`StoredRequestsError::NoneComplete`] and those of
    /// [`Self::find`].
    pub async fn find_newest(
        &self,
        session: &SessionId,
        parts: &[Part],
    ) -> Result<StoredRequest, StoredRequestsError> {
        let listed = self.list(session).await?;
        let newest = listed
            .iter()
            .find(|request| request.complete)
            .ok_or_else(|| StoredRequestsError::NoneComplete(session.as_str().to_owned()))?;
        let request = self.find(session, newest.sequence, parts).await?;
        Ok(request.without_sequence())
    }

    /// Returns the position of the newest request, and 0 if the hub has counted none.
    async fn newest_sequence(&self, session: &SessionId) -> Result<u64, StoredRequestsError> {
        let count: Option<u64> = redis::cmd("GET")
            .arg(session.count_key())
            .query_async(&mut self.0.clone())
            .await?;
        Ok(count.unwrap_or(0))
    }

    /// Returns the requests at these positions that are stored, in their order.
    async fn list_range(
        &self,
        session: &SessionId,
        positions: RangeInclusive<u64>,
    ) -> Result<Vec<ListedRequest>, StoredRequestsError> {
        if positions.is_empty() {
            return Ok(Vec::new());
        }
        // A pipeline takes one round trip for all. `MGET` would fail in a cluster, where the keys lie on several nodes.
        let mut questions = pipe();
        for sequence in positions.clone() {
            questions
                .strlen(session.part_key(sequence, BODY))
                .exists(session.part_key(sequence, HEADERS))
                .get(session.part_key(sequence, CLIENT_META))
                .get(session.part_key(sequence, UPSTREAM_META));
        }
        type Answer = (u64, bool, Option<Vec<u8>>, Option<Vec<u8>>);
        let answers: Vec<redis::Value> = questions.query_async(&mut self.0.clone()).await?;
        let mut listed = Vec::new();
        for (sequence, answer) in positions.zip(answers.chunks_exact(4)) {
            let (body_bytes, has_headers, client, upstream): Answer =
                redis::from_redis_value(redis::Value::Array(answer.to_vec())).map_err(RedisError::from)?;
            if body_bytes == 0 && !has_headers && client.is_none() && upstream.is_none() {
                continue;
            }
            listed.push(ListedRequest {
                sequence,
                meta: mask_meta(request_meta(client.as_deref(), upstream.as_deref())),
                body_bytes,
                complete: body_bytes > 0 && has_headers,
            });
        }
        Ok(listed)
    }

    /// Reads these parts of a request. A part that is not stored is `None`.
    async fn read(
        &self,
        session: &SessionId,
        sequence: u64,
        parts: &[Part],
    ) -> Result<StoredRequest, StoredRequestsError> {
        let keys: Vec<_> = parts.iter().flat_map(|part| keys(*part)).copied().collect();
        let mut questions = pipe();
        for key in &keys {
            questions.get(session.part_key(sequence, key));
        }
        let texts: Vec<Option<Vec<u8>>> = questions.query_async(&mut self.0.clone()).await?;
        let texts = keys.into_iter().zip(texts);
        let texts = texts.filter_map(|(key, text)| Some((key, text.filter(|text| !text.is_empty())?)));
        let mut texts: HashMap<_, _> = texts.collect();
        let meta = [CLIENT_META, UPSTREAM_META].map(|key| texts.remove(key));
        Ok(StoredRequest {
            session: session.clone(),
            sequence,
            is_numbered: true,
            parts: parts.to_vec(),
            meta: request_meta(meta[0].as_deref(), meta[1].as_deref()),
            headers: texts.remove(HEADERS),
            body: texts.remove(BODY),
            special_settings: texts.remove(SPECIAL_SETTINGS),
        })
    }
}

/// Returns the hub's keys of a part.
fn keys(part: Part) -> &'static [&'static str] {
    match part {
        Part::Meta => &[CLIENT_META, UPSTREAM_META],
        Part::Headers => &[HEADERS],
        Part::Body => &[BODY],
        Part::SpecialSettings => &[SPECIAL_SETTINGS],
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
