//! JSON (RFC 8259): one array, or one object on each line. Numbers keep their digits, and `jsonb` stays JSON. On lines it has
//! no blanks between its values.

mod compact;

use std::ops::Range;

use wide::u8x16;

use self::compact::compact_into;
use super::block::{BLOCK, append, append_begin};
use super::cell_cache::{self, CellCache};
use super::columns::stretches;
use super::markup::Mark;
use super::metadata::Metadata;
use super::scan::{Cell, Scan, Special, mark_controls};
use super::{FileFormat, FormatError};
use crate::number::Number;
use crate::options::{self, Options};
use crate::rows::{Column, Header, Kind, NULL, ReadError, Row, unescape_into};
use crate::value::{CellText, Value, Written};

/// The bytes that are special in COPY or in JSON strings.
struct InString;

impl Special for InString {
    /// Spaces at the ends of a string mean nothing special.
    const EDGES_MATTER: bool = false;

    #[inline]
    fn mark(bytes: u8x16) -> u8x16 {
        let is = |byte: u8| bytes.simd_eq(u8x16::splat(byte));
        is(b'\\') | is(b'"') | mark_controls(bytes)
    }
}

/// Writes one JSON file.
pub(super) struct Json {
    shape: Shape,
    members: Vec<Member>,
    /// The columns as ranges of consecutive cells of a row.
    stretches: Vec<Range<usize>>,
    /// The metadata as JSON, if the file contains it.
    metadata: Option<String>,
    rows: u64,
    /// Its delimiter is the quote that ends a string.
    scan: Scan<InString>,
    values: Values,
}

/// Writes cells that cannot be copied unchanged.
struct Values {
    cache: CellCache<cell_cache::Written>,
    text: CellText,
    /// The cell without COPY's escapes.
    unescaped: Vec<u8>,
    /// Whether JSON in cells loses the blanks between its values.
    is_compact: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Shape {
    Array,
    Lines,
    /// An array that is a member of an object.
    MemberArray,
    /// One object, or null without a row, that is a member of an object.
    MemberObject,
}

impl Shape {
    #[inline]
    fn is_array(self) -> bool {
        matches!(self, Self::Array | Self::MemberArray)
    }
}

/// A member of every object.
struct Member {
    kind: Kind,
    /// The text before its value: `{"name":` or `,"name":`.
    key: Mark,
    /// The same with a quote, for values that are not numbers.
    opening: Mark,
    /// The whole member for null.
    null: Mark,
}

impl Member {
    fn new(index: usize, column: &Column) -> Self {
        let mut key = vec![if index == 0 { b'{' } else { b',' }];
        write_string(column.name.as_bytes(), &mut key);
        key.push(b':');
        let quote: &[u8] = if is_numeric(column.kind) { b"" } else { b"\"" };
        Self {
            kind: column.kind,
            key: Mark::new(&key),
            opening: Mark::new(&[&*key, quote].concat()),
            null: Mark::new(&[&*key, b"null"].concat()),
        }
    }

    #[inline]
    fn write(&self, cell: &Cell, line: &[u8], scan: &Scan<InString>, values: &mut Values, out: &mut Vec<u8>) {
        let rest = &scan.delimited()[cell.start..];
        let length = cell.end - cell.start;
        if !cell.is_changed {
            match self.kind {
                Kind::Integer => {
                    if let Some(digits) = plain_integer(rest, length) {
                        self.opening.append(out);
                        return append_begin(digits, length, out);
                    }
                }
                Kind::Decimal | Kind::Float => {
                    if let Some(number) = plain_number(rest, length) {
                        self.opening.append(out);
                        return append_begin(number, length, out);
                    }
                }
                Kind::Timestamp => {
                    let before = out.len();
                    self.opening.append(out);
                    if values.text.append_timestamp(&line[cell.start..cell.end], out) {
                        return out.push(b'"');
                    }
                    out.truncate(before);
                }
                _ => {
                    self.opening.append(out);
                    return append(rest, length + 1, out);
                }
            }
        }
        let text = &line[cell.start..cell.end];
        // Null is by far the most frequent change.
        if text == NULL {
            return self.null.append(out);
        }
        self.key.append(out);
        values.write(text, self.kind, scan.block(cell.start), out);
    }
}

impl Json {
    /// Returns a writer of one array of objects.
    pub(super) fn array(
        header: &Header,
        positions: &[usize],
        options: &Options,
    ) -> Result<Self, FormatError> {
        Ok(Self::new(Shape::Array, header, positions, options))
    }

    /// Returns a writer of one object on each line (<https://jsonlines.org>).
    pub(super) fn lines(
        header: &Header,
        positions: &[usize],
        options: &Options,
    ) -> Result<Self, FormatError> {
        Ok(Self::new(Shape::Lines, header, positions, options))
    }

    /// Returns a writer of the value of a member: an array of objects, or of one row the object alone.
    pub(super) fn member(header: &Header, positions: &[usize], options: &Options, is_single: bool) -> Self {
        let shape = match is_single {
            true => Shape::MemberObject,
            false => Shape::MemberArray,
        };
        Self::new(shape, header, positions, options)
    }

    fn new(shape: Shape, header: &Header, positions: &[usize], options: &Options) -> Self {
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
            members: positions
                .iter()
                .enumerate()
                .map(|(index, &position)| Member::new(index, &header.columns[position]))
                .collect(),
            stretches: stretches(positions),
            metadata,
            rows: 0,
            scan,
            values: Values {
                cache: CellCache::new(),
                text: CellText::new(&Options {
                    // JSON has a decimal point.
                    decimal: options::DecimalMark::Dot,
                    ..options.clone()
                }),
                unescaped: Vec::new(),
                is_compact: shape == Shape::Lines,
            },
        }
    }
}

impl Values {
    /// Appends any cell. `block` begins with the cell, if the row has that many bytes.
    fn write(&mut self, cell: &[u8], kind: Kind, block: Option<&[u8; BLOCK]>, out: &mut Vec<u8>) {
        let Self {
            cache,
            text,
            unescaped,
            is_compact,
        } = self;
        cache.write(cell, kind, block, out, |out| match Value::read(cell, kind) {
            Value::Null => out.extend_from_slice(b"null"),
            Value::Number(digits) if is_number(digits) => out.extend_from_slice(digits),
            Value::Boolean(value) => out.extend_from_slice(if value { b"true" } else { b"false" }),
            Value::Text(json) if kind == Kind::Json => match is_compact {
                true => compact_into(json, out),
                false => write_json(json, out),
            },
            Value::Text(text) | Value::Number(text) => {
                unescaped.clear();
                unescape_into(text, unescaped);
                write_string(unescaped, out);
            }
            _ => match text.write(cell, kind) {
                Written::Plain(text) | Written::Text(text) => write_string(text, out),
                Written::Null => out.extend_from_slice(b"null"),
            },
        });
    }
}

/// Appends a cell of a JSON column, which PostgreSQL has validated. `json` keeps the line ends between its values,
/// which would end a row's line.
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
                Shape::Lines => b"}\n",
                _ => b",\n\"rows\":",
            });
        }
        if self.shape.is_array() {
            out.push(b'[');
        }
    }

    fn row(&mut self, row: &Row<'_>, out: &mut Vec<u8>) -> Result<(), ReadError> {
        let line = row.line();
        row.check_cells(self.scan.read(line))?;
        if self.shape.is_array() {
            out.extend_from_slice(if self.rows == 0 { b"\n" } else { b",\n" });
        }
        self.rows += 1;
        let mut members = self.members.iter();
        for stretch in &self.stretches {
            // The cells are the shorter iterator, and come first.
            for (cell, member) in self.scan.cells(stretch.clone()).zip(members.by_ref()) {
                member.write(&cell, line, &self.scan, &mut self.values, out);
            }
        }
        out.extend_from_slice(match self.shape {
            Shape::Lines => b"}\n",
            _ => b"}",
        });
        Ok(())
    }

    fn finish(&mut self, out: &mut Vec<u8>) {
        match (self.shape, self.rows) {
            (Shape::Lines, _) => return,
            (Shape::MemberObject, 0) => return out.extend_from_slice(b"null"),
            (Shape::MemberObject, _) => return,
            (Shape::MemberArray, 0) => return out.push(b']'),
            (Shape::MemberArray, _) => return out.extend_from_slice(b"\n]"),
            (Shape::Array, 0) => out.push(b']'),
            (Shape::Array, _) => out.extend_from_slice(b"\n]"),
        }
        if self.metadata.is_some() {
            out.extend_from_slice(format!(",\n\"row_count\":{}}}", self.rows).as_bytes());
        }
        out.push(b'\n');
    }
}

/// Returns whether cells of this kind have no quotes if JSON accepts them as numbers.
#[inline]
fn is_numeric(kind: Kind) -> bool {
    matches!(kind, Kind::Integer | Kind::Decimal | Kind::Float)
}

/// Returns whether JSON accepts the text as a number (RFC 8259, section 6), unlike `NaN` and `Infinity`.
fn is_number(text: &[u8]) -> bool {
    Number::read(text).is_some_and(|number| {
        matches!(number.whole, [b'0'] | [b'1'..=b'9', ..]) && number.fraction != Some(b"")
    })
}

/// Returns whether the block begins with a whole number of 1 to 15 digits without a sign. This is one comparison,
/// where [`is_number`] checks each byte.
#[inline]
fn plain_integer(text: &[u8], length: usize) -> Option<&[u8; 16]> {
    let block = text.first_chunk::<16>().filter(|_| (1..16).contains(&length))?;
    let others = !digits(block) & ((1 << length) - 1);
    (others == 0 && (length == 1 || block[0] != b'0')).then_some(block)
}

/// Returns whether the block begins with a number of at most 31 bytes without sign and exponent.
#[inline]
fn plain_number(text: &[u8], length: usize) -> Option<&[u8; 32]> {
    let block = text.first_chunk::<32>().filter(|_| (1..32).contains(&length))?;
    let (halves, _) = block.as_chunks::<16>();
    let digits = digits(&halves[0]) | digits(&halves[1]) << 16;
    let others = !digits & ((1 << length) - 1);
    let whole_length = length.min(others.trailing_zeros() as usize);
    let has_fraction =
        || others.is_power_of_two() && block[whole_length] == b'.' && whole_length + 1 < length;
    let is_number =
        (others == 0 || has_fraction()) && whole_length > 0 && (whole_length == 1 || block[0] != b'0');
    is_number.then_some(block)
}

/// Returns one bit for each byte, set for digits.
#[inline]
fn digits(bytes: &[u8; 16]) -> u32 {
    let value = u8x16::new(*bytes) - u8x16::splat(b'0');
    value.min(u8x16::splat(9)).simd_eq(value).to_bitmask()
}

/// Appends a JSON string, with the escapes of `JSON.stringify`.
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
