//! What the card of an endpoint says.

use api::datasets::Tone;
use api::probes::{ProbeEndpoint, ProbeHour};

use crate::wording;
use crate::wording::cells::NO_VALUE;

/// The height of a strip, in its own units.
pub const STRIP_HEIGHT: u64 = 20;

/// The least height of failures, so that one among thousands is seen.
const FAILURES_MIN: u64 = 4;

/// Returns the label, or the URL of an endpoint without one.
pub fn name(endpoint: &ProbeEndpoint) -> &str {
    endpoint.label.as_deref().unwrap_or(&endpoint.url)
}

/// Returns the word of the last probe and its meaning.
pub fn last_result(endpoint: &ProbeEndpoint) -> (&'static str, Tone) {
    match endpoint.last_ok {
        Some(true) => ("OK", Tone::Good),
        Some(false) => ("Failed", Tone::Bad),
        None => ("Not probed", Tone::Neutral),
    }
}

/// `99.31 %`. All but all is never rounded to all.
pub fn uptime(endpoint: &ProbeEndpoint) -> String {
    match endpoint.uptime_24h {
        None => NO_VALUE.to_owned(),
        Some(1.0) => "100 %".to_owned(),
        Some(share) => format!("{:.2} %", (share * 10_000.0).floor() / 100.0),
    }
}

/// `Last 24 hours: 3 of 1,432 probes failed`
pub fn strip_title(hours: &[ProbeHour]) -> String {
    let probes = hours.iter().map(|hour| hour.probes).sum();
    let failures = hours.iter().map(|hour| hour.failures).sum();
    match probes {
        0 => "Last 24 hours: no probes".to_owned(),
        _ => format!(
            "Last 24 hours: {} of {} probes failed",
            wording::count(failures),
            wording::count(probes)
        ),
    }
}

/// Returns the height of the failures in an hour's bar; `None` for an hour without probes.
pub fn failed_height(hour: ProbeHour) -> Option<u64> {
    let share = (hour.failures * STRIP_HEIGHT).checked_div(hour.probes)?;
    Some(match hour.failures {
        0 => 0,
        _ => share.max(FAILURES_MIN),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint(uptime_24h: Option<f64>) -> ProbeEndpoint {
        ProbeEndpoint {
            id: 1,
            label: None,
            url: "https://relay.example".to_owned(),
            vendor: None,
            last_ok: None,
            last_status_code: None,
            last_latency_ms: None,
            last_probed_at: None,
            uptime_24h,
            hours: Vec::new(),
        }
    }

    #[test]
    fn an_endpoint_that_failed_once_is_not_always_up() {
        for (share, text) in [
            (None, "–"),
            (Some(1.0), "100 %"),
            (Some(0.99999), "99.99 %"),
            (Some(0.5), "50.00 %"),
            (Some(0.0), "0.00 %"),
        ] {
            assert_eq!(uptime(&endpoint(share)), text);
        }
        assert_eq!(name(&endpoint(None)), "https://relay.example");
    }

    #[test]
    fn one_failure_in_an_hour_is_seen() {
        let height = |probes, failures| failed_height(ProbeHour { probes, failures });
        assert_eq!(height(0, 0), None);
        assert_eq!(height(1000, 0), Some(0));
        assert_eq!(height(1000, 1), Some(FAILURES_MIN));
        assert_eq!(height(4, 2), Some(STRIP_HEIGHT / 2));
        assert_eq!(height(4, 4), Some(STRIP_HEIGHT));
        let hours = [ProbeHour {
            probes: 1432,
            failures: 3,
        }];
        assert_eq!(strip_title(&hours), "Last 24 hours: 3 of 1,432 probes failed");
    }
}
