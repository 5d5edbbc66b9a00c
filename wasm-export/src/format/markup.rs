//! Writes rows of the formats that put markup around text. Most cells are copied unchanged, and the format escapes
//! the others.

use super::block::{BLOCK, append, append_begin};
use super::cell_cache::{self, CellCache};
use super::scan::{Scan, Special};
use crate::options::Options;
use crate::rows::{Header, Kind, NULL, ReadError, Row};
use crate::value::{CellText, Written, is_rewritten};

/// The text of a format. [`Special`] marks the texts that cannot be copied unchanged.
pub(super) trait Markup: Special {
    /// The bytes that `write` puts before a text that it does not change.
    const BEFORE: &[u8] = b"";

    /// Appends any text, with its escapes.
    fn write(text: &[u8], out: &mut Vec<u8>);
}

/// Writes the cells of the last row that it has read.
pub(super) struct Cells<M> {
    scan: Scan<M>,
    text: CellText,
    cache: CellCache<cell_cache::Written>,
    /// Whether the row is UTF-8. A database with the encoding `SQL_ASCII` may contain other bytes.
    is_utf8: bool,
}

impl<M: Markup> Cells<M> {
    pub(super) fn new(markup: M, header: &Header, options: &Options) -> Self {
        let mut scan = Scan::new(markup, b'\t', header.columns.len());
        for (position, column) in header.columns.iter().enumerate() {
            if column.kind != Kind::Timestamp && is_rewritten(column.kind, options) {
                scan.always_change(position);
            }
        }
        Self {
            scan,
            text: CellText::new(options),
            cache: CellCache::new(),
            is_utf8: true,
        }
    }

    /// Reads a row, to which the other methods refer.
    ///
    /// # Errors
    /// When the number of its cells differs from that of the header.
    #[inline]
    pub(super) fn read(&mut self, row: &Row<'_>) -> Result<(), ReadError> {
        self.is_utf8 = simdutf8::basic::from_utf8(row.line()).is_ok();
        row.check_cells(self.scan.read(row.line()))
    }

    /// Returns a raw cell of the row.
    #[inline]
    pub(super) fn raw<'a>(&self, line: &'a [u8], position: usize) -> &'a [u8] {
        let (start, end) = self.scan.cell(position);
        &line[start..end]
    }

    /// Returns the row's bytes from a raw cell on, and the length of the cell.
    #[inline]
    pub(super) fn block(&self, position: usize) -> Option<&[u8; BLOCK]> {
        self.scan.block(self.scan.cell(position).0)
    }

    #[inline]
    pub(super) fn is_null(&self, line: &[u8], position: usize) -> bool {
        self.scan.is_changed(position) && self.raw(line, position) == NULL
    }

    /// Appends a cell of the row, or nothing for null.
    #[inline]
    pub(super) fn write(&mut self, line: &[u8], position: usize, kind: Kind, out: &mut Vec<u8>) {
        let (start, end) = self.scan.cell(position);
        let cell = &line[start..end];
        if self.scan.is_changed(position) || !self.is_utf8 {
            return self.write_changed(cell, start, kind, out);
        }
        out.extend_from_slice(M::BEFORE);
        if kind != Kind::Timestamp || !self.text.append_timestamp(cell, out) {
            append(&self.scan.delimited()[start..], cell.len(), out);
        }
    }

    fn write_changed(&mut self, cell: &[u8], place: usize, kind: Kind, out: &mut Vec<u8>) {
        // Null is by far the most frequent change.
        if cell == NULL {
            return;
        }
        let block = self.scan.block(place);
        let text = &mut self.text;
        self.cache.write(cell, kind, block, out, |out| {
            write_raw::<M>(text, cell, kind, out)
        });
    }

    /// Appends any raw cell, or nothing for null.
    pub(super) fn write_raw(&mut self, cell: &[u8], kind: Kind, out: &mut Vec<u8>) {
        write_raw::<M>(&mut self.text, cell, kind, out);
    }
}

fn write_raw<M: Markup>(text: &mut CellText, cell: &[u8], kind: Kind, out: &mut Vec<u8>) {
    match text.write(cell, kind) {
        Written::Null => {}
        Written::Plain(text) | Written::Text(text) => M::write(text, out),
    }
}

/// Length of a mark that one copy appends. Nearly all marks are shorter.
const MARK_BYTES: usize = 48;

/// Markup before or after a cell, stored so that one block copies it.
pub(super) struct Mark {
    begin: [u8; MARK_BYTES],
    begin_length: usize,
    rest: Box<[u8]>,
}

impl Mark {
    pub(super) fn new(text: &[u8]) -> Self {
        let (text, rest) = text.split_at(text.len().min(MARK_BYTES));
        let mut begin = [0; MARK_BYTES];
        begin[..text.len()].copy_from_slice(text);
        Self {
            begin,
            begin_length: text.len(),
            rest: rest.into(),
        }
    }

    #[inline]
    pub(super) fn append(&self, out: &mut Vec<u8>) {
        append_begin(&self.begin, self.begin_length, out);
        if !self.rest.is_empty() {
            out.extend_from_slice(&self.rest);
        }
    }
}

/// Appends text, with replacements for some of its bytes.
#[inline]
pub(super) fn replace(text: &[u8], out: &mut Vec<u8>, instead: impl Fn(usize, u8) -> Option<&'static str>) {
    let mut taken = 0;
    for (at, &byte) in text.iter().enumerate() {
        if let Some(other) = instead(at, byte) {
            out.extend_from_slice(&text[taken..at]);
            out.extend_from_slice(other.as_bytes());
            taken = at + 1;
        }
    }
    out.extend_from_slice(&text[taken..]);
}
