//! Text for people's eyes: it is UTF-8, and no control character acts in it.

use std::borrow::Cow;

use wide::u8x16;

use super::scan;

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

/// Marks what has a picture, but for tabs, at which cells end.
#[inline]
pub(super) fn mark_pictured(bytes: u8x16) -> u8x16 {
    scan::mark_controls(bytes) | bytes.simd_eq(u8x16::splat(0x7f))
}

/// The text with `U+FFFD` for what is not UTF-8.
pub(super) fn utf8(text: &[u8]) -> Cow<'_, [u8]> {
    match simdutf8::basic::from_utf8(text) {
        Ok(text) => Cow::Borrowed(text.as_bytes()),
        Err(_) => Cow::Owned(String::from_utf8_lossy(text).into_owned().into_bytes()),
    }
}
