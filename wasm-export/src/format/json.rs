//! JSON (RFC 8259): one array, or an object a line. Nothing is lost: numbers keep their digits, `jsonb` stays JSON.

use wide::u8x16;

use super::block::append;
use super::marks::Mark;
use super::metadata::Metadata;
use super::number::Number;
use super::repeats::{self, Repeats};
use super::scan::{Scan, Special, mark_controls};
use super::{FileFormat, FormatError};
use crate::options::{self, Options};
use crate::rows::{Header, Kind, NULL, ReadError, Row, unescape_into};
use crate::value::{CellText, Value, Written};

/// What means something to COPY or to JSON.
struct InString;

impl Special for InString {
    #[inline]
    fn mark(bytes: u8x16) -> u8x16 {
        let is = |byte: u8| bytes.simd_eq(u8x16::splat(byte));
        is(b'\\') | is(b'"') | mark_controls(bytes)
    }

    /// A string may begin with anything.
    #[inline]
    fn mark_first(_bytes: u8x16) -> u8x16 {
        u8x16::splat(0)
    }
}

/// Writes one JSON file.
pub(super) struct Json {
    shape: Shape,
    members: Vec<Member>,
    /// As JSON, if the file holds it.
    metadata: Option<String>,
    rows: u64,
    /// Its delimiter is the quote that ends a string.
    scan: Scan<InString>,
    values: Values,
    repeats: Repeats<repeats::Written>,
}

/// Writes cells that need more than a copy.
struct Values {
    text: CellText,
    /// Holds a cell without COPY's escapes.
    unescaped: Vec<u8>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Shape {
    Array,
    Lines,
}

/// A member of every object.
struct Member {
    position: usize,
    kind: Kind,
    /// What stands before its value: `{"name":` or `,"name":`.
    key: Mark,
    /// What stands before the text of a string: that and its quote.
    key_and_quote: Mark,
}

impl Json {
    /// One array of objects.
    pub(super) fn array(
        header: &Header,
        positions: &[usize],
        options: &Options,
    ) -> Result<Self, FormatError> {
        Ok(Self::new(Shape::Array, header, positions, options))
    }

    /// One object a line (<https://jsonlines.org>).
    pub(super) fn lines(
        header: &Header,
        positions: &[usize],
        options: &Options,
    ) -> Result<Self, FormatError> {
        Ok(Self::new(Shape::Lines, header, positions, options))
    }

    fn new(shape: Shape, header: &Header, positions: &[usize], options: &Options) -> Self {
        let member = |(index, &position): (usize, &usize)| {
            let column = &header.columns[position];
            let mut key = vec![if index == 0 { b'{' } else { b',' }];
            write_string(column.name.as_bytes(), &mut key);
            key.push(b':');
            Member {
                position,
                kind: column.kind,
                key: Mark::new(&*key),
                key_and_quote: Mark::new([&*key, b"\""].concat()),
            }
        };
        let metadata = (options.metadata == options::Metadata::With).then(|| {
            let metadata = Metadata::new(header, positions, options);
            serde_json::to_string(&metadata).expect("strings and lists of them are JSON")
        });
        let mut scan = Scan::new(InString, b'"', header.columns.len());
        for (position, column) in header.columns.iter().enumerate() {
            if matches!(column.kind, Kind::Boolean | Kind::Json | Kind::LocalTimestamp) {
                scan.always_change(position);
            }
        }
        Self {
            shape,
            members: positions.iter().enumerate().map(member).collect(),
            metadata,
            rows: 0,
            scan,
            values: Values {
                text: CellText::new(&Options {
                    // A number of JSON has a point.
                    decimal: options::DecimalMark::Dot,
                    ..options.clone()
                }),
                unescaped: Vec::new(),
            },
            repeats: Repeats::new(),
        }
    }

    #[inline]
    fn write_member(&mut self, index: usize, line: &[u8], out: &mut Vec<u8>) {
        let member = &self.members[index];
        let (start, end) = self.scan.cell(member.position);
        let cell = &line[start..end];
        if self.scan.is_changed(member.position) {
            member.key.append(out);
            // The most usual change by far.
            if cell == NULL {
                return out.extend_from_slice(b"null");
            }
            let (kind, block) = (member.kind, self.scan.block(start));
            return self
                .repeats
                .write(cell, kind, block, out, |out| self.values.write(cell, kind, out));
        }
        let rest = &self.scan.delimited()[start..];
        match member.kind {
            Kind::Integer | Kind::Decimal | Kind::Float
                if is_plain_number(rest, cell.len()) || is_number(cell) =>
            {
                member.key.append(out);
                append(rest, cell.len(), out);
            }
            Kind::Timestamp => {
                member.key_and_quote.append(out);
                if !self.values.text.append_timestamp(cell, out) {
                    out.extend_from_slice(cell);
                }
                out.push(b'"');
            }
            _ => {
                member.key_and_quote.append(out);
                append(rest, cell.len() + 1, out);
            }
        }
    }
}

impl Values {
    fn write(&mut self, cell: &[u8], kind: Kind, out: &mut Vec<u8>) {
        match Value::read(cell, kind) {
            Value::Null => out.extend_from_slice(b"null"),
            Value::Number(digits) if is_number(digits) => out.extend_from_slice(digits),
            Value::Boolean(value) => out.extend_from_slice(if value { b"true" } else { b"false" }),
            Value::Text(json) if kind == Kind::Json => write_json(json, out),
            Value::Text(text) | Value::Number(text) => {
                self.unescaped.clear();
                unescape_into(text, &mut self.unescaped);
                write_string(&self.unescaped, out);
            }
            _ => match self.text.write(cell, kind) {
                Written::Plain(text) | Written::Text(text) => write_string(text, out),
                Written::Null => out.extend_from_slice(b"null"),
            },
        }
    }
}

/// PostgreSQL lets no other than valid JSON into such a column. Its `json` keeps the line ends between values, which
/// would end a line of ours.
fn write_json(escaped: &[u8], out: &mut Vec<u8>) {
    let start = out.len();
    unescape_into(escaped, out);
    for byte in &mut out[start..] {
        if matches!(byte, b'\n' | b'\r') {
            *byte = b' ';
        }
    }
}

impl FileFormat for Json {
    fn begin(&mut self, out: &mut Vec<u8>) {
        if let Some(metadata) = &self.metadata {
            out.extend_from_slice(b"{\"metadata\":");
            out.extend_from_slice(metadata.as_bytes());
            out.extend_from_slice(match self.shape {
                Shape::Array => b",\n\"rows\":",
                Shape::Lines => b"}\n",
            });
        }
        if self.shape == Shape::Array {
            out.push(b'[');
        }
    }

    fn row(&mut self, row: &Row<'_>, out: &mut Vec<u8>) -> Result<(), ReadError> {
        let line = row.line();
        row.check_cells(self.scan.read(line))?;
        if self.shape == Shape::Array {
            out.extend_from_slice(if self.rows == 0 { b"\n" } else { b",\n" });
        }
        self.rows += 1;
        for index in 0..self.members.len() {
            self.write_member(index, line, out);
        }
        out.extend_from_slice(match self.shape {
            Shape::Array => b"}",
            Shape::Lines => b"}\n",
        });
        Ok(())
    }

    fn finish(&mut self, out: &mut Vec<u8>) {
        if self.shape == Shape::Lines {
            return;
        }
        out.extend_from_slice(if self.rows == 0 { b"]" } else { b"\n]" });
        if self.metadata.is_some() {
            out.extend_from_slice(format!(",\n\"row_count\":{}}}", self.rows).as_bytes());
        }
        out.push(b'\n');
    }
}

/// Whether the text is a number to JSON (RFC 8259, section 6): not `NaN`, not `Infinity`.
fn is_number(text: &[u8]) -> bool {
    Number::read(text).is_some_and(|number| {
        matches!(number.whole, [b'0'] | [b'1'..=b'9', ..]) && number.fraction != Some(b"")
    })
}

/// Whether the first `length` bytes of the text are a usual number: one of 31 bytes at most, without sign and power. It
/// is told at once where [`is_number`] goes from byte to byte.
#[inline]
fn is_plain_number(text: &[u8], length: usize) -> bool {
    let Some(block) = text.first_chunk::<32>().filter(|_| (1..32).contains(&length)) else {
        return false;
    };
    let (halves, _) = block.as_chunks::<16>();
    let is_digit = |half: &[u8; 16]| {
        let value = u8x16::new(*half) - u8x16::splat(b'0');
        value.min(u8x16::splat(9)).simd_eq(value).to_bitmask()
    };
    let digits = is_digit(&halves[0]) | is_digit(&halves[1]) << 16;
    let others = !digits & ((1 << length) - 1);
    let whole_length = length.min(others.trailing_zeros() as usize);
    let has_fraction =
        || others.is_power_of_two() && block[whole_length] == b'.' && whole_length + 1 < length;
    (others == 0 || has_fraction()) && whole_length > 0 && (whole_length == 1 || block[0] != b'0')
}

/// Appends a string of JSON, escaped as `JSON.stringify` does it.
pub(crate) fn write_string(text: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    let mut taken = 0;
    for (at, &byte) in text.iter().enumerate() {
        if byte >= b' ' && byte != b'"' && byte != b'\\' {
            continue;
        }
        out.extend_from_slice(&text[taken..at]);
        taken = at + 1;
        match byte {
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            0x08 => out.extend_from_slice(b"\\b"),
            0x0c => out.extend_from_slice(b"\\f"),
            b'"' | b'\\' => out.extend_from_slice(&[b'\\', byte]),
            control => out.extend_from_slice(format!("\\u{control:04x}").as_bytes()),
        }
    }
    out.extend_from_slice(&text[taken..]);
    out.push(b'"');
}

#[cfg(test)]
#[cfg(not(target_arch = "wasm32"))]
mod tests;
