//! What a line of the terminal says of a probe.

use api::datasets::Tone;
use api::probes::Probe;
use wasm_export::Zone;

use crate::wording;
use crate::wording::cells::NO_VALUE;

/// The type of a failure that may be the network's.
const TIMEOUT: &str = "timeout";

/// Latencies below this number of milliseconds are fast.
const FAST_BELOW: i64 = 200;

/// Latencies below this number of milliseconds are not very slow.
const SLOW_BELOW: i64 = 500;

/// Returns the word of the result and its meaning.
pub fn result(probe: &Probe) -> (&'static str, Tone) {
    match (probe.ok, probe.error_type.as_deref()) {
        (true, _) => ("OK", Tone::Good),
        (false, Some(TIMEOUT)) => ("WARN", Tone::Warn),
        (false, _) => ("FAIL", Tone::Bad),
    }
}

/// `200`; a dash without a status, as in the text file.
pub fn status(probe: &Probe) -> String {
    match probe.status_code {
        None | Some(0) => NO_VALUE.to_owned(),
        Some(status) => status.to_string(),
    }
}

pub fn latency(milliseconds: Option<i64>) -> String {
    milliseconds.map_or_else(
        || NO_VALUE.to_owned(),
        |milliseconds| wording::cells::duration(&milliseconds.to_string()),
    )
}

/// Returns a word for a latency and its meaning.
pub fn speed(milliseconds: Option<i64>) -> Option<(&'static str, Tone)> {
    Some(match milliseconds? {
        fast if fast < FAST_BELOW => ("fast", Tone::Good),
        slow if slow < SLOW_BELOW => ("slow", Tone::Warn),
        _ => ("very slow", Tone::Bad),
    })
}

/// Returns the time of day and the whole time, in a zone.
pub fn times(probe: &Probe, zone: &Zone) -> (String, String) {
    let Some(time) = probe.created_at else {
        return ("--:--:--".to_owned(), String::new());
    };
    let whole = wording::moment(&format!("{time:.0}"), zone.clone());
    let of_day = whole.split(' ').nth(1).unwrap_or(&whole).to_owned();
    (of_day, format!("{whole} {zone}"))
}

/// Returns the message of a failure, or its type if it has none.
pub fn message(probe: &Probe) -> &str {
    let message = probe.error_message.as_deref().filter(|text| !text.is_empty());
    message.or(probe.error_type.as_deref()).unwrap_or_default()
}

/// A probe for tests.
#[cfg(test)]
pub fn sample(id: i64) -> Probe {
    Probe {
        id,
        created_at: "2026-01-28T20:34:56.999Z".parse().ok(),
        endpoint_id: 1,
        endpoint: "main".to_owned(),
        vendor: None,
        source: Some("scheduled".to_owned()),
        ok: true,
        status_code: Some(200),
        latency_ms: Some(123),
        error_type: None,
        error_message: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_result_is_a_word_and_a_timeout_is_a_warning() {
        let failed = |error_type: &str| Probe {
            ok: false,
            error_type: Some(error_type.to_owned()),
            ..sample(1)
        };
        assert_eq!(result(&sample(1)), ("OK", Tone::Good));
        assert_eq!(result(&failed("timeout")), ("WARN", Tone::Warn));
        assert_eq!(result(&failed("http_5xx")), ("FAIL", Tone::Bad));
    }

    #[test]
    fn latencies_have_words() {
        for (latency, word) in [
            (0, "fast"),
            (199, "fast"),
            (200, "slow"),
            (499, "slow"),
            (500, "very slow"),
        ] {
            assert_eq!(speed(Some(latency)).map(|speed| speed.0), Some(word));
        }
        assert_eq!(speed(None), None);
        assert_eq!(
            (latency(Some(123)), latency(Some(1500)), latency(None)),
            ("123 ms".to_owned(), "1.5 s".to_owned(), "–".to_owned())
        );
    }

    #[test]
    fn the_time_is_that_of_the_zone_and_cut_as_in_the_file() {
        let zone = "Asia/Shanghai".parse().unwrap();
        let expected = (
            "04:34:56".to_owned(),
            "2026-01-29 04:34:56 Asia/Shanghai".to_owned(),
        );
        assert_eq!(times(&sample(1), &zone), expected);
        let unknown = Probe {
            created_at: None,
            ..sample(1)
        };
        assert_eq!(times(&unknown, &zone).0, "--:--:--");
    }

    #[test]
    fn a_failure_without_a_message_shows_its_type() {
        let failed = |text: &str| Probe {
            error_type: Some("timeout".to_owned()),
            error_message: Some(text.to_owned()),
            ..sample(1)
        };
        assert_eq!(
            (message(&failed("")), message(&failed("cut")), message(&sample(1))),
            ("timeout", "cut", "")
        );
    }
}
