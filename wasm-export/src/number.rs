//! Parses numbers, as several formats need it.

/// The parts of a number: an optional minus, digits, an optional point with digits, an optional exponent. The digits
/// on one side of the point may be missing.
pub(crate) struct Number<'a> {
    /// The digits before the point.
    pub(crate) whole: &'a [u8],
    /// The digits after the point, if there is one.
    pub(crate) fraction: Option<&'a [u8]>,
}

impl<'a> Number<'a> {
    /// Parses a number, or returns `None` for other text.
    pub(crate) fn read(text: &'a [u8]) -> Option<Self> {
        let (whole, rest) = split_digits(text.strip_prefix(b"-").unwrap_or(text));
        let (fraction, rest) = match rest {
            [b'.', after @ ..] => {
                let (fraction, rest) = split_digits(after);
                (Some(fraction), rest)
            }
            _ => (None, rest),
        };
        let is_whole = match rest {
            [] => true,
            [b'e' | b'E', b'+' | b'-', power @ ..] | [b'e' | b'E', power @ ..] => {
                matches!(split_digits(power), ([_, ..], []))
            }
            _ => false,
        };
        is_whole.then_some(Self { whole, fraction })
    }
}

/// Returns the digits at the beginning of the text, and the rest.
fn split_digits(text: &[u8]) -> (&[u8], &[u8]) {
    let count = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    text.split_at(count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_taken_apart() {
        for (text, parts) in [
            ("-12.50", Some(("12", Some("50")))),
            ("0", Some(("0", None))),
            ("5.", Some(("5", Some("")))),
            (".5e-3", Some(("", Some("5")))),
            ("007E+10", Some(("007", None))),
            ("", Some(("", None))),
            ("1e", None),
            ("+5", None),
            ("1.2.3", None),
            ("1 ", None),
            ("NaN", None),
        ] {
            let number = Number::read(text.as_bytes());
            let expected = parts.map(|(whole, fraction)| (whole.as_bytes(), fraction.map(str::as_bytes)));
            assert_eq!(
                number.map(|number| (number.whole, number.fraction)),
                expected,
                "{text}"
            );
        }
    }
}
