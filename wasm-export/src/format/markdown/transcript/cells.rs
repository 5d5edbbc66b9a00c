//! The raw cells of a row.

use std::ops::Range;

use crate::format::ColumnRef;

/// The raw cells of a row, by the columns of the header.
#[derive(Clone, Copy)]
pub(super) struct Cells<'a> {
    pub(super) line: &'a [u8],
    pub(super) ranges: &'a [Range<usize>],
}

impl<'a> Cells<'a> {
    pub(super) fn get(self, (position, _): ColumnRef) -> &'a [u8] {
        &self.line[self.ranges[position].clone()]
    }
}
