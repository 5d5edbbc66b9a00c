//! CSV (RFC 4180), in the dialect that the options describe.
//!
//! Most cells have the same bytes in COPY's text and in CSV. Therefore a row is copied with delimiters for its tabs,
//! and only cells that differ are written one by one.

use std::ops::Range;

use wide::{i8x16, u8x16};

use super::block::append;
use super::cell_cache::{self, CellCache};
use super::columns::{heading, stretches};
use super::dialect::Dialect;
use super::scan::{Scan, Special};
use super::{FileFormat, Format, FormatError};
use crate::options::{Bom, HeaderStyle, Metadata, Options};
use crate::rows::{Header, Kind, NULL, ReadError, Row};
use crate::value::{CellText, Written, is_rewritten};

/// The bytes that are special in COPY, or in a program that reads delimited text.
struct Delimited {
    /// For each byte, whether a cell of any column that begins with it is checked further.
    suspicious_firsts: [bool; 256],
}

impl Special for Delimited {
    #[inline]
    fn mark(bytes: u8x16) -> u8x16 {
        let is = |byte: u8| bytes.simd_eq(u8x16::splat(byte));
        is(b'\\') | is(b'"') | is(b',') | is(b';') | is(b'|') | is(b'\r')
    }

    /// A coarse filter for all guards.
    #[inline]
    fn mark_first(bytes: u8x16) -> u8x16 {
        let is = |byte: u8| bytes.simd_eq(u8x16::splat(byte));
        // Bytes up to `-`, and bytes from DEL on, which the addition makes negative.
        let outer = (bytes + u8x16::splat(1))
            .cast_signed()
            .simd_lt(i8x16::splat(b'/' as i8));
        outer.cast_unsigned() | is(b'=') | is(b'@')
    }

    #[inline]
    fn is_special_first(&self, first: u8) -> bool {
        self.suspicious_firsts[usize::from(first)]
    }
}

/// Writes one CSV file.
pub(super) struct Csv {
    /// The headings, or none for a file without a header row.
    headings: Vec<String>,
    /// The columns of the file as ranges of consecutive cells of a row.
    stretches: Vec<Range<usize>>,
    /// The kinds of all columns of a row.
    kinds: Vec<Kind>,
    bom: Bom,
    cells: Cells,
    scan: Scan<Delimited>,
    cache: CellCache<cell_cache::Written>,
}

/// Writes cells that cannot be copied unchanged.
struct Cells {
    has_one_column: bool,
    dialect: Dialect,
    text: CellText,
}

impl Csv {
    /// Returns a writer for the columns at these positions.
    ///
    /// # Errors
    /// When the options ask for metadata.
    pub(super) fn new(header: &Header, positions: &[usize], options: &Options) -> Result<Self, FormatError> {
        if options.metadata == Metadata::With {
            return Err(FormatError::NoMetadata(Format::Csv));
        }
        let headings = match options.header {
            HeaderStyle::None => Vec::new(),
            _ => positions
                .iter()
                .map(|&position| heading(&header.columns[position], options))
                .collect(),
        };
        let kinds: Vec<Kind> = header.columns.iter().map(|column| column.kind).collect();
        let dialect = Dialect::new(options);
        let special = Delimited {
            suspicious_firsts: dialect.suspicious_firsts(),
        };
        let mut scan = Scan::new(special, dialect.delimiter, kinds.len());
        for (position, &kind) in kinds.iter().enumerate() {
            if is_rewritten(kind, options) {
                scan.always_change(position);
            }
        }
        Ok(Self {
            headings,
            stretches: stretches(positions),
            kinds,
            bom: options.bom,
            cells: Cells {
                has_one_column: positions.len() == 1,
                dialect,
                text: CellText::new(options),
            },
            scan,
            cache: CellCache::new(),
        })
    }

    /// Writes a cell that cannot be copied unchanged. It begins at `place` in the row.
    fn write_cell(&mut self, cell: &[u8], place: usize, kind: Kind, out: &mut Vec<u8>) {
        if kind == Kind::Timestamp && self.cells.text.append_timestamp(cell, out) {
            return;
        }
        let block = self.scan.block(place);
        self.cache
            .write(cell, kind, block, out, |out| self.cells.write(cell, kind, out));
    }
}

impl Cells {
    fn write(&mut self, cell: &[u8], kind: Kind, out: &mut Vec<u8>) {
        match self.text.write(cell, kind) {
            // Null in a file of one column would be a blank line, which readers skip.
            Written::Null if self.has_one_column => out.extend_from_slice(b"\"\""),
            Written::Null => {}
            Written::Plain(text) => out.extend_from_slice(text),
            Written::Text(b"") if self.has_one_column => out.extend_from_slice(b"\"\""),
            Written::Text(text) if is_typed(kind) => self.dialect.write_typed(text, out),
            Written::Text(text) => self.dialect.write_text(text, out),
        }
    }
}

impl FileFormat for Csv {
    fn begin(&mut self, out: &mut Vec<u8>) {
        if self.bom == Bom::With {
            out.extend_from_slice("\u{feff}".as_bytes());
        }
        for (index, heading) in self.headings.iter().enumerate() {
            if index > 0 {
                out.push(self.cells.dialect.delimiter);
            }
            self.cells.dialect.write_heading(heading, index == 0, out);
        }
        if !self.headings.is_empty() {
            out.extend_from_slice(self.cells.dialect.newline);
        }
    }

    fn row(&mut self, row: &Row<'_>, out: &mut Vec<u8>) -> Result<(), ReadError> {
        let line = row.line();
        row.check_cells(self.scan.read(line))?;
        for index in 0..self.stretches.len() {
            let Range { start: mut next, end } = self.stretches[index];
            if index > 0 {
                out.push(self.cells.dialect.delimiter);
            }
            // End of the part of the row that has been written.
            let mut at = self.scan.cell(next).0;
            loop {
                next = self.scan.next_changed(next, end);
                if next == end {
                    break;
                }
                let (cell_start, cell_end) = self.scan.cell(next);
                append(&self.scan.delimited()[at..], cell_start - at, out);
                let cell = &line[cell_start..cell_end];
                // Null is by far the most frequent change, and nothing is written for it.
                if cell != NULL || self.cells.has_one_column {
                    self.write_cell(cell, cell_start, self.kinds[next], out);
                }
                at = cell_end;
                next += 1;
            }
            append(&self.scan.delimited()[at..], self.scan.cell(end - 1).1 - at, out);
        }
        out.extend_from_slice(self.cells.dialect.newline);
        Ok(())
    }

    fn finish(&mut self, _out: &mut Vec<u8>) {}
}

/// Returns whether cells of this kind have a fixed form that no spreadsheet evaluates.
fn is_typed(kind: Kind) -> bool {
    !matches!(kind, Kind::Text | Kind::Json | Kind::Bytes)
}

#[cfg(test)]
#[cfg(not(target_arch = "wasm32"))]
mod reading_back;
#[cfg(test)]
#[cfg(not(target_arch = "wasm32"))]
mod tests;
