//! XLSX (ISO/IEC 29500, transitional): a sheet of typed cells, further sheets when it is full, and totals.
//!
//! This is Decant's own code, because the XLSX crates hold the whole workbook or write temporary files, and are
//! several times slower.
//!
//! An integer that a spreadsheet would round is text, because it may be an id; a long decimal is rounded. Text that is too long for a cell continues in a sheet of its own.
//! Cells have no references, and texts are inline. Therefore memory holds only the part of the file that is being
//! compressed.

mod about;
mod cells;
mod long_texts;
mod number;
mod package;
mod serial;
mod sheet;
mod sheet_names;
mod text;
mod totals;

use std::mem::take;

use wide::u8x16;

use self::about::About;
use self::cells::Style;
use self::long_texts::LongTexts;
use self::number::Number;
use self::package::Group;
pub(super) use self::package::Package;
use self::sheet::{Layout, ROWS_MAX, cell_reference};
pub(crate) use self::sheet_names::WITHOUT_ROWS;
use self::text::{CELL_UNITS_MAX, split_units};
use self::totals::Totals;
use super::block::{BLOCK, append};
use super::cell_cache::{self, CellCache};
use super::columns::heading;
use super::scan::{Scan, Special, mark_controls};
use super::{FileFormat, FormatError};
use crate::options::{self, DecimalMark, Fraction, HeaderStyle, LongDecimals, Options, TimestampStyle};
use crate::rows::{Header, Kind, NULL, ReadError, Row};
use crate::timestamp::{Clock, Moment, WallTime};
use crate::value::{CellText, Written};

/// The bytes that are special in COPY or XML, and `_`, which begins the escapes of a spreadsheet. Outside ASCII there
/// are characters that XML cannot represent, and bytes that are not characters.
struct InCell;

impl Special for InCell {
    #[inline]
    fn mark(bytes: u8x16) -> u8x16 {
        let is = |byte: u8| bytes.simd_eq(u8x16::splat(byte));
        let is_beyond_ascii = bytes.max(u8x16::splat(0x80)).simd_eq(bytes);
        let is_markup = is(b'&') | is(b'<') | is(b'>');
        is(b'\\') | is_markup | is(b'_') | mark_controls(bytes) | is_beyond_ascii
    }
}

pub(super) struct Xlsx {
    title: String,
    columns: Vec<Column>,
    layout: Layout,
    package: Package,
    /// The most rows of a sheet, header included.
    rows_max: u32,
    /// Rows of the open sheet.
    sheet_rows: u32,
    rows: u64,
    scan: Scan<InCell>,
    cells: Cells,
    long_texts: LongTexts,
    totals: Option<Totals>,
    about: Option<About>,
}

struct Column {
    position: usize,
    kind: Kind,
    /// The index of the sum that its numbers are added to.
    sum: Option<usize>,
    /// Whether a number that a spreadsheet rounds is written as one.
    is_rounded: bool,
}

/// Writes cells that cannot be copied unchanged.
struct Cells {
    clock: Clock,
    text: CellText,
    cache: CellCache<cell_cache::Written>,
}

/// Returns the options that the cells of a sheet have, whatever style of times and numbers is chosen.
pub(crate) fn cell_options(options: &Options) -> Options {
    Options {
        // Serial numbers have no zone, and numbers in XML have a point.
        timestamps: TimestampStyle::Local,
        fraction: Some(Fraction::Seconds),
        decimal: DecimalMark::Dot,
        ..options.clone()
    }
}

impl Xlsx {
    /// Returns a writer for the columns at these positions.
    pub(super) fn new(header: &Header, positions: &[usize], options: &Options) -> Result<Self, FormatError> {
        let totals = Totals::new(header, positions, &cell_options(options));
        Ok(Self::within(Package::new(), totals, header, positions, options))
    }

    /// Returns a writer of a part of a bundle, which has no totals, behind other parts of the workbook.
    pub(super) fn part(package: Package, header: &Header, positions: &[usize], options: &Options) -> Self {
        Self::within(package, None, header, positions, options)
    }

    fn within(
        package: Package,
        totals: Option<Totals>,
        header: &Header,
        positions: &[usize],
        options: &Options,
    ) -> Self {
        let options = &cell_options(options);
        let mut scan = Scan::new(InCell, b'\t', header.columns.len());
        for (position, column) in header.columns.iter().enumerate() {
            if matches!(column.kind, Kind::Timestamp | Kind::LocalTimestamp) {
                scan.always_change(position);
            }
        }
        let column = |&position: &usize| Column {
            position,
            kind: header.columns[position].kind,
            sum: totals.as_ref().and_then(|totals| totals.sum_of(position)),
            is_rounded: header.columns[position].kind == Kind::Decimal
                && options.long_decimals == LongDecimals::Rounded,
        };
        let headings = positions
            .iter()
            .map(|&position| {
                (
                    heading(&header.columns[position], options),
                    header.columns[position].kind,
                )
            })
            .collect();
        Self {
            title: header.title.clone(),
            columns: positions.iter().map(column).collect(),
            layout: Layout::new(headings, options.header != HeaderStyle::None),
            package,
            rows_max: ROWS_MAX,
            sheet_rows: 0,
            rows: 0,
            scan,
            cells: Cells {
                clock: Clock::new(
                    options.zone.clone(),
                    options.timestamps,
                    options.fraction.unwrap_or_default(),
                ),
                text: CellText::new(options),
                cache: CellCache::new(),
            },
            long_texts: LongTexts::new(),
            about: (options.metadata == options::Metadata::With)
                .then(|| About::new(header, positions, options)),
            totals,
        }
    }

    /// Begins the sheet of a part.
    pub(super) fn begin_part(&mut self, out: &mut Vec<u8>) {
        self.begin_sheet(out);
    }

    /// Ends the sheets of a part, and returns the workbook for the next one.
    pub(super) fn end_part(mut self, out: &mut Vec<u8>) -> Package {
        self.end_rows(out);
        self.package
    }

    fn end_rows(&mut self, out: &mut Vec<u8>) {
        self.end_sheet(out);
        if let Some(about) = &self.about {
            about.write(self.rows, &mut self.package, out);
        }
    }

    fn begin_sheet(&mut self, out: &mut Vec<u8>) {
        self.package.begin_sheet(Group::Rows, &self.title, out);
        self.sheet_rows = self.layout.write_head(&mut self.package.xml);
    }

    fn end_sheet(&mut self, out: &mut Vec<u8>) {
        let filter = self.layout.write_foot(self.sheet_rows, &mut self.package.xml);
        self.package.end_sheet(filter, out);
        self.long_texts.write(&mut self.package, out);
    }

    fn write_row(&mut self, line: &[u8]) {
        let time = self.begin_totals(line);
        self.package.xml.extend_from_slice(b"<row>");
        let mut nulls = 0;
        for index in 0..self.columns.len() {
            let Column {
                position,
                kind,
                sum,
                is_rounded,
            } = self.columns[index];
            let (start, end) = self.scan.cell(position);
            let cell = &line[start..end];
            if cell == NULL {
                nulls += 1;
                continue;
            }
            let xml = &mut self.package.xml;
            // Empty cells at the end of a row need not be written.
            for _ in 0..take(&mut nulls) {
                xml.extend_from_slice(b"<c/>");
            }
            let is_written = match kind {
                Kind::Integer | Kind::Decimal => {
                    let number = Number::read(cell);
                    if let (Some(sum), Some(totals)) = (sum, &mut self.totals) {
                        totals.add(sum, cell);
                    }
                    number.is_some_and(|number| match number.is_kept() {
                        true => cells::append_number(&self.scan.delimited()[start..], number.length, xml),
                        false => {
                            is_rounded
                                && number.can_be_rounded()
                                && cells::write_rounded(cell, Style::Plain, xml)
                        }
                    })
                }
                Kind::Float => number::is_kept_float(cell) && cells::append_number(cell, cell.len(), xml),
                Kind::Boolean => cells::write_boolean(cell, xml),
                Kind::Date => self.cells.write_date(cell, xml),
                Kind::Timestamp | Kind::LocalTimestamp => match time {
                    Some((known, time)) if known == position => cells::write_time(time, xml),
                    _ => self
                        .cells
                        .wall_time(cell, kind)
                        .is_some_and(|time| cells::write_time(time, xml)),
                },
                _ => false,
            };
            if is_written {
                continue;
            }
            if cell.len() > CELL_UNITS_MAX {
                self.write_long(cell, index);
            } else if self.scan.is_changed(position) {
                self.cells.write_changed(cell, kind, self.scan.block(start), xml);
            } else {
                xml.extend_from_slice(b"<c t=\"inlineStr\"><is><t>");
                append(&self.scan.delimited()[start..], cell.len(), xml);
                xml.extend_from_slice(b"</t></is></c>");
            }
        }
        self.package.xml.extend_from_slice(b"</row>");
    }

    /// Counts a row by its time. Returns the time and the index of its column.
    fn begin_totals(&mut self, line: &[u8]) -> Option<(usize, WallTime)> {
        let totals = self.totals.as_mut()?;
        let (start, end) = self.scan.cell(totals.time.position);
        let time = self.cells.wall_time(&line[start..end], totals.time.kind);
        totals.begin_row(time);
        Some((totals.time.position, time?))
    }

    /// Writes a text that may be too long for a cell.
    fn write_long(&mut self, cell: &[u8], column: usize) {
        let text = match self.cells.text.write(cell, self.columns[column].kind) {
            Written::Plain(text) | Written::Text(text) => String::from_utf8_lossy(text),
            Written::Null => return,
        };
        let (first, rest) = split_units(&text);
        cells::write_text(first, &mut self.package.xml);
        if !rest.is_empty() {
            let reference = cell_reference(column, self.sheet_rows + 1);
            self.long_texts.push(self.package.sheet_name(), &reference, rest);
        }
    }
}

impl FileFormat for Xlsx {
    fn begin(&mut self, out: &mut Vec<u8>) {
        self.package.begin(out);
        self.begin_sheet(out);
    }

    fn row(&mut self, row: &Row<'_>, out: &mut Vec<u8>) -> Result<(), ReadError> {
        let line = row.line();
        row.check_cells(self.scan.read(line))?;
        if self.sheet_rows >= self.rows_max || self.package.is_sheet_large() || self.long_texts.are_many() {
            self.end_sheet(out);
            self.begin_sheet(out);
        }
        self.write_row(line);
        self.sheet_rows += 1;
        self.rows += 1;
        self.package.pack(out);
        Ok(())
    }

    fn finish(&mut self, out: &mut Vec<u8>) {
        self.end_rows(out);
        if let Some(totals) = self.totals.take() {
            totals.write(&mut self.package, out);
        }
        self.package.finish(out);
    }
}

impl Cells {
    /// Returns the wall-clock time of a cell in the file's zone, or `None` for a cell that is not a time.
    #[inline]
    fn wall_time(&mut self, cell: &[u8], kind: Kind) -> Option<WallTime> {
        match kind {
            Kind::Timestamp => self.clock.wall_time(&Moment::in_utc(cell)?),
            _ => Moment::without_zone(cell)?.wall_time(),
        }
    }

    fn write_date(&mut self, cell: &[u8], xml: &mut Vec<u8>) -> bool {
        let day = crate::day::Day::read(cell);
        day.is_some_and(|day| cells::write_day(day.number, xml))
    }

    /// Writes a cell whose text differs from its bytes. `block` begins with the cell.
    fn write_changed(&mut self, cell: &[u8], kind: Kind, block: Option<&[u8; BLOCK]>, xml: &mut Vec<u8>) {
        xml.extend_from_slice(b"<c t=\"inlineStr\"><is><t");
        let text = &mut self.text;
        self.cache
            .write(cell, kind, block, xml, |xml| write_content(text, cell, kind, xml));
        xml.extend_from_slice(b"</t></is></c>");
    }
}

/// Appends the content of a cell behind `<t`.
fn write_content(text: &mut CellText, cell: &[u8], kind: Kind, xml: &mut Vec<u8>) {
    match text.write(cell, kind) {
        Written::Plain(text) | Written::Text(text) => {
            text::write_content(&String::from_utf8_lossy(text), xml)
        }
        Written::Null => xml.push(b'>'),
    }
}

#[cfg(test)]
#[cfg(not(target_arch = "wasm32"))]
mod tests;
