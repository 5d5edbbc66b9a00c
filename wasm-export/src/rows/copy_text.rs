//! The escapes of PostgreSQL's COPY in text format.

use std::borrow::Cow;

use memchr::memchr;

/// The cell that stands for null.
pub const NULL: &[u8] = b"\\N";

/// Returns a cell without COPY's escapes, decoded like `COPY … FROM`.
pub fn unescape(cell: &[u8]) -> Cow<'_, [u8]> {
    if memchr(b'\\', cell).is_none() {
        return Cow::Borrowed(cell);
    }
    let mut text = Vec::with_capacity(cell.len());
    unescape_into(cell, &mut text);
    Cow::Owned(text)
}

/// Appends a cell without its escapes.
pub fn unescape_into(cell: &[u8], out: &mut Vec<u8>) {
    let mut rest = cell;
    while let Some(backslash) = memchr(b'\\', rest) {
        out.extend_from_slice(&rest[..backslash]);
        let (byte, after) = read_escape(&rest[backslash + 1..]);
        out.push(byte);
        rest = after;
    }
    out.extend_from_slice(rest);
}

/// Appends text with COPY's escapes, as a cell of a row.
pub fn escape_into(text: &[u8], out: &mut Vec<u8>) {
    let mut taken = 0;
    for (at, &byte) in text.iter().enumerate() {
        let letter = match byte {
            b'\\' => b'\\',
            b'\t' => b't',
            b'\n' => b'n',
            b'\r' => b'r',
            0x08 => b'b',
            0x0b => b'v',
            0x0c => b'f',
            _ => continue,
        };
        out.extend_from_slice(&text[taken..at]);
        out.extend_from_slice(&[b'\\', letter]);
        taken = at + 1;
    }
    out.extend_from_slice(&text[taken..]);
}

/// Returns the byte that an escape stands for, and the text behind it. `escape` begins behind the backslash.
pub(crate) fn read_escape(escape: &[u8]) -> (u8, &[u8]) {
    let [letter, after @ ..] = escape else {
        return (b'\\', escape);
    };
    let byte = match letter {
        b'b' => 0x08,
        b'f' => 0x0c,
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'v' => 0x0b,
        b'0'..=b'7' => return read_digits(escape, 8, 3),
        b'x' if after.first().is_some_and(u8::is_ascii_hexdigit) => return read_digits(after, 16, 2),
        other => *other,
    };
    (byte, after)
}

fn read_digits(text: &[u8], radix: u32, digits_max: usize) -> (u8, &[u8]) {
    let digits = text
        .iter()
        .take(digits_max)
        .map_while(|&byte| char::from(byte).to_digit(radix));
    let (count, number) = digits.fold((0, 0), |(count, number), digit| {
        (count + 1, number * radix + digit)
    });
    // PostgreSQL keeps the low eight bits too.
    ((number & 0xff) as u8, &text[count..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_read_as_copy_from_reads_them() {
        let cases: [(&str, &[u8]); 18] = [
            ("plain", b"plain"),
            ("", b""),
            (r"a\tb\nc\rd", b"a\tb\nc\rd"),
            (r"\b\f\v", b"\x08\x0c\x0b"),
            (r"C:\\temp", br"C:\temp"),
            (r"\\N", br"\N"),
            (r"\.", b"."),
            (r"\q", b"q"),
            (r"\101\60", b"A0"),
            (r"\1018", b"A8"),
            (r"\777", b"\xff"),
            (r"\9", b"9"),
            (r"\x41\x4", b"A\x04"),
            (r"\x414", b"A4"),
            (r"\xg", b"xg"),
            (r"\x", b"x"),
            ("ends in \\", b"ends in \\"),
            ("\u{e9}\\t\u{1f389}", "\u{e9}\t\u{1f389}".as_bytes()),
        ];
        for (raw, text) in cases {
            assert_eq!(
                unescape(raw.as_bytes()).escape_ascii().to_string(),
                text.escape_ascii().to_string(),
                "{raw}"
            );
        }
    }
}
