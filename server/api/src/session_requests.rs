//! The requests of a session that the hub stores in its Redis.

use serde::{Deserialize, Serialize};
use serde_json::Value;

crate::examples! {
    SessionRequests = "session_requests",
    SessionRequest = "session_request",
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct SessionRequests {
    pub session_id: String,
    /// The newest first, at most 1,000.
    pub requests: Vec<StoredRequest>,
}

/// A stored request in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct StoredRequest {
    /// Position in the session, from 1.
    pub sequence: u64,
    #[serde(flatten)]
    pub meta: RequestMeta,
    /// Bytes of the body; 0 where none is stored.
    pub body_bytes: u64,
    /// Whether headers and body are stored: both are needed for an export.
    pub complete: bool,
}

/// A stored request with its parts as the hub stored them. The parameter `parts` leaves out others.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct SessionRequest {
    pub session_id: String,
    /// Position in the session, from 1; `null` where it was asked for as the newest.
    #[cfg_attr(feature = "openapi", schema(required))]
    pub sequence: Option<u64>,
    #[serde(default)]
    pub meta: RequestMeta,
    #[serde(default)]
    pub headers: Value,
    #[serde(default)]
    pub body: Value,
    #[serde(default)]
    pub special_settings: Value,
}

/// Where a request was sent. A part that the hub did not store is `null`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct RequestMeta {
    /// The client's request to the hub.
    #[cfg_attr(feature = "openapi", schema(required))]
    pub client_url: Option<String>,
    /// The hub's request to the provider.
    #[cfg_attr(feature = "openapi", schema(required))]
    pub upstream_url: Option<String>,
    #[cfg_attr(feature = "openapi", schema(required))]
    pub method: Option<String>,
}
