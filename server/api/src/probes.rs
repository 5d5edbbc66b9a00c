//! Probes of the endpoints of a hub's providers, as they happen.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

crate::examples! {
    ProbeEvent = "probe_event",
    ProbeEndpoints = "probe_endpoints",
}

/// An event of the stream of probes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "event", content = "data", rename_all = "lowercase")]
pub enum ProbeEvent {
    Probe(Probe),
    /// Probes were not sent, because the hub has deleted them or because there were too many.
    Gap(ProbeGap),
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Probe {
    pub id: i64,
    pub created_at: Option<Timestamp>,
    pub endpoint_id: i64,
    /// The endpoint's label, or its URL.
    pub endpoint: String,
    pub vendor: Option<String>,
    /// `scheduled`, `manual` or `runtime`.
    pub source: Option<String>,
    pub ok: bool,
    pub status_code: Option<i32>,
    pub latency_ms: Option<i64>,
    pub error_type: Option<String>,
    /// The first 2,000 characters of the text; its exports have all of it.
    pub error_message: Option<String>,
}

/// The first and the last id of probes that were not sent. Some of these ids may have no probe.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ProbeGap {
    pub from: i64,
    pub to: i64,
}

/// The endpoints, in the order of their vendors.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ProbeEndpoints(pub Vec<ProbeEndpoint>);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct ProbeEndpoint {
    pub id: i64,
    pub label: Option<String>,
    pub url: String,
    pub vendor: Option<String>,
    /// The result of the last probe. `null` if there was none.
    pub last_ok: Option<bool>,
    pub last_status_code: Option<i32>,
    pub last_latency_ms: Option<i64>,
    pub last_probed_at: Option<Timestamp>,
    /// The share of successes in the last 24 hours, from 0 to 1. `null` without a probe.
    pub uptime_24h: Option<f64>,
    /// The last 24 hours, the oldest first. The last one ends now.
    pub hours: Vec<ProbeHour>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ProbeHour {
    pub probes: u64,
    pub failures: u64,
}
