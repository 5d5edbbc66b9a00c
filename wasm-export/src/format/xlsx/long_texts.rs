//! Sheets for the text that does not fit into a cell.
//!
//! The archive is written front to back, and such a text comes while the sheet of rows is open. Therefore the sheet
//! of long texts is compressed in memory. When it reaches a limit, the sheet of rows ends, this one is written, and
//! both continue in further sheets. Nothing is lost, and memory holds no more than the limit and one row.

use super::cells;
use super::package::{Group, Package};
use super::sheet::{Layout, ROWS_MAX};
use super::sheet_names::LONG_TEXTS;
use super::text::split_units;
use crate::rows::Kind;
use crate::zip::Packed;

/// The most compressed bytes that are held.
const HELD_BYTES_MAX: usize = 32 * 1024 * 1024;

/// The most uncompressed bytes of a sheet, which stay far below 4 GiB even with one more row.
const SIZE_MAX: u64 = 2 * 1024 * 1024 * 1024;

/// The rest of the sheet has room for the parts of one more row.
const ROWS_HELD_MAX: u32 = ROWS_MAX / 2;

pub(super) struct LongTexts {
    layout: Layout,
    sheet: Option<Sheet>,
    held_bytes_max: usize,
}

struct Sheet {
    packed: Packed,
    rows: u32,
    /// The next row as XML.
    xml: Vec<u8>,
}

impl LongTexts {
    pub(super) fn new() -> Self {
        let columns = [
            ("Sheet", Kind::Text),
            ("Cell", Kind::Integer),
            ("Part", Kind::Integer),
            ("Text", Kind::Json),
        ];
        let headings = columns.map(|(heading, kind)| (heading.to_owned(), kind)).to_vec();
        Self {
            layout: Layout::new(headings, true),
            sheet: None,
            held_bytes_max: HELD_BYTES_MAX,
        }
    }

    #[cfg(all(test, not(target_arch = "wasm32")))]
    pub(super) fn hold_at_most(&mut self, bytes: usize) {
        self.held_bytes_max = bytes;
    }

    /// Returns whether the sheet has reached a limit.
    pub(super) fn are_many(&self) -> bool {
        self.sheet.as_ref().is_some_and(|sheet| {
            sheet.packed.held() >= self.held_bytes_max
                || sheet.packed.size() > SIZE_MAX
                || sheet.rows > ROWS_HELD_MAX
        })
    }

    /// Adds the text that follows the text of a cell.
    pub(super) fn push(&mut self, sheet_name: &str, reference: &str, text: &str) {
        let layout = &self.layout;
        let sheet = self.sheet.get_or_insert_with(|| Sheet::begin(layout));
        // The first part is in the cell.
        let (mut number, mut rest) = (2, text);
        while !rest.is_empty() {
            let (part, further) = split_units(rest);
            sheet.write(sheet_name, reference, number, part);
            (number, rest) = (number + 1, further);
        }
    }

    /// Appends the sheet if it has rows, and begins another.
    pub(super) fn write(&mut self, package: &mut Package, out: &mut Vec<u8>) {
        if let Some(mut sheet) = self.sheet.take() {
            let filter = self.layout.write_foot(sheet.rows, &mut sheet.xml);
            sheet.pack();
            package.append_sheet(Group::LongTexts, LONG_TEXTS, sheet.packed, filter, out);
        }
    }
}

impl Sheet {
    fn begin(layout: &Layout) -> Self {
        let mut xml = Vec::new();
        let rows = layout.write_head(&mut xml);
        Self {
            packed: Packed::new(),
            rows,
            xml,
        }
    }

    fn write(&mut self, sheet_name: &str, reference: &str, number: u64, part: &str) {
        self.xml.extend_from_slice(b"<row>");
        cells::write_text(sheet_name, &mut self.xml);
        cells::write_text(reference, &mut self.xml);
        cells::write_count(number, cells::Style::Plain, &mut self.xml);
        cells::write_text(part, &mut self.xml);
        self.xml.extend_from_slice(b"</row>");
        self.rows += 1;
        self.pack();
    }

    fn pack(&mut self) {
        self.packed.push(&self.xml);
        self.xml.clear();
    }
}
