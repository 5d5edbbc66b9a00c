//! Text in XML 1.0 as a spreadsheet reads it (ISO/IEC 29500-1, 22.9.2.19, `ST_Xstring`).

/// The longest text of a cell, in UTF-16 code units. A text has at most as many of these as bytes.
pub(super) const CELL_UNITS_MAX: usize = 32_767;

/// Splits a text into the part that fits into a cell, and the rest.
pub(super) fn split_units(text: &str) -> (&str, &str) {
    let mut units = 0;
    let end = text.char_indices().find(|(_, character)| {
        units += character.len_utf16();
        units > CELL_UNITS_MAX
    });
    text.split_at(end.map_or(text.len(), |(at, _)| at))
}

/// Appends the text behind `<t`: attributes, `>` and the text.
pub(super) fn write_content(text: &str, xml: &mut Vec<u8>) {
    let ends = [text.bytes().next(), text.bytes().next_back()];
    let is_blank = |byte: &Option<u8>| byte.is_some_and(|byte| byte.is_ascii_whitespace());
    // Without the attribute, a reader may strip white space at the ends.
    let preserved = ends.iter().any(is_blank);
    xml.extend_from_slice(if preserved {
        b" xml:space=\"preserve\">"
    } else {
        b">"
    });
    write_escaped(text, xml);
}

/// Appends a text with XML's references, and with a spreadsheet's escapes for characters that XML cannot represent.
pub(super) fn write_escaped(text: &str, xml: &mut Vec<u8>) {
    let bytes = text.as_bytes();
    let mut taken = 0;
    for (at, &byte) in bytes.iter().enumerate() {
        if !IS_SPECIAL[usize::from(byte)] {
            continue;
        }
        let (length, written): (usize, &[u8]) = match byte {
            b'&' => (1, b"&amp;"),
            b'<' => (1, b"&lt;"),
            b'>' => (1, b"&gt;"),
            b'"' => (1, b"&quot;"),
            // An XML parser would read a bare carriage return as a line feed.
            b'\r' => (1, b"&#13;"),
            b'_' if looks_like_an_escape(&bytes[at..]) => (1, b"_x005F_"),
            0xef if bytes[at..].starts_with("\u{fffe}".as_bytes()) => (3, b"_xFFFE_"),
            0xef if bytes[at..].starts_with("\u{ffff}".as_bytes()) => (3, b"_xFFFF_"),
            0..b' ' if !matches!(byte, b'\t' | b'\n') => (1, &escape_of(byte)),
            _ => continue,
        };
        xml.extend_from_slice(&bytes[taken..at]);
        xml.extend_from_slice(written);
        taken = at + length;
    }
    xml.extend_from_slice(&bytes[taken..]);
}

/// The bytes that may need an escape.
static IS_SPECIAL: [bool; 256] = {
    let mut special = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        special[byte] = byte < 0x20 || matches!(byte as u8, b'&' | b'<' | b'>' | b'"' | b'_' | 0xef);
        byte += 1;
    }
    special
};

/// Returns whether a spreadsheet would read these bytes as an escape.
fn looks_like_an_escape(bytes: &[u8]) -> bool {
    matches!(bytes, [b'_', b'x', digits @ ..]
        if digits.len() >= 4 && digits[..4].iter().all(u8::is_ascii_hexdigit))
}

fn escape_of(control: u8) -> [u8; 7] {
    let mut escape = *b"_x0000_";
    escape[4] = if control < 0x10 { b'0' } else { b'1' };
    escape[5] = b"0123456789ABCDEF"[usize::from(control % 16)];
    escape
}
