//! Quotes and guards of a single CSV cell.

use memchr::memchr;

use super::guard;
use crate::options::{Guard, Options};

/// A text with this byte is quoted.
const QUOTED: u8 = 1;
/// A formula may follow this byte within a text.
const ENDS_CELL: u8 = 2;
/// A text that begins with this byte may be a formula.
const SUSPICIOUS: u8 = 4;

/// The rules of one CSV file: its options as tables.
pub(super) struct Dialect {
    pub(super) delimiter: u8,
    pub(super) newline: &'static [u8],
    guard: Guard,
    /// The meaning of each byte in a cell of text.
    text: [u8; 256],
    /// The meaning of each byte in a cell of a typed column.
    typed: [u8; 256],
}

impl Dialect {
    pub(super) fn new(options: &Options) -> Self {
        let delimiter = options.delimiter.byte();
        let mut text = [0; 256];
        let mut typed = [0; 256];
        let minimal = [delimiter, b'"', b'\r', b'\n'];
        match options.guard {
            Guard::None => {
                mark(&mut text, QUOTED, &minimal);
                typed = text;
            }
            Guard::Seeds => {
                mark(&mut text, QUOTED, &[delimiter, b',', b'"', b'\n']);
                mark(&mut text, SUSPICIOUS, b"=+-@\t\r");
                typed = text;
            }
            Guard::Strict => {
                mark(&mut typed, QUOTED, &minimal);
                mark(&mut text, QUOTED, b",;\t|\"\r\n");
                for (byte, meaning) in (0..=u8::MAX).zip(&mut text) {
                    *meaning |= if guard::ends_cell(byte, delimiter) {
                        ENDS_CELL
                    } else {
                        0
                    };
                    *meaning |= if guard::is_suspicious(byte) { SUSPICIOUS } else { 0 };
                }
            }
        }
        Self {
            delimiter,
            newline: options.newline.bytes(),
            guard: options.guard,
            text,
            typed,
        }
    }

    /// Returns, for each byte, whether a cell of any column that begins with it is checked further.
    pub(super) fn suspicious_firsts(&self) -> [bool; 256] {
        self.text.map(|meaning| meaning & SUSPICIOUS != 0)
    }

    /// Appends a cell of a kind with a fixed form, such as a number or date.
    pub(super) fn write_typed(&self, text: &[u8], out: &mut Vec<u8>) {
        match self.guard {
            Guard::Seeds => self.write_as_seeds(text, out),
            Guard::Strict | Guard::None => write(text, must_quote(text, meaning(text, &self.typed)), out),
        }
    }

    /// Appends a cell of any text.
    pub(super) fn write_text(&self, text: &[u8], out: &mut Vec<u8>) {
        match self.guard {
            Guard::Seeds => self.write_as_seeds(text, out),
            Guard::Strict => self.write_guarded(text, false, out),
            Guard::None => write(text, must_quote(text, meaning(text, &self.text)), out),
        }
    }

    /// Appends a heading. Excel takes a file that begins with `ID` for another format. Therefore the first heading of
    /// a strict file is always quoted.
    pub(super) fn write_heading(&self, heading: &str, is_first: bool, out: &mut Vec<u8>) {
        match self.guard {
            Guard::Strict => self.write_guarded(heading.as_bytes(), is_first, out),
            Guard::Seeds | Guard::None => self.write_text(heading.as_bytes(), out),
        }
    }

    fn write_guarded(&self, text: &[u8], quoted: bool, out: &mut Vec<u8>) {
        let meaning = meaning(text, &self.text);
        let quoted = quoted || must_quote(text, meaning) || text.starts_with(b" ") || text.ends_with(b" ");
        if meaning & ENDS_CELL == 0 && !self.begins_suspiciously(text) {
            return write(text, quoted, out);
        }
        let guarded = guard::encode(text, self.delimiter);
        write(&guarded, quoted || guarded.len() > text.len(), out);
    }

    /// Appends a cell by the rule of claude-code-hub, its faults included.
    fn write_as_seeds(&self, text: &[u8], out: &mut Vec<u8>) {
        let prefix: &[u8] = if self.begins_suspiciously(text) { b"'" } else { b"" };
        if meaning(text, &self.text) & QUOTED == 0 {
            out.extend_from_slice(prefix);
            out.extend_from_slice(text);
        } else {
            out.push(b'"');
            out.extend_from_slice(prefix);
            write_doubled(text, out);
            out.push(b'"');
        }
    }

    fn begins_suspiciously(&self, text: &[u8]) -> bool {
        text.first()
            .is_some_and(|&first| self.text[usize::from(first)] & SUSPICIOUS != 0)
    }
}

fn mark(table: &mut [u8; 256], meaning: u8, bytes: &[u8]) {
    for &byte in bytes {
        table[usize::from(byte)] |= meaning;
    }
}

/// Returns the meanings of all bytes of a text.
fn meaning(text: &[u8], table: &[u8; 256]) -> u8 {
    text.iter()
        .fold(0, |meaning, &byte| meaning | table[usize::from(byte)])
}

/// Returns whether a text is quoted. Empty text is, because an empty cell is null. `\.` is, because it would end the
/// input of PostgreSQL's COPY.
fn must_quote(text: &[u8], meaning: u8) -> bool {
    meaning & QUOTED != 0 || text.is_empty() || text == b"\\."
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
