//! A sheet around its rows: the frozen header, the column widths, the filter.

use super::cells::{self, Style};
use super::text::split_units;
use crate::rows::Kind;

/// The most rows of a sheet.
pub(super) const ROWS_MAX: u32 = 1_048_576;

/// The widest column, in characters.
const WIDTH_MAX: usize = 60;

/// The columns of a sheet.
pub(super) struct Layout {
    headings: Vec<(String, Kind)>,
    has_header: bool,
}

impl Layout {
    pub(super) fn new(headings: Vec<(String, Kind)>, has_header: bool) -> Self {
        Self { headings, has_header }
    }

    /// Appends the sheet before its rows, and returns the number of header rows, 0 or 1.
    pub(super) fn write_head(&self, xml: &mut Vec<u8>) -> u32 {
        xml.extend_from_slice(XML_DECLARATION);
        xml.extend_from_slice(
            b"<worksheet xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\">\
              <sheetViews><sheetView workbookViewId=\"0\"",
        );
        xml.extend_from_slice(if self.has_header {
            b"><pane ySplit=\"1\" topLeftCell=\"A2\" activePane=\"bottomLeft\" state=\"frozen\"/></sheetView>"
        } else {
            b"/>"
        });
        xml.extend_from_slice(b"</sheetViews><cols>");
        for (index, (heading, kind)) in self.headings.iter().enumerate() {
            let (column, width) = (index + 1, self.width(heading, *kind));
            let text =
                format!("<col min=\"{column}\" max=\"{column}\" width=\"{width}\" customWidth=\"1\"/>");
            xml.extend_from_slice(text.as_bytes());
        }
        xml.extend_from_slice(b"</cols><sheetData>");
        if !self.has_header {
            return 0;
        }
        xml.extend_from_slice(b"<row>");
        for (heading, _) in &self.headings {
            cells::write_styled(split_units(heading).0, Style::Bold, xml);
        }
        xml.extend_from_slice(b"</row>");
        1
    }

    /// Appends the sheet behind its rows, of which there are `rows` with the header. Returns the range of the filter,
    /// if the sheet has one: `$A$1:$C$7`.
    pub(super) fn write_foot(&self, rows: u32, xml: &mut Vec<u8>) -> Option<String> {
        xml.extend_from_slice(b"</sheetData>");
        let last = column_letters(self.headings.len().saturating_sub(1));
        if self.has_header {
            xml.extend_from_slice(format!("<autoFilter ref=\"A1:{last}{rows}\"/>").as_bytes());
        }
        xml.extend_from_slice(b"</worksheet>");
        self.has_header.then(|| format!("$A$1:${last}${rows}"))
    }

    fn width(&self, heading: &str, kind: Kind) -> usize {
        let usual = match kind {
            Kind::Boolean => 8,
            Kind::Integer | Kind::Date => 12,
            Kind::Decimal | Kind::Float | Kind::Time => 18,
            Kind::Timestamp | Kind::LocalTimestamp | Kind::Interval => 20,
            Kind::Text | Kind::Bytes => 24,
            Kind::Uuid => 38,
            Kind::Json => 48,
        };
        // Chinese characters are twice as wide as letters, and the filter's button needs room.
        let characters = heading
            .chars()
            .map(|character| if character < '\u{1100}' { 1 } else { 2 });
        let heading_width = if self.has_header {
            characters.sum::<usize>() + 4
        } else {
            0
        };
        heading_width.clamp(usual, WIDTH_MAX)
    }
}

/// The first bytes of every part of a workbook.
pub(super) const XML_DECLARATION: &[u8] = b"<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n";

/// Returns the reference of a cell: `B7` for the second column, counted from 0, and the seventh row.
pub(super) fn cell_reference(column: usize, row: u32) -> String {
    format!("{}{row}", column_letters(column))
}

/// Returns the letters of a column, counted from 0: `A` to `Z`, `AA` …
fn column_letters(column: usize) -> String {
    let mut letters = Vec::new();
    let mut rest = column + 1;
    while rest > 0 {
        letters.push(char::from(b'A' + ((rest - 1) % 26) as u8));
        rest = (rest - 1) / 26;
    }
    letters.iter().rev().collect()
}
