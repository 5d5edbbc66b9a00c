//! Converts cells from PostgreSQL's text to a file's text, by the kind of their column.

use memchr::memchr;

use crate::options::{DecimalMark, Fraction, Options, TimestampStyle};
use crate::rows::{Kind, NULL, unescape_into};
use crate::timestamp::{Clock, Moment};

/// A cell, parsed by the kind of its column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value<'a> {
    /// SQL null, `\N` in COPY.
    Null,
    /// Text, and every kind that is written as PostgreSQL writes it. It still has the escapes that
    /// [`crate::rows::unescape`] removes.
    Text(&'a [u8]),
    /// The digits of a number.
    Number(&'a [u8]),
    /// PostgreSQL's `t` or `f`.
    Boolean(bool),
    /// A `timestamptz`, in UTC.
    Timestamp(Moment<'a>),
    /// A `timestamp`, which has no zone.
    LocalTimestamp(Moment<'a>),
}

impl<'a> Value<'a> {
    /// Parses a raw cell of a column of this kind. A cell that does not look like its kind becomes text.
    pub fn read(cell: &'a [u8], kind: Kind) -> Self {
        if cell == NULL {
            return Self::Null;
        }
        let typed = match kind {
            Kind::Integer | Kind::Decimal | Kind::Float if !has_escapes(cell) => Some(Self::Number(cell)),
            Kind::Boolean if cell == b"t" => Some(Self::Boolean(true)),
            Kind::Boolean if cell == b"f" => Some(Self::Boolean(false)),
            Kind::Timestamp => Moment::in_utc(cell).map(Self::Timestamp),
            Kind::LocalTimestamp => Moment::without_zone(cell).map(Self::LocalTimestamp),
            _ => None,
        };
        typed.unwrap_or(Self::Text(cell))
    }
}

fn has_escapes(cell: &[u8]) -> bool {
    memchr(b'\\', cell).is_some()
}

/// Writes cells as text by the options, as a CSV file contains them between its delimiters, and as the page shows
/// them.
#[derive(Clone, Debug)]
pub struct CellText {
    clock: Clock,
    decimal: DecimalMark,
    /// The text of a cell that is not written unchanged.
    changed: Vec<u8>,
}

/// The text of a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Written<'a> {
    /// SQL null, `\N` in COPY.
    Null,
    /// A time or a boolean. It contains letters, digits, `-`, `:`, `.`, `+` and spaces, and never needs quotes.
    Plain(&'a [u8]),
    /// Any other text, which may need quotes or escapes.
    Text(&'a [u8]),
}

impl CellText {
    /// Returns a writer for these options.
    pub fn new(options: &Options) -> Self {
        // A file's options name the digits. Elsewhere people read the time: in the page's table and its sentences.
        let fraction = options.fraction.unwrap_or(match options.timestamps {
            TimestampStyle::Iso => Fraction::Milliseconds,
            TimestampStyle::Local => Fraction::Seconds,
        });
        let clock = Clock::new(options.zone.clone(), options.timestamps, fraction);
        Self {
            clock,
            decimal: options.decimal,
            changed: Vec::new(),
        }
    }

    /// Returns the text of a raw cell.
    pub fn write<'a>(&'a mut self, cell: &'a [u8], kind: Kind) -> Written<'a> {
        self.changed.clear();
        match Value::read(cell, kind) {
            Value::Null => Written::Null,
            Value::Boolean(true) => Written::Plain(b"true"),
            Value::Boolean(false) => Written::Plain(b"false"),
            Value::Timestamp(moment) if self.clock.write_in_zone(&moment, &mut self.changed) => {
                Written::Plain(&self.changed)
            }
            Value::Timestamp(_) => Written::Plain(cell),
            Value::LocalTimestamp(moment) => {
                self.clock.write_without_zone(&moment, &mut self.changed);
                Written::Plain(&self.changed)
            }
            Value::Number(digits) => Written::Text(self.write_number(digits, kind)),
            Value::Text(escaped) if has_escapes(escaped) => {
                unescape_into(escaped, &mut self.changed);
                Written::Text(&self.changed)
            }
            Value::Text(text) => Written::Text(text),
        }
    }

    /// Appends a `timestamptz` like `Writer::write`. Returns false, and appends nothing, when the cell is not one.
    #[inline]
    pub fn append_timestamp(&mut self, cell: &[u8], out: &mut Vec<u8>) -> bool {
        match Value::read(cell, Kind::Timestamp) {
            Value::Timestamp(moment) => self.clock.write_in_zone(&moment, out),
            _ => false,
        }
    }

    /// Returns the text of a raw cell for the page, or `None` for null. Bytes that are not UTF-8 become U+FFFD.
    pub fn text(&mut self, cell: &[u8], kind: Kind) -> Option<String> {
        match self.write(cell, kind) {
            Written::Null => None,
            Written::Plain(text) | Written::Text(text) => Some(String::from_utf8_lossy(text).into_owned()),
        }
    }

    fn write_number<'a>(&'a mut self, digits: &'a [u8], kind: Kind) -> &'a [u8] {
        match memchr(b'.', digits) {
            Some(dot) if changes_its_mark(kind, self.decimal) => {
                self.changed.extend_from_slice(digits);
                self.changed[dot] = b',';
                &self.changed
            }
            _ => digits,
        }
    }
}

/// Returns whether the text of this kind hardly ever equals PostgreSQL's.
pub fn is_rewritten(kind: Kind, options: &Options) -> bool {
    matches!(kind, Kind::Timestamp | Kind::LocalTimestamp | Kind::Boolean)
        || changes_its_mark(kind, options.decimal)
}

fn changes_its_mark(kind: Kind, decimal: DecimalMark) -> bool {
    decimal == DecimalMark::Comma && matches!(kind, Kind::Decimal | Kind::Float)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(options: &str, kind: Kind, cases: &[(&str, Option<&str>)]) {
        let mut writer = CellText::new(&serde_json::from_str(options).unwrap());
        for (cell, text) in cases {
            assert_eq!(
                writer.text(cell.as_bytes(), kind).as_deref(),
                *text,
                "{cell} as {kind:?} with {options}"
            );
        }
    }

    #[test]
    fn a_cell_is_written_as_its_kind() {
        check(
            "{}",
            Kind::Text,
            &[
                (r"\N", None),
                ("", Some("")),
                (r"a\tb", Some("a\tb")),
                ("t", Some("t")),
            ],
        );
        check(
            "{}",
            Kind::Boolean,
            &[
                ("t", Some("true")),
                ("f", Some("false")),
                ("maybe", Some("maybe")),
            ],
        );
        check(
            "{}",
            Kind::Integer,
            &[("-5", Some("-5")), (r"\N", None), (r"not\t1", Some("not\t1"))],
        );
        check(
            "{}",
            Kind::Decimal,
            &[
                ("0.000000000000001", Some("0.000000000000001")),
                ("NaN", Some("NaN")),
            ],
        );
        check("{}", Kind::Bytes, &[(r"\\xdeadbeef", Some(r"\xdeadbeef"))]);
        check("{}", Kind::Interval, &[("-P1DT2H", Some("-P1DT2H"))]);
        check(
            "{}",
            Kind::Timestamp,
            &[("2026-01-28 12:34:56+00", Some("2026-01-28T12:34:56.000Z"))],
        );
        check(
            "{}",
            Kind::Timestamp,
            &[("-infinity", Some("-infinity")), (r"\N", None)],
        );
        check(
            "{}",
            Kind::LocalTimestamp,
            &[("2026-01-28 12:34:56", Some("2026-01-28T12:34:56.000"))],
        );
    }

    #[test]
    fn the_decimal_comma_is_for_decimals_and_floats() {
        let options = r#"{"decimal":"comma"}"#;
        check(
            options,
            Kind::Decimal,
            &[
                ("1234.50", Some("1234,50")),
                ("5", Some("5")),
                ("-0.1", Some("-0,1")),
            ],
        );
        check(
            options,
            Kind::Float,
            &[("1.5e-07", Some("1,5e-07")), ("-Infinity", Some("-Infinity"))],
        );
        check(options, Kind::Integer, &[("1000", Some("1000"))]);
        check(options, Kind::Text, &[("1.5", Some("1.5"))]);
    }
}
