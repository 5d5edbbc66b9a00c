//! A raw cell and its column's kind, understood: the one place where PostgreSQL's text becomes a file's text.

use std::borrow::Cow;

use memchr::memchr;

use crate::options::{DecimalMark, Options};
use crate::rows::Kind;
use crate::timestamp::{Clock, Moment};

/// How COPY writes null.
pub const NULL: &[u8] = b"\\N";

/// What a cell holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value<'a> {
    /// Nothing.
    Null,
    /// Text, and everything that is passed on as PostgreSQL writes it.
    Text(EscapedText<'a>),
    /// A number's digits.
    Number(&'a [u8]),
    /// True or false.
    Boolean(bool),
    /// A `timestamptz`, in UTC.
    Timestamp(Moment<'a>),
    /// A `timestamp`.
    LocalTimestamp(Moment<'a>),
}

impl<'a> Value<'a> {
    /// Reads a raw cell of a column of a kind. A cell that does not look like its kind is text.
    #[must_use]
    pub fn read(cell: &'a [u8], kind: Kind) -> Self {
        if cell == NULL {
            return Self::Null;
        }
        let typed = match kind {
            Kind::Integer | Kind::Decimal | Kind::Float if memchr(b'\\', cell).is_none() => Some(Self::Number(cell)),
            Kind::Boolean if cell == b"t" => Some(Self::Boolean(true)),
            Kind::Boolean if cell == b"f" => Some(Self::Boolean(false)),
            Kind::Timestamp => Moment::in_utc(cell).map(Self::Timestamp),
            Kind::LocalTimestamp => Moment::without_zone(cell).map(Self::LocalTimestamp),
            _ => None,
        };
        typed.unwrap_or_else(|| Self::Text(EscapedText(cell)))
    }
}

/// Text with COPY's backslash escapes still in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EscapedText<'a>(&'a [u8]);

impl<'a> EscapedText<'a> {
    /// The text itself; UTF-8 if the database's text is.
    #[must_use]
    pub fn unescaped(self) -> Cow<'a, [u8]> {
        unescape(self.0)
    }

    /// Appends the text itself.
    pub fn append_to(self, out: &mut Vec<u8>) {
        unescape_into(self.0, out);
    }
}

/// Writes cells as text, as the options want them: what a CSV file holds between its delimiters, and what the
/// page shows.
#[derive(Clone, Debug)]
pub struct CellText {
    clock: Clock,
    decimal: DecimalMark,
}

/// What has been appended for a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Written {
    /// Nothing: the cell is null.
    Null,
    /// A time or a boolean: letters, digits, `-`, `:`, `.`, `+` and spaces within; nothing that needs quotes.
    Plain,
    /// Any text.
    Text,
}

impl CellText {
    /// A writer for these options.
    #[must_use]
    pub fn new(options: &Options) -> Self {
        Self { clock: Clock::new(options.zone.clone(), options.timestamps), decimal: options.decimal }
    }

    /// Appends the text of a raw cell.
    pub fn write(&mut self, cell: &[u8], kind: Kind, out: &mut Vec<u8>) -> Written {
        match Value::read(cell, kind) {
            Value::Null => return Written::Null,
            Value::Boolean(value) => out.extend_from_slice(if value { b"true" } else { b"false" }),
            Value::LocalTimestamp(moment) => self.clock.write_without_zone(&moment, out),
            Value::Timestamp(moment) if self.clock.write_in_zone(&moment, out) => {}
            Value::Timestamp(_) => out.extend_from_slice(cell),
            Value::Number(digits) => {
                self.write_number(digits, out);
                return Written::Text;
            }
            Value::Text(text) => {
                text.append_to(out);
                return Written::Text;
            }
        }
        Written::Plain
    }

    /// The text of a raw cell, for a page; `None` for null. Bytes that are not UTF-8 become `U+FFFD`.
    pub fn text(&mut self, cell: &[u8], kind: Kind) -> Option<String> {
        let mut out = Vec::new();
        match self.write(cell, kind, &mut out) {
            Written::Null => None,
            Written::Plain | Written::Text => Some(String::from_utf8_lossy(&out).into_owned()),
        }
    }

    fn write_number(&self, digits: &[u8], out: &mut Vec<u8>) {
        let start = out.len();
        out.extend_from_slice(digits);
        if self.decimal == DecimalMark::Comma
            && let Some(dot) = memchr(b'.', digits)
        {
            out[start + dot] = b',';
        }
    }
}

/// Takes COPY's backslash escapes out of a cell, as `COPY … FROM` does.
#[must_use]
pub fn unescape(cell: &[u8]) -> Cow<'_, [u8]> {
    if memchr(b'\\', cell).is_none() {
        return Cow::Borrowed(cell);
    }
    let mut text = Vec::with_capacity(cell.len());
    unescape_into(cell, &mut text);
    Cow::Owned(text)
}

fn unescape_into(cell: &[u8], out: &mut Vec<u8>) {
    let mut rest = cell;
    while let Some(backslash) = memchr(b'\\', rest) {
        out.extend_from_slice(&rest[..backslash]);
        let (byte, after) = read_escape(&rest[backslash + 1..]);
        out.push(byte);
        rest = after;
    }
    out.extend_from_slice(rest);
}

/// The byte that is meant by what follows a backslash, and what follows that.
fn read_escape(escape: &[u8]) -> (u8, &[u8]) {
    let [letter, after @ ..] = escape else { return (b'\\', escape) };
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
    let digits = text.iter().take(digits_max).map_while(|&byte| char::from(byte).to_digit(radix));
    let (count, number) = digits.fold((0, 0), |(count, number), digit| (count + 1, number * radix + digit));
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
            assert_eq!(unescape(raw.as_bytes()).escape_ascii().to_string(), text.escape_ascii().to_string(), "{raw}");
        }
    }

    fn check(options: &str, kind: Kind, cases: &[(&str, Option<&str>)]) {
        let mut writer = CellText::new(&serde_json::from_str(options).unwrap());
        for (cell, text) in cases {
            assert_eq!(writer.text(cell.as_bytes(), kind).as_deref(), *text, "{cell} as {kind:?} with {options}");
        }
    }

    #[test]
    fn a_cell_is_written_as_its_kind() {
        check("{}", Kind::Text, &[(r"\N", None), ("", Some("")), (r"a\tb", Some("a\tb")), ("t", Some("t"))]);
        check("{}", Kind::Boolean, &[("t", Some("true")), ("f", Some("false")), ("maybe", Some("maybe"))]);
        check("{}", Kind::Integer, &[("-5", Some("-5")), (r"\N", None), (r"not\t1", Some("not\t1"))]);
        check("{}", Kind::Decimal, &[("0.000000000000001", Some("0.000000000000001")), ("NaN", Some("NaN"))]);
        check("{}", Kind::Bytes, &[(r"\\xdeadbeef", Some(r"\xdeadbeef"))]);
        check("{}", Kind::Interval, &[("-P1DT2H", Some("-P1DT2H"))]);
        check("{}", Kind::Timestamp, &[("2026-01-28 12:34:56+00", Some("2026-01-28T12:34:56.000Z"))]);
        check("{}", Kind::Timestamp, &[("-infinity", Some("-infinity")), (r"\N", None)]);
        check("{}", Kind::LocalTimestamp, &[("2026-01-28 12:34:56", Some("2026-01-28T12:34:56.000"))]);
    }

    #[test]
    fn the_decimal_comma_is_for_decimals_and_floats() {
        let options = r#"{"decimal":"comma"}"#;
        check(options, Kind::Decimal, &[("1234.50", Some("1234,50")), ("5", Some("5")), ("-0.1", Some("-0,1"))]);
        check(options, Kind::Float, &[("1.5e-07", Some("1,5e-07")), ("-Infinity", Some("-Infinity"))]);
        check(options, Kind::Integer, &[("1000", Some("1000"))]);
        check(options, Kind::Text, &[("1.5", Some("1.5"))]);
    }
}
