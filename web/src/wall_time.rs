//! Times without a zone, as `<input type="datetime-local">` holds them.

use api::Timestamp;

use crate::wording;

/// Returns whether such a field can show the value: `2026-01-28T12:00`, with or without seconds, or nothing.
/// The server also takes times with an offset and milliseconds.
pub fn is_wall_time(value: &str) -> bool {
    let shape: String = value
        .chars()
        .map(|c| if c.is_ascii_digit() { '0' } else { c })
        .collect();
    matches!(shape.as_str(), "" | "0000-00-00T00:00" | "0000-00-00T00:00:00")
}

/// Returns a time by the clock of a zone, as such a field takes it: `2026-01-28T12:00`.
pub fn in_zone(time: Timestamp, zone: &str) -> String {
    let mut text = wording::moment(&format!("{time:.0}"), zone.parse().unwrap_or_default());
    text.truncate("2026-01-28 12:00".len());
    text.replace(' ', "T")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_that_of_the_clock_of_its_zone() {
        let time = "2026-07-01T00:30:59Z".parse().unwrap();
        assert_eq!(in_zone(time, "Europe/Berlin"), "2026-07-01T02:30");
        assert_eq!(in_zone(time, "UTC"), "2026-07-01T00:30");
    }

    #[test]
    fn only_a_date_with_a_time_and_no_zone_fits_the_field() {
        for value in ["", "2026-01-28T12:00", "2026-01-28T12:00:59"] {
            assert!(is_wall_time(value), "{value}");
        }
        for value in [
            "2026-01-28",
            "2026-01-28 12:00:00",
            "2026-01-28T12:00Z",
            "1769601600000",
            "soon",
        ] {
            assert!(!is_wall_time(value), "{value}");
        }
    }
}
