//! CSV (RFC 4180), in the dialect that the options describe.
//!
//! Most cells of most rows are the same bytes in COPY's text and in CSV, so a row is copied with delimiters for its
//! tabs, and only the cells that need a change are written one by one.

use std::ops::Range;

use super::FileFormat;
use super::columns::{ColumnError, chosen_columns, heading};
use super::dialect::Dialect;
use super::scan::Scan;
use crate::options::{Bom, DecimalMark, Guard, HeaderStyle, Options};
use crate::rows::{Header, Kind, ReadError, Row};
use crate::value::{CellText, Written};

/// Writes one CSV file.
pub(super) struct Csv {
    /// What stands above the columns; empty where the options want nothing there.
    headings: Vec<String>,
    /// The columns of the file, by their places in a row: stretches that are neighbours there too.
    stretches: Vec<Range<usize>>,
    has_one_column: bool,
    /// The kinds of all columns of a row.
    kinds: Vec<Kind>,
    bom: Bom,
    dialect: Dialect,
    text: CellText,
    scan: Scan,
    scratch: Vec<u8>,
}

impl Csv {
    /// A file of the columns that the options choose.
    pub(super) fn new(header: &Header, options: &Options) -> Result<Self, ColumnError> {
        let positions = chosen_columns(header, options.columns.as_deref())?;
        let headings = match options.header {
            HeaderStyle::None => Vec::new(),
            _ => positions.iter().map(|&position| heading(&header.columns[position], options)).collect(),
        };
        let kinds: Vec<Kind> = header.columns.iter().map(|column| column.kind).collect();
        let mut scan = Scan::new(options.delimiter.byte(), kinds.len(), suspicious(options.guard));
        for (position, &kind) in kinds.iter().enumerate() {
            if is_rewritten(kind, options.decimal) {
                scan.always_change(position);
            }
        }
        Ok(Self {
            headings,
            stretches: stretches(&positions),
            has_one_column: positions.len() == 1,
            kinds,
            bom: options.bom,
            dialect: Dialect::new(options),
            text: CellText::new(options),
            scan,
            scratch: Vec::new(),
        })
    }

    fn write_changed(&mut self, cell: &[u8], kind: Kind, out: &mut Vec<u8>) {
        let start = out.len();
        match self.text.write(cell, kind, out) {
            Written::Null if self.has_one_column => out.extend_from_slice(b"\"\""),
            Written::Null | Written::Plain => {}
            Written::Text => {
                self.scratch.clear();
                self.scratch.extend_from_slice(&out[start..]);
                out.truncate(start);
                self.dialect.write_cell(&self.scratch, is_typed(kind), self.has_one_column, out);
            }
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
                out.push(self.dialect.delimiter);
            }
            self.dialect.write_heading(heading, index == 0, out);
        }
        if !self.headings.is_empty() {
            out.extend_from_slice(self.dialect.newline);
        }
    }

    fn row(&mut self, row: &Row<'_>, out: &mut Vec<u8>) -> Result<(), ReadError> {
        let line = row.line();
        row.check_cells(self.scan.read(line))?;
        for index in 0..self.stretches.len() {
            let Range { start: mut next, end } = self.stretches[index];
            if index > 0 {
                out.push(self.dialect.delimiter);
            }
            // Up to where the row has been dealt with.
            let mut at = self.scan.cell(next).0;
            loop {
                next = self.scan.next_changed(next, end);
                if next == end {
                    break;
                }
                let (cell_start, cell_end) = self.scan.cell(next);
                out.extend_from_slice(&self.scan.delimited()[at..cell_start]);
                self.write_changed(&line[cell_start..cell_end], self.kinds[next], out);
                at = cell_end;
                next += 1;
            }
            out.extend_from_slice(&self.scan.delimited()[at..self.scan.cell(end - 1).1]);
        }
        out.extend_from_slice(self.dialect.newline);
        Ok(())
    }

    fn finish(&mut self, _out: &mut Vec<u8>) {}
}

/// The longest stretches of positions that follow each other.
fn stretches(positions: &[usize]) -> Vec<Range<usize>> {
    let follow = |left: &usize, right: &usize| *right == *left + 1;
    positions.chunk_by(follow).map(|chunk| chunk[0]..chunk[0] + chunk.len()).collect()
}

/// Whether the cells of a kind are of a fixed form that no spreadsheet runs.
fn is_typed(kind: Kind) -> bool {
    !matches!(kind, Kind::Text | Kind::Json | Kind::Bytes)
}

/// Whether the cells of a kind never look in the file as they do in a row.
fn is_rewritten(kind: Kind, decimal: DecimalMark) -> bool {
    match kind {
        Kind::Timestamp | Kind::LocalTimestamp | Kind::Boolean => true,
        Kind::Decimal | Kind::Float => decimal == DecimalMark::Comma,
        _ => false,
    }
}

/// The first bytes by which a cell needs a closer look. An empty cell's is the tab after it, or NUL.
fn suspicious(guard: Guard) -> [bool; 256] {
    let mut table = [false; 256];
    let bytes: &[u8] = match guard {
        Guard::None => b"\t\0",
        Guard::Seeds => b"\t\0=+-@\r",
        // What may begin a formula, or be skipped before one, or be the first byte of such a character.
        Guard::Strict => b"=+-@'\" \x7f\xc2\xe1\xe2\xe3\xef",
    };
    for &byte in bytes {
        table[usize::from(byte)] = true;
    }
    if guard == Guard::Strict {
        table[..0x20].fill(true);
    }
    table
}

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests;
