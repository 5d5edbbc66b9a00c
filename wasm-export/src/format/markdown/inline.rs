//! Text within a line, and the beginning of both layouts.

use wide::{i8x16, u8x16};

use crate::format::markup::{Markup, replace};
use crate::format::metadata::Metadata;
use crate::format::scan::{Special, mark_controls};
use crate::format::visible::{picture, utf8};
use crate::options::{self, Options};
use crate::rows::Header;

/// Text within a line.
pub(super) struct Inline;

impl Special for Inline {
    #[inline]
    fn mark(bytes: u8x16) -> u8x16 {
        let is = |byte: u8| bytes.simd_eq(u8x16::splat(byte));
        // The bit that makes letters small maps the five signs from `[` to `_` to the five from `{` to DEL, of which
        // the braces alone mean nothing. They are the last of ASCII, and bytes outside ASCII are negative.
        let small = bytes | u8x16::splat(0x20);
        let is_last = small
            .cast_signed()
            .simd_gt(i8x16::splat(b'z' as i8))
            .cast_unsigned();
        // Some readers make a link of `www.`.
        let is_w = small.simd_eq(u8x16::splat(b'w'));
        let is_other = is(b'`') | is(b'*') | is(b'$') | is(b'&') | is(b'<') | is(b':');
        is_last | is_w | is_other | mark_controls(bytes)
    }
}

impl Markup for Inline {
    fn write(text: &[u8], out: &mut Vec<u8>) {
        let text = &*utf8(text);
        replace(text, out, |at, byte| {
            let before = &text[..at];
            match byte {
                b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' => None,
                b'\\' => Some("\\\\"),
                // Readers differ on a bar behind two backslashes.
                b'|' if before.ends_with(b"\\") => Some("&#124;"),
                b'|' => Some("\\|"),
                b'`' => Some("\\`"),
                b'*' => Some("\\*"),
                b'_' => Some("\\_"),
                b'[' => Some("\\["),
                b']' => Some("\\]"),
                b'~' => Some("\\~"),
                b'$' => Some("\\$"),
                b'^' => Some("\\^"),
                b'&' => Some("&amp;"),
                b'<' => Some("&lt;"),
                b':' if text[at..].starts_with(b"://") => Some("\\:"),
                b'.' if before.len() >= 3 && before[at - 3..].eq_ignore_ascii_case(b"www") => Some("\\."),
                b'\n' if before.ends_with(b"\r") => Some(""),
                b'\n' | b'\r' => Some("<br>"),
                b'\t' => Some("&#9;"),
                // Readers trim spaces at either end.
                b' ' if at == 0 || at + 1 == text.len() => Some("&#32;"),
                other => picture(other),
            }
        });
    }
}

/// Returns the title and a description of the rows, if the options ask for metadata.
pub(super) fn introduction(header: &Header, positions: &[usize], options: &Options) -> Vec<u8> {
    let mut out = Vec::new();
    if options.metadata == options::Metadata::Without {
        return out;
    }
    let metadata = Metadata::new(header, positions, options);
    write_heading("#", metadata.title.as_bytes(), &mut out);
    out.push(b'\n');
    let facts = [
        ("Dataset", metadata.dataset),
        ("Exported at", metadata.exported_at),
        ("Time zone", &metadata.zone),
    ];
    let filters = metadata.filters.iter();
    for (name, value) in facts
        .into_iter()
        .chain(filters.map(|(name, value)| (&**name, &**value)))
    {
        out.extend_from_slice(b"- ");
        Inline::write(name.as_bytes(), &mut out);
        out.extend_from_slice(b": ");
        Inline::write(value.as_bytes(), &mut out);
        out.push(b'\n');
    }
    out.push(b'\n');
    out
}

/// Appends a heading and its newline.
pub(super) fn write_heading(level: &str, text: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(level.as_bytes());
    out.push(b' ');
    Inline::write(text, out);
    // Signs at the end of a heading may close it, and would be lost.
    if out.ends_with(b"#") {
        out.pop();
        out.extend_from_slice(b"\\#");
    }
    out.push(b'\n');
}
