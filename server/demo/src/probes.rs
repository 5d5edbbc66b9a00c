//! The providers' endpoints and their probe logs.

use super::calendar::DAY_MICROSECONDS;
use super::copy_text::CopyText;
use super::dice::Dice;
use super::plan::Plan;
use super::texts::PROBE_ERRORS;

/// Vendor, kind, address and label, in the order of the ids, from 1.
const ENDPOINTS: [(i64, &str, &str, Option<&str>); 8] = [
    (1, "claude", "https://api.anthropic.example", Some("main")),
    (
        1,
        "claude",
        "https://eu.anthropic.example/v1",
        Some("EU, \"frankfurt\""),
    ),
    (
        2,
        "claude",
        "https://blue.relay.example:8443/anthropic",
        Some("=blue"),
    ),
    (
        2,
        "openai-compatible",
        "https://green.relay.example/v1?key=a&b=c",
        None,
    ),
    (
        3,
        "claude",
        "https://open.bigmodel.example/api/anthropic",
        Some("北京"),
    ),
    (4, "codex", "https://api.openai.example/v1", Some("main")),
    (5, "codex", "https://sweden.azure.example/openai", Some("  ")),
    (6, "gemini", "https://generativelanguage.google.example", None),
];

pub(crate) const ENDPOINT_COLUMNS: &str =
    "id, vendor_id, provider_type, url, label, sort_order, is_enabled, created_at, updated_at";

pub(crate) fn write_endpoints(rows: &mut CopyText, plan: &Plan) -> u64 {
    let created = plan.period.end() - 180 * DAY_MICROSECONDS;
    for (id, (vendor_id, kind, url, label)) in (1..).zip(ENDPOINTS) {
        rows.number(id)
            .number(vendor_id)
            .plain(kind)
            .plain(url)
            .or_null(label, CopyText::text);
        rows.number(id % 3)
            .boolean(id != 7)
            .time(created)
            .time(created)
            .end_row();
    }
    ENDPOINTS.len() as u64
}

pub(crate) const PROBE_COLUMNS: &str =
    "id, endpoint_id, source, ok, status_code, latency_ms, error_type, error_message, created_at";

/// The number of probes, over the last day of the period, or all of a shorter one.
const PROBES: i64 = 5000;
/// Latencies whose text is easily wrong: just below and above a second, and halves that round up.
const LATENCIES: [Option<i64>; 8] = [
    None,
    Some(123),
    Some(1125),
    Some(2500),
    Some(999),
    Some(1000),
    Some(1005),
    Some(0),
];

/// Writes every row of `provider_endpoint_probe_logs` and returns how many.
pub(crate) fn write_probes(rows: &mut CopyText, plan: &Plan) -> u64 {
    let until = plan.period.end();
    let step = DAY_MICROSECONDS.min(until - plan.period.start()) / PROBES;
    // The default seed of 1 gives the probes of older demos.
    let mut dice = Dice::new(plan.seed.wrapping_add(4999));
    for place in 0..PROBES {
        let (status, latency, error) = probe(&mut dice);
        rows.number(place + 1).number(1 + place % ENDPOINTS.len() as i64);
        rows.plain(dice.pick(&["scheduled", "scheduled", "scheduled", "manual", "runtime"]));
        rows.boolean(error.is_none())
            .or_null(status, CopyText::number)
            .or_null(latency, CopyText::number);
        rows.or_null(error.map(|error| error.0), CopyText::plain)
            .or_null(error.map(|error| error.1), CopyText::text);
        let jitter = dice.below(step.cast_unsigned() + 1) as i64;
        rows.time(until - (PROBES - place) * step + jitter).end_row();
    }
    PROBES as u64
}

/// Returns status and milliseconds, and the kind and message of a failure.
fn probe(dice: &mut Dice) -> (Option<i64>, Option<i64>, Option<(&'static str, &'static str)>) {
    let latency = if dice.once_in(10) {
        dice.pick(&LATENCIES)
    } else {
        Some(dice.skewed(40, 4000) as i64)
    };
    if !dice.once_in(12) {
        return (Some(200), latency, None);
    }
    let (status, kind, message) = dice.pick(&PROBE_ERRORS);
    // A probe that did not reach its endpoint has no latency.
    (
        status,
        latency.filter(|_| status.is_some()),
        Some((kind, message)),
    )
}
