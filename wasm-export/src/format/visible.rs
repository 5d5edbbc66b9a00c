//! Makes text safe to show: it becomes UTF-8, and no control character acts.

use std::borrow::Cow;

use wide::u8x16;

use super::scan;

/// The symbol of each control character: `␛` for an escape.
const PICTURES: [&str; 32] = [
    "␀", "␁", "␂", "␃", "␄", "␅", "␆", "␇", "␈", "␉", "␊", "␋", "␌", "␍", "␎", "␏", "␐", "␑", "␒", "␓", "␔",
    "␕", "␖", "␗", "␘", "␙", "␚", "␛", "␜", "␝", "␞", "␟",
];

/// Returns the symbol of a control character, or `None` for other bytes.
pub(super) fn picture(byte: u8) -> Option<&'static str> {
    match byte {
        0x7f => Some("␡"),
        _ => PICTURES.get(usize::from(byte)).copied(),
    }
}

/// Marks bytes that have a symbol, except tabs, which end cells.
#[inline]
pub(super) fn mark_pictured(bytes: u8x16) -> u8x16 {
    scan::mark_controls(bytes) | bytes.simd_eq(u8x16::splat(0x7f))
}

/// Returns the text with U+FFFD for bytes that are not UTF-8.
pub(super) fn utf8(text: &[u8]) -> Cow<'_, [u8]> {
    match simdutf8::basic::from_utf8(text) {
        Ok(text) => Cow::Borrowed(text.as_bytes()),
        Err(_) => Cow::Owned(String::from_utf8_lossy(text).into_owned().into_bytes()),
    }
}
