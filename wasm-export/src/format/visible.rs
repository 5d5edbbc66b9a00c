//! Text for people's eyes: it is UTF-8, and no control character acts in it.

use std::borrow::Cow;

use wide::u8x16;

/// The picture of each control character: `␛` for an escape.
const PICTURES: [&str; 32] = [
    "␀", "␁", "␂", "␃", "␄", "␅", "␆", "␇", "␈", "␉", "␊", "␋", "␌", "␍", "␎", "␏", "␐", "␑", "␒", "␓", "␔",
    "␕", "␖", "␗", "␘", "␙", "␚", "␛", "␜", "␝", "␞", "␟",
];

/// What is shown for a control character; `None` for all other bytes.
pub(super) fn picture(byte: u8) -> Option<&'static str> {
    match byte {
        0x7f => Some("␡"),
        _ => PICTURES.get(usize::from(byte)).copied(),
    }
}

/// Marks the control characters but tabs, at which cells end.
#[inline]
pub(super) fn mark_controls(bytes: u8x16) -> u8x16 {
    let is = |byte: u8| bytes.simd_eq(u8x16::splat(byte));
    let is_low = bytes.min(u8x16::splat(0x1f)).simd_eq(bytes);
    (is_low & !is(b'\t')) | is(0x7f)
}

/// The text with `U+FFFD` for what is not UTF-8.
pub(super) fn utf8(text: &[u8]) -> Cow<'_, [u8]> {
    match String::from_utf8_lossy(text) {
        Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
        Cow::Owned(text) => Cow::Owned(text.into_bytes()),
    }
}
