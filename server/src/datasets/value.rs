//! The value of a query parameter, parsed by its kind.

use api::datasets::FilterKind;
use jiff::civil::Date;
use uuid::Uuid;
use wasm_export::zone::Zone;

use crate::parameter::{ParameterError, parse_time};

/// The greatest number of digits before and after the point of a decimal.
const DIGITS_MAX: (usize, usize) = (30, 20);

/// Returns the value in PostgreSQL's notation. A time without a zone is in `zone`.
///
/// # Errors
/// [`ParameterError::Invalid`] of the parameter `name`.
pub fn parse(name: &str, kind: FilterKind, text: &str, zone: &Zone) -> Result<String, ParameterError> {
    let trimmed = text.trim();
    let or_invalid =
        |value: Option<String>, problem: &str| value.ok_or_else(|| ParameterError::invalid(name, problem));
    match kind {
        FilterKind::Text => Ok(text.to_owned()),
        FilterKind::Integer => {
            let number = trimmed.parse::<i64>().ok();
            or_invalid(
                number.map(|number| number.to_string()),
                "is not a whole number of 64 bits",
            )
        }
        FilterKind::Decimal => or_invalid(
            is_decimal(trimmed).then(|| trimmed.to_owned()),
            "is not a decimal number such as 7.5, with at most 30 digits before the point and 20 after it",
        ),
        FilterKind::Boolean => or_invalid(
            boolean(trimmed).map(|value| value.to_string()),
            "is neither `true` nor `false`",
        ),
        FilterKind::Timestamp => Ok(parse_time(name, text, zone)?.to_string()),
        FilterKind::Date => {
            let date = trimmed.parse::<Date>().ok();
            or_invalid(
                date.map(|date| date.to_string()),
                "is not a date; write 2026-01-28",
            )
        }
        FilterKind::Uuid => {
            let uuid = Uuid::try_parse(trimmed).ok();
            or_invalid(uuid.map(|uuid| uuid.to_string()), "is not a UUID")
        }
    }
}

fn boolean(text: &str) -> Option<bool> {
    match text {
        "true" | "1" | "on" => Some(true),
        "false" | "0" | "off" => Some(false),
        _ => None,
    }
}

fn is_decimal(text: &str) -> bool {
    let (whole, fraction) = match text.strip_prefix('-').unwrap_or(text).split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (text.strip_prefix('-').unwrap_or(text), None),
    };
    let digits = |digits: &str, max: usize| {
        (1..=max).contains(&digits.len()) && digits.bytes().all(|digit| digit.is_ascii_digit())
    };
    digits(whole, DIGITS_MAX.0) && fraction.is_none_or(|fraction| digits(fraction, DIGITS_MAX.1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(kind: FilterKind, text: &str) -> Result<String, ParameterError> {
        super::parse("a", kind, text, &Zone::default())
    }

    #[test]
    fn a_value_becomes_what_postgresql_reads() {
        for (kind, text, value) in [
            (FilterKind::Decimal, " -0.50 ", "-0.50"),
            (FilterKind::Date, "2026-01-28", "2026-01-28"),
            (
                FilterKind::Uuid,
                "0195B7E2A5F07CC3A1F04D7E1B2C3D4E",
                "0195b7e2-a5f0-7cc3-a1f0-4d7e1b2c3d4e",
            ),
            (FilterKind::Boolean, "on", "true"),
            (FilterKind::Integer, "+7", "7"),
            (FilterKind::Text, " a ", " a "),
        ] {
            assert_eq!(parse(kind, text).as_deref(), Ok(value), "{text}");
        }
    }

    #[test]
    fn what_is_not_of_the_kind_is_refused() {
        let long = "1".repeat(31);
        for (kind, texts) in [
            (
                FilterKind::Decimal,
                &["", ".5", "1.", "1e5", "NaN", "--1", "1,5", &long][..],
            ),
            (FilterKind::Date, &["2026-02-30", "28.01.2026", "today"]),
            (FilterKind::Uuid, &["7", "0195b7e2-a5f0-7cc3-a1f0"]),
            (FilterKind::Integer, &["7.5", "99999999999999999999"]),
        ] {
            for text in texts {
                assert!(parse(kind, text).is_err(), "{kind:?} {text}");
            }
        }
    }
}
