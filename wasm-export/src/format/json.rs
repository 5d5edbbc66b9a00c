//! JSON (RFC 8259): one array, or an object a line. Nothing is lost: numbers keep their digits, `jsonb` stays JSON.

use wide::u8x16;

use super::block::{BLOCK, append};
use super::marks::Mark;
use super::metadata::Metadata;
use super::repeats::Repeats;
use super::scan::{Scan, Special};
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
        let is_control = bytes.min(u8x16::splat(0x1f)).simd_eq(bytes);
        // A tab is where a cell ends; one within a cell has a backslash.
        is(b'\\') | is(b'"') | (is_control & !is(b'\t'))
    }
}

/// Writes one JSON file.
pub(super) struct Json {
    shape: Shape,
    members: Vec<Member>,
    /// As JSON, if the file holds it.
    metadata: Option<String>,
    rows: u64,
    scan: Scan<InString>,
    text: CellText,
    repeats: Repeats,
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
                key: Mark::new(key),
            }
        };
        let metadata = (options.metadata == options::Metadata::With).then(|| {
            let metadata = Metadata::new(header, positions, options);
            serde_json::to_string(&metadata).expect("strings and lists of them are JSON")
        });
        Self {
            shape,
            members: positions.iter().enumerate().map(member).collect(),
            metadata,
            rows: 0,
            scan: Scan::new(b'\t', header.columns.len(), [false; 256]),
            text: CellText::new(&Options {
                // A number of JSON has a point.
                decimal: options::DecimalMark::Dot,
                ..options.clone()
            }),
            repeats: Repeats::new(),
            unescaped: Vec::new(),
        }
    }

    fn write_value(&mut self, cell: &[u8], place: usize, kind: Kind, out: &mut Vec<u8>) {
        if cell == NULL {
            return out.extend_from_slice(b"null");
        }
        match self.scan.block(place) {
            Some(&block) if kind == Kind::Text && cell.len() <= BLOCK => {
                if !self.repeats.write(&block, cell.len(), out) {
                    let start = out.len();
                    self.write_any(cell, kind, out);
                    self.repeats.remember(&block, cell.len(), &out[start..]);
                }
            }
            _ => self.write_any(cell, kind, out),
        }
    }

    fn write_any(&mut self, cell: &[u8], kind: Kind, out: &mut Vec<u8>) {
        match Value::read(cell, kind) {
            Value::Number(digits) if is_number(digits) => out.extend_from_slice(digits),
            Value::Boolean(value) => out.extend_from_slice(if value { b"true" } else { b"false" }),
            Value::Text(json) if kind == Kind::Json => self.write_json(json, out),
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

    /// PostgreSQL lets no other than valid JSON into such a column. Its `json` keeps the line ends between values, which
    /// would end a line of ours.
    fn write_json(&mut self, escaped: &[u8], out: &mut Vec<u8>) {
        let start = out.len();
        unescape_into(escaped, out);
        for byte in &mut out[start..] {
            if matches!(byte, b'\n' | b'\r') {
                *byte = b' ';
            }
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
            let Member {
                position,
                kind,
                ref key,
            } = self.members[index];
            key.append(out);
            let (start, end) = self.scan.cell(position);
            let cell = &line[start..end];
            if self.scan.is_changed(position) {
                self.write_value(cell, start, kind, out);
                continue;
            }
            match kind {
                Kind::Integer | Kind::Decimal | Kind::Float if is_number(cell) => {
                    append(&self.scan.delimited()[start..], cell.len(), out);
                }
                Kind::Boolean | Kind::Json => self.write_any(cell, kind, out),
                Kind::Timestamp => {
                    out.push(b'"');
                    if !self.text.append_timestamp(cell, out) {
                        out.extend_from_slice(cell);
                    }
                    out.push(b'"');
                }
                Kind::LocalTimestamp => self.write_any(cell, kind, out),
                _ => {
                    out.push(b'"');
                    append(&self.scan.delimited()[start..], cell.len(), out);
                    out.push(b'"');
                }
            }
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
    let (whole, rest) = split_digits(text.strip_prefix(b"-").unwrap_or(text));
    let (has_fraction, rest) = match rest {
        [b'.', after @ ..] => {
            let (fraction, rest) = split_digits(after);
            (!fraction.is_empty(), rest)
        }
        _ => (true, rest),
    };
    let has_exponent = match rest {
        [] => true,
        [b'e' | b'E', b'+' | b'-', power @ ..] | [b'e' | b'E', power @ ..] => {
            matches!(split_digits(power), ([_, ..], []))
        }
        _ => false,
    };
    matches!(whole, [b'0'] | [b'1'..=b'9', ..]) && has_fraction && has_exponent
}

/// The digits that the text begins with, and what follows them.
fn split_digits(text: &[u8]) -> (&[u8], &[u8]) {
    let count = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    text.split_at(count)
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
