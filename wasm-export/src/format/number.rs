//! What text is a number.

/// A number's text, taken apart: an optional minus, digits, perhaps a point and digits, perhaps a power of ten. Either
/// digits may be missing.
pub(super) struct Number<'a> {
    /// The digits before the point.
    pub(super) whole: &'a [u8],
    /// The digits after the point, if there is one.
    pub(super) fraction: Option<&'a [u8]>,
}

impl<'a> Number<'a> {
    /// Takes a text apart; `None` if it is something else.
    pub(super) fn read(text: &'a [u8]) -> Option<Self> {
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

/// The digits that the text begins with, and what follows them.
fn split_digits(text: &[u8]) -> (&[u8], &[u8]) {
    let count = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    text.split_at(count)
}
