//! The rows that a report shows, chosen by their cells.

use std::collections::BTreeMap;

use super::between_tags::BetweenTags;
use crate::format::markup::Cells;
use crate::rows::{Header, Kind, escape_into};

/// The most rows that a report shows of each kind.
pub(in crate::format) const ROWS_MAX: usize = 20;

/// The most bytes of a cell that a report shows in these rows.
pub(in crate::format) const CELL_BYTES_MAX: usize = 300;

/// In each of some columns, a row must have one of some cells.
pub(in crate::format) struct Conditions(Vec<Condition>);

struct Condition {
    position: usize,
    /// As COPY writes them.
    cells: Vec<Vec<u8>>,
}

impl Conditions {
    /// Returns `None` if the rows lack one of the columns.
    pub(in crate::format) fn new(wanted: &BTreeMap<String, Vec<String>>, header: &Header) -> Option<Self> {
        let conditions = wanted.iter().map(|(column, values)| {
            let position = header.position(column)?;
            let kind = header.columns[position].kind;
            let cells = values.iter().map(|value| raw_cell(value, kind)).collect();
            Some(Condition { position, cells })
        });
        conditions.collect::<Option<_>>().map(Self)
    }

    /// Returns whether the row that `cells` has read is one of these.
    #[inline]
    pub(in crate::format) fn hold(&self, line: &[u8], cells: &Cells<BetweenTags>) -> bool {
        self.0.iter().all(|condition| {
            let cell = cells.raw(line, condition.position);
            condition.cells.iter().any(|wanted| wanted == cell)
        })
    }
}

/// Returns a value as COPY writes it in a column of this kind.
pub(in crate::format) fn raw_cell(value: &str, kind: Kind) -> Vec<u8> {
    let text = match (kind, value) {
        (Kind::Boolean, "true") => "t",
        (Kind::Boolean, "false") => "f",
        (_, text) => text,
    };
    let mut cell = Vec::new();
    escape_into(text.as_bytes(), &mut cell);
    cell
}

/// Returns at most so many bytes of a raw cell, cut between characters.
pub(in crate::format) fn beginning_of(cell: &[u8], length_max: usize) -> &[u8] {
    let mut length = cell.len().min(length_max);
    let is_within_a_letter = |length: usize| cell.get(length).is_some_and(|byte| byte & 0xc0 == 0x80);
    while length > 0 && is_within_a_letter(length) {
        length -= 1;
    }
    &cell[..length]
}
