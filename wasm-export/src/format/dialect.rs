//! How one cell's text is written between two delimiters: when it is quoted, when it is guarded.

use memchr::memchr;

use super::guard;
use crate::options::{Guard, Options};

/// The rules of one CSV file, the options folded into tables.
pub(super) struct Dialect {
    pub(super) delimiter: u8,
    pub(super) newline: &'static [u8],
    guard: Guard,
    /// The bytes for which a text cell is quoted.
    quotes_text: [bool; 256],
    /// The bytes for which a cell of a typed column is quoted.
    quotes_typed: [bool; 256],
}

impl Dialect {
    pub(super) fn new(options: &Options) -> Self {
        let delimiter = options.delimiter.byte();
        let minimal: &[u8] = &[delimiter, b'"', b'\r', b'\n'];
        let (text, typed): (&[u8], &[u8]) = match options.guard {
            Guard::Strict => (b",;\t|\"\r\n", minimal),
            Guard::Seeds => (&[delimiter, b',', b'"', b'\n'], &[delimiter, b',', b'"', b'\n']),
            Guard::None => (minimal, minimal),
        };
        Self {
            delimiter,
            newline: options.newline.bytes(),
            guard: options.guard,
            quotes_text: set_of(text),
            quotes_typed: set_of(typed),
        }
    }

    /// Appends a cell that is not null. `is_typed`: a number, a time, a boolean.
    pub(super) fn write_cell(&self, text: &[u8], is_typed: bool, is_only_cell: bool, out: &mut Vec<u8>) {
        match self.guard {
            Guard::None => write(text, self.must_quote(text, &self.quotes_typed), out),
            Guard::Strict if is_typed => write(text, self.must_quote(text, &self.quotes_typed), out),
            Guard::Strict => self.write_guarded(text, false, out),
            Guard::Seeds => self.write_as_seeds(text, is_only_cell, out),
        }
    }

    fn write_guarded(&self, text: &[u8], quoted: bool, out: &mut Vec<u8>) {
        let guarded = guard::encode(text, self.delimiter);
        let quoted = quoted
            || guarded.len() > text.len()
            || text.starts_with(b" ")
            || text.ends_with(b" ")
            || self.must_quote(text, &self.quotes_text);
        write(&guarded, quoted, out);
    }

    /// Exactly as the seeds have it; but a row of one empty cell is no blank line.
    fn write_as_seeds(&self, text: &[u8], is_only_cell: bool, out: &mut Vec<u8>) {
        let quoted = contains(text, &self.quotes_text) || (is_only_cell && text.is_empty());
        let marked = matches!(text.first(), Some(b'=' | b'+' | b'-' | b'@' | b'\t' | b'\r'));
        if quoted {
            out.push(b'"');
        }
        if marked {
            out.push(b'\'');
        }
        if quoted {
            write_doubled(text, out);
            out.push(b'"');
        } else {
            out.extend_from_slice(text);
        }
    }

    /// Appends the heading of a column. Excel takes a file that begins with `ID` for another format, so a strict
    /// file's first heading is always quoted.
    pub(super) fn write_heading(&self, heading: &str, is_first: bool, out: &mut Vec<u8>) {
        match self.guard {
            Guard::Strict => self.write_guarded(heading.as_bytes(), is_first, out),
            _ => self.write_cell(heading.as_bytes(), false, is_first, out),
        }
    }

    /// An empty text is quoted, to be told from null; `\.` alone would end the input of PostgreSQL's COPY.
    fn must_quote(&self, text: &[u8], bytes: &[bool; 256]) -> bool {
        text.is_empty() || text == b"\\." || contains(text, bytes)
    }
}

fn set_of(bytes: &[u8]) -> [bool; 256] {
    let mut set = [false; 256];
    for &byte in bytes {
        set[usize::from(byte)] = true;
    }
    set
}

fn contains(text: &[u8], set: &[bool; 256]) -> bool {
    text.iter().any(|&byte| set[usize::from(byte)])
}

fn write(text: &[u8], quoted: bool, out: &mut Vec<u8>) {
    if quoted {
        out.push(b'"');
        write_doubled(text, out);
        out.push(b'"');
    } else {
        out.extend_from_slice(text);
    }
}

/// Appends a text with its quotes doubled.
fn write_doubled(text: &[u8], out: &mut Vec<u8>) {
    let mut rest = text;
    while let Some(quote) = memchr(b'"', rest) {
        out.extend_from_slice(&rest[..=quote]);
        out.push(b'"');
        rest = &rest[quote + 1..];
    }
    out.extend_from_slice(rest);
}
