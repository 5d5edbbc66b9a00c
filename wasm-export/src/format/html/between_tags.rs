//! Text between the tags of a page.

use wide::u8x16;

use crate::format::markup::{Markup, replace};
use crate::format::scan::Special;
use crate::format::visible::{mark_pictured, picture, utf8};

pub(in crate::format) struct BetweenTags;

impl Special for BetweenTags {
    #[inline]
    fn mark(bytes: u8x16) -> u8x16 {
        let is = |byte: u8| bytes.simd_eq(u8x16::splat(byte));
        let is_escaped = is(b'&') | is(b'<') | is(b'>') | is(b'"') | is(b'\'');
        is(b'\\') | is_escaped | mark_pictured(bytes)
    }
}

impl Markup for BetweenTags {
    fn write(text: &[u8], out: &mut Vec<u8>) {
        replace(&utf8(text), out, |_, byte| match byte {
            b'&' => Some("&amp;"),
            b'<' => Some("&lt;"),
            b'>' => Some("&gt;"),
            b'"' => Some("&quot;"),
            b'\'' => Some("&#39;"),
            b'\n' | b'\t' => None,
            // HTML parsers convert a bare carriage return to a line feed.
            b'\r' => Some("&#13;"),
            other => picture(other),
        });
    }
}

/// Returns a line in a list of facts. Name and value are HTML.
pub(in crate::format) fn fact(name: &str, value: &str) -> String {
    format!("<dt>{name}</dt><dd>{value}</dd>\n")
}

pub(in crate::format) fn escape(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len());
    BetweenTags::write(text.as_bytes(), &mut out);
    String::from_utf8_lossy(&out).into_owned()
}
