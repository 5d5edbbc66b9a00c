//! Texts of the page: numbers, sizes, times, and one module for each group of answers.

pub mod background;
pub mod backups;
pub mod cells;
pub mod cleanup;
pub mod database;
pub mod deliveries;
pub mod export;
pub mod export_limits;
pub mod filters;
pub mod permissions;
pub mod restore;
pub mod results;
pub mod schedules;
pub mod session_requests;
pub mod statistics;
pub mod webhooks;

use api::Timestamp;
use wasm_export::language::Language;
use wasm_export::options::{Options, TimestampStyle};
use wasm_export::rows::Kind;
use wasm_export::value::CellText;
use wasm_export::zone::Zone;

/// `1,234,567`
pub fn count(number: u64) -> String {
    grouped(&number.to_string())
}

/// Sets the thousands of a plain decimal number apart.
fn grouped(text: &str) -> String {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", text),
    };
    let (whole, fraction) = match digits.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (digits, None),
    };
    let mut grouped = String::with_capacity(text.len() * 4 / 3);
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    match fraction {
        Some(fraction) => format!("{sign}{grouped}.{fraction}"),
        None => format!("{sign}{grouped}"),
    }
}

/// `1 row`, `1,234 rows`
pub fn rows(number: u64) -> String {
    format!("{} {}", count(number), if number == 1 { "row" } else { "rows" })
}

/// `812 B`, `18.2 MB`: decimal units, as browsers show downloads.
pub fn bytes(number: u64) -> String {
    Language::English.bytes(number)
}

/// Returns whether a visitor has typed the word of a confirmation. A number may be typed as the page shows it
/// (`59,701`) or without separators.
pub fn is_typed(word: &str, typed: &str) -> bool {
    let is_number = |text: &str| {
        text.chars()
            .all(|letter| letter.is_ascii_digit() || letter == ',')
    };
    let plain = |text: &str| match is_number(text) {
        true => text.replace(',', ""),
        false => text.to_owned(),
    };
    plain(word) == plain(typed.trim())
}

/// Formats an RFC 3339 time in UTC as the table does: `2026-01-28 20:34:56`, in a zone. Any other text is
/// returned unchanged.
pub fn moment(as_of: &str, zone: Zone) -> String {
    let options = Options {
        zone,
        timestamps: TimestampStyle::Local,
        ..Options::default()
    };
    let cell = as_of.replace('T', " ").replace('Z', "+00");
    let text = CellText::new(&options).text(cell.as_bytes(), Kind::Timestamp);
    text.filter(|text| *text != cell)
        .unwrap_or_else(|| as_of.to_owned())
}

/// Formats a time as the tables do, in a zone, and names the zone: `2026-01-28 20:34:56 UTC`.
pub fn moment_in(time: Timestamp, zone: &str) -> String {
    let time = moment(&format!("{time:.0}"), zone.parse().unwrap_or_default());
    format!("{time} {zone}")
}

/// A past duration: `0.4 s`, `12.3 s`, `3 min 05 s`, `1 h 02 min`.
pub fn duration(seconds: f64) -> String {
    if seconds < 59.95 {
        format!("{:.1} s", seconds.max(0.0))
    } else {
        whole_seconds(seconds.round() as u64)
    }
}

/// A remaining duration: `under a second`, `12 s`, `3 min 05 s`, `1 h 02 min`.
pub fn time_left(seconds: f64) -> String {
    match seconds.ceil() as u64 {
        0 | 1 => "under a second".to_owned(),
        seconds => whole_seconds(seconds),
    }
}

fn whole_seconds(seconds: u64) -> String {
    match (seconds / 3_600, seconds / 60 % 60, seconds % 60) {
        (0, 0, seconds) => format!("{seconds} s"),
        (0, minutes, seconds) => format!("{minutes} min {seconds:02} s"),
        (hours, minutes, _) => format!("{hours} h {minutes:02} min"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_set_apart() {
        for (number, text) in [(0, "0"), (999, "999"), (1_000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(count(number), text);
        }
    }

    #[test]
    fn a_number_is_typed_with_or_without_its_commas() {
        for typed in ["59,701", "59701", " 59701 "] {
            assert!(is_typed("59,701", typed), "{typed}");
        }
        for typed in ["", "59,70", "5970", "59.701", "59701x"] {
            assert!(!is_typed("59,701", typed), "{typed}");
        }
        assert!(is_typed("hub", "hub") && !is_typed("hub", "h,ub"));
        assert!(!is_typed("hub,", "hub"), "only numbers have separators");
    }

    #[test]
    fn one_row_is_a_row() {
        assert_eq!(
            (rows(1).as_str(), rows(0).as_str(), rows(100_000).as_str()),
            ("1 row", "0 rows", "100,000 rows")
        );
    }

    #[test]
    fn a_moment_is_shown_on_the_wall_of_a_zone() {
        let shanghai = || "Asia/Shanghai".parse().unwrap();
        assert_eq!(
            moment("2026-01-28T20:34:56.789123Z", shanghai()),
            "2026-01-29 04:34:56"
        );
        assert_eq!(
            moment("2026-01-28T20:34:56Z", Zone::default()),
            "2026-01-28 20:34:56"
        );
        assert_eq!(moment("soon", shanghai()), "soon");
    }

    #[test]
    fn durations_get_coarser_as_they_grow() {
        for (seconds, text) in [
            (0.04, "0.0 s"),
            (1.23, "1.2 s"),
            (59.96, "1 min 00 s"),
            (185.0, "3 min 05 s"),
            (3_725.0, "1 h 02 min"),
        ] {
            assert_eq!(duration(seconds), text);
        }
        assert_eq!(time_left(0.2), "under a second");
        assert_eq!(time_left(11.2), "12 s");
    }
}
