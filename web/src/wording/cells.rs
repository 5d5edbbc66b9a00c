//! Texts of table cells. They are shortened; the row's details and the files have the exact values.

use wasm_export::Zone;

use super::grouped;

/// Digits after the point.
const DECIMALS_MAX: usize = 6;

/// The text of a cell without a value.
pub const NO_VALUE: &str = "–";

/// Formats a number with thousands' marks. More than six decimals are rounded, as decimal text.
/// Any text that is not a plain decimal number is returned unchanged.
pub fn number(text: &str) -> String {
    match fraction_digits(text) {
        Some(digits) if digits > DECIMALS_MAX => shortened(text),
        Some(_) => grouped(text),
        None => text.to_owned(),
    }
}

fn shortened(text: &str) -> String {
    let short = rounded(text, DECIMALS_MAX);
    let short = short.trim_end_matches('0').trim_end_matches('.');
    let is_zero = |text: &str| !text.contains(|digit: char| ('1'..='9').contains(&digit));
    match (is_zero(short), is_zero(text), text.starts_with('-')) {
        (false, ..) => grouped(short),
        (true, true, _) => "0".to_owned(),
        (true, false, false) => "< 0.000001".to_owned(),
        (true, false, true) => "> -0.000001".to_owned(),
    }
}

/// Formats US dollars to the cent: `$1,795.31`.
pub fn usd(text: &str) -> String {
    match fraction_digits(text) {
        None => text.to_owned(),
        Some(_) => {
            let text = grouped(&rounded(text, 2));
            match text.strip_prefix('-') {
                Some(text) => format!("-${text}"),
                None => format!("${text}"),
            }
        }
    }
}

/// Formats a number with three digits: `1.32 B`. Any text that is not a plain decimal number is returned unchanged.
pub fn compact(text: &str) -> String {
    const UNITS: [&str; 5] = ["", " K", " M", " B", " T"];
    if fraction_digits(text).is_none() {
        return text.to_owned();
    }
    let whole = text.split('.').next().unwrap_or_default();
    let digits = whole.trim_start_matches('-').len();
    let unit = ((digits - 1) / 3).min(UNITS.len() - 1);
    if unit == 0 {
        return grouped(&rounded(text, 0));
    }
    let decimals = 3_usize.saturating_sub(digits - unit * 3);
    let point = whole.len() - unit * 3;
    let scaled = format!("{}.{}", &whole[..point], &whole[point..]);
    let scaled = rounded(&scaled, decimals);
    // Rounding up may need the next unit: 999,999 is 1.00 M.
    match scaled.trim_start_matches('-').starts_with("1000") && unit + 1 < UNITS.len() {
        true => format!(
            "{}1.00{}",
            if text.starts_with('-') { "-" } else { "" },
            UNITS[unit + 1]
        ),
        false => format!("{}{}", grouped(&scaled), UNITS[unit]),
    }
}

/// Formats a part of a whole: `8.9 %`.
pub fn share(part: &str, whole: &str) -> String {
    match (part.parse::<f64>(), whole.parse::<f64>()) {
        (Ok(part), Ok(whole)) if whole != 0.0 => format!("{:.1} %", part / whole * 100.0),
        _ => NO_VALUE.to_owned(),
    }
}

/// Formats milliseconds: `812 ms`, `1.6 s`, `3 min 05 s`.
pub fn duration(text: &str) -> String {
    match text.parse::<u64>() {
        Ok(milliseconds) if milliseconds < 1_000 => format!("{milliseconds} ms"),
        Ok(milliseconds) => super::duration(milliseconds as f64 / 1_000.0),
        Err(_) => number(text),
    }
}

/// Names a zone for the head of a column: `UTC+8`, or its name if it has had several offsets within half a year of a time in
/// seconds since 1970.
pub fn zone(zone: &Zone, now: i64) -> String {
    const HALF_A_YEAR: i64 = 182 * 24 * 60 * 60;
    let offset = zone.offset_around(now);
    if offset.from > now - HALF_A_YEAR || offset.until < now + HALF_A_YEAR {
        return zone.name().to_owned();
    }
    let minutes = offset.seconds.abs() / 60;
    let sign = if offset.seconds < 0 { '-' } else { '+' };
    match (minutes / 60, minutes % 60) {
        (0, 0) => "UTC".to_owned(),
        (hours, 0) => format!("UTC{sign}{hours}"),
        (hours, minutes) => format!("UTC{sign}{hours}:{minutes:02}"),
    }
}

/// Returns the number of digits after the point, or none for a text that is not a plain decimal number.
fn fraction_digits(text: &str) -> Option<usize> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let is_plain = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    (!whole.is_empty() && is_plain(whole) && is_plain(fraction)).then_some(fraction.len())
}

/// Rounds half away from zero, as PostgreSQL rounds a `numeric`.
fn rounded(text: &str, decimals: usize) -> String {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", text),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let kept: String = fraction
        .chars()
        .chain(std::iter::repeat('0'))
        .take(decimals)
        .collect();
    let rounds_up = fraction
        .as_bytes()
        .get(decimals)
        .is_some_and(|digit| *digit >= b'5');
    let mut all = format!("{whole}{kept}").into_bytes();
    if rounds_up {
        let nines = all.iter().rev().take_while(|digit| **digit == b'9').count();
        let at = all.len() - nines;
        all[at..].fill(b'0');
        match at.checked_sub(1) {
            Some(last) => all[last] += 1,
            None => all.insert(0, b'1'),
        }
    }
    let all = String::from_utf8_lossy(&all).into_owned();
    let (whole, kept) = all.split_at(all.len() - decimals);
    match decimals {
        0 => format!("{sign}{whole}"),
        _ => format!("{sign}{whole}.{kept}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_thousands_marks_and_at_most_six_decimals() {
        for (text, shown) in [
            ("0", "0"),
            ("1234567", "1,234,567"),
            ("-1234.50", "-1,234.50"),
            ("0.001800000000000", "0.0018"),
            ("0.123456500000000", "0.123457"),
            ("99999.999999999", "100,000"),
            ("-0.9999999", "-1"),
            ("0.000000000000000", "0"),
            ("0.000000100000000", "< 0.000001"),
            ("-0.000000100000000", "> -0.000001"),
            // No 64-bit float has these digits.
            (
                "12345678901234567890.1234565",
                "12,345,678,901,234,567,890.123457",
            ),
            ("NaN", "NaN"),
            ("1e-7", "1e-7"),
        ] {
            assert_eq!(number(text), shown, "{text}");
        }
    }

    #[test]
    fn figures_are_short() {
        for (text, shown) in [
            ("1795.310000000000001", "$1,795.31"),
            ("0.005", "$0.01"),
            ("-2", "-$2.00"),
            ("0", "$0.00"),
        ] {
            assert_eq!(usd(text), shown, "{text}");
        }
        for (text, shown) in [
            ("0", "0"),
            ("999", "999"),
            ("1234", "1.23 K"),
            ("98731", "98.7 K"),
            ("987654", "988 K"),
            ("999999", "1.00 M"),
            ("1321456789", "1.32 B"),
            ("-1321456789", "-1.32 B"),
            ("1234567890123456", "1,235 T"),
        ] {
            assert_eq!(compact(text), shown, "{text}");
        }
        assert_eq!(share("89", "1000"), "8.9 %");
        assert_eq!(share("0", "0"), NO_VALUE);
    }

    #[test]
    fn milliseconds_get_coarser() {
        assert_eq!(duration("812"), "812 ms");
        assert_eq!(duration("1640"), "1.6 s");
        assert_eq!(duration("185000"), "3 min 05 s");
        assert_eq!(duration("0.5"), "0.5");
    }

    #[test]
    fn a_zone_has_its_offset_or_a_name_if_that_changes() {
        let named = |name: &str| zone(&name.parse().unwrap(), 1_769_601_600);
        assert_eq!(named("Asia/Shanghai"), "UTC+8");
        assert_eq!(named("Asia/Kolkata"), "UTC+5:30");
        assert_eq!(named("America/Phoenix"), "UTC-7");
        assert_eq!(named("Europe/Berlin"), "Europe/Berlin");
        assert_eq!(named("UTC"), "UTC");
    }
}
