//! Scans a row once, 64 bytes at a time, for the ends of its cells and for the cells that cannot be copied unchanged.
//!
//! Only cells that stand out cost work of their own, so that a row of plain cells costs little more than its copy.

use std::ops::Range;

use wide::u8x16;

use super::block::{BLOCK, filled_up};

/// The bytes for which a cell cannot be copied unchanged. Methods that mark bytes return masks like the comparisons
/// of `wide`.
pub(super) trait Special {
    /// Whether the beginning and end of a cell matter, and whether it is empty.
    const EDGES_MATTER: bool = true;

    /// Marks the bytes that are special anywhere in a cell. `\\` must be among them, because it is special in COPY.
    fn mark(bytes: u8x16) -> u8x16;

    /// Marks bytes that are special at the beginning of a cell, if edges matter: a space, which many readers drop. It
    /// may mark more bytes, which `is_special_first` then lets pass.
    #[inline]
    fn mark_first(bytes: u8x16) -> u8x16 {
        bytes.simd_eq(u8x16::splat(b' '))
    }

    /// Returns whether a byte that `mark_first` has marked is special at the beginning of a cell.
    #[inline]
    fn is_special_first(&self, _first: u8) -> bool {
        true
    }
}

/// Marks control characters except tabs, because a tab ends a cell, and COPY escapes a tab within one.
#[inline]
pub(super) fn mark_controls(bytes: u8x16) -> u8x16 {
    let is_control = bytes.min(u8x16::splat(0x1f)).simd_eq(bytes);
    is_control & !bytes.simd_eq(u8x16::splat(b'\t'))
}

/// The place of a cell in its row, and whether it cannot be copied unchanged.
pub(super) struct Cell {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) is_changed: bool,
}

/// Scans rows, and holds the result for the last one.
pub(super) struct Scan<S> {
    special: S,
    delimiter: u8,
    /// Columns whose cells can never be copied, as bit sets of 64.
    always_changed: Vec<u64>,
    changed: Vec<u64>,
    columns: usize,
    cells: usize,
    /// The end of each cell, at its tab or the end of the row. The list is longer than the row has cells, because it
    /// is written in blocks.
    ends: Vec<u32>,
    /// The row with the file's delimiter for its tabs and at its end. The buffer is longer than the row.
    delimited: Vec<u8>,
}

impl<S: Special> Scan<S> {
    /// Returns a scan of rows with this number of columns. A cell counts as changed when it has a special byte. Where
    /// edges matter, it also does when it is empty or ends in a space.
    pub(super) fn new(special: S, delimiter: u8, columns: usize) -> Self {
        let words = columns / 64 + 1;
        Self {
            special,
            delimiter,
            always_changed: vec![0; words],
            changed: vec![0; words],
            columns,
            cells: 0,
            ends: vec![0; columns + BLOCK + 1],
            delimited: Vec::new(),
        }
    }

    /// Makes every cell of a column count as changed.
    pub(super) fn always_change(&mut self, column: usize) {
        self.always_changed[column / 64] |= 1 << (column % 64);
    }

    /// Reads a row, and returns the number of its cells. Other methods may be called if the row has one cell for each
    /// column.
    pub(super) fn read(&mut self, row: &[u8]) -> usize {
        self.cells = 0;
        self.changed.copy_from_slice(&self.always_changed);
        // Room for the rest of the row and one more block, so that any cell can be read as a block.
        let length = row.len() / BLOCK * BLOCK + 2 * BLOCK;
        if self.delimited.len() < length {
            self.delimited.resize(length, 0);
        }
        let mut before = Before { tab: 1, space: 0 };
        for at in (0..=row.len()).step_by(BLOCK) {
            let rest = &row[at..];
            let short;
            let (block, known, end) = match (rest.first_chunk(), row.last_chunk()) {
                (Some(block), _) => (block, 0, 0),
                // A part of this block has been scanned.
                (None, Some(last)) => (last, BLOCK - rest.len(), 1 << rest.len()),
                (None, None) => {
                    short = filled_up(rest);
                    (&short, 0, 1 << rest.len())
                }
            };
            self.read_block(block, at, known, end, &mut before);
            if self.cells > self.columns {
                return memchr::memchr_iter(b'\t', row).count() + 1;
            }
        }
        self.delimited[row.len()] = self.delimiter;
        self.cells
    }

    /// Scans bytes that begin at index `at` of the row and behind the first `known` bytes of the block. `end` is the
    /// bit behind the row's last byte, if the row ends in this block.
    #[inline]
    fn read_block(&mut self, block: &[u8; BLOCK], at: usize, known: usize, end: u64, before: &mut Before) {
        let Some(delimited) = self.delimited[at - known..].first_chunk_mut::<BLOCK>() else {
            return;
        };
        let masks = Masks::from_block::<S>(block, self.delimiter, delimited).after(known);
        let ends = masks.tabs | end;
        let mut changed = masks.special;
        if S::EDGES_MATTER {
            let firsts = masks.tabs << 1 | before.tab;
            let after_spaces = masks.spaces << 1 | before.space;
            *before = Before {
                tab: masks.tabs >> 63,
                space: masks.spaces >> 63,
            };
            // The cell ends in a space, or is empty.
            changed |= (after_spaces | firsts) & ends;
            let mut marked_firsts = firsts & masks.firsts;
            while marked_firsts != 0 {
                let first = marked_firsts & marked_firsts.wrapping_neg();
                let byte = block[(known + first.trailing_zeros() as usize) % BLOCK];
                if self.special.is_special_first(byte) {
                    changed |= first;
                }
                marked_firsts ^= first;
            }
        }
        self.mark(changed, ends);
        self.take_ends(ends, at);
    }

    /// Marks the cells in which these bits lie.
    #[inline]
    fn mark(&mut self, mut bits: u64, ends: u64) {
        while bits != 0 {
            let below = (bits & bits.wrapping_neg()) - 1;
            let cell = self.cells + (ends & below).count_ones() as usize;
            if let Some(word) = self.changed.get_mut(cell / 64) {
                *word |= 1 << (cell % 64);
            }
            // The next cell begins behind the first end that is not below.
            let end = ends & !below;
            bits &= !(end ^ end.wrapping_sub(1));
        }
    }

    /// Records the ends of cells, always eight at a time, because a branch for each would be mispredicted.
    #[inline]
    fn take_ends(&mut self, mut ends: u64, at: usize) {
        let count = ends.count_ones() as usize;
        let mut next = self.cells;
        self.cells += count;
        while next < self.cells {
            let Some(places) = self
                .ends
                .get_mut(next..)
                .and_then(|places| places.first_chunk_mut::<8>())
            else {
                return;
            };
            for place in places {
                *place = at as u32 + ends.trailing_zeros();
                ends &= ends.wrapping_sub(1);
            }
            next += 8;
        }
    }

    /// Returns begin and end of a cell in the row.
    #[inline]
    pub(super) fn cell(&self, index: usize) -> (usize, usize) {
        let start = if index == 0 {
            0
        } else {
            self.ends[index - 1] as usize + 1
        };
        (start, self.ends[index] as usize)
    }

    /// Returns the cells of consecutive columns.
    #[inline]
    pub(super) fn cells(&self, columns: Range<usize>) -> impl Iterator<Item = Cell> {
        let mut start = self.cell(columns.start).0;
        self.ends[columns.clone()]
            .iter()
            .zip(columns)
            .map(move |(&end, column)| {
                let cell = Cell {
                    start,
                    end: end as usize,
                    is_changed: self.is_changed(column),
                };
                start = cell.end + 1;
                cell
            })
    }

    /// Returns whether a cell cannot be copied unchanged.
    #[inline]
    pub(super) fn is_changed(&self, index: usize) -> bool {
        self.changed[index / 64] >> (index % 64) & 1 == 1
    }

    /// Returns the first cell from `from` on that cannot be copied unchanged, or `until` if there is none before it.
    #[inline]
    pub(super) fn next_changed(&self, from: usize, until: usize) -> usize {
        let mut word = from / 64;
        let mut bits = self.changed[word] & (u64::MAX << (from % 64));
        while bits == 0 {
            word += 1;
            if word * 64 >= until {
                return until;
            }
            bits = self.changed[word];
        }
        until.min(word * 64 + bits.trailing_zeros() as usize)
    }

    /// Returns the row's bytes from a cell on.
    #[inline]
    pub(super) fn block(&self, cell_start: usize) -> Option<&[u8; BLOCK]> {
        self.delimited[cell_start..].first_chunk()
    }

    /// Returns the row with the file's delimiter for its tabs and at its end, and more than a block behind it.
    #[inline]
    pub(super) fn delimited(&self) -> &[u8] {
        &self.delimited
    }
}

/// Whether the byte before a block was a tab (or the row's beginning), or a space, in the lowest bit.
struct Before {
    tab: u64,
    space: u64,
}

/// One bit for each byte of a block.
struct Masks {
    tabs: u64,
    spaces: u64,
    special: u64,
    /// Bytes that may be special at the beginning of a cell.
    firsts: u64,
}

impl Masks {
    #[inline]
    fn from_block<S: Special>(block: &[u8; BLOCK], delimiter: u8, delimited: &mut [u8; BLOCK]) -> Self {
        let mut masks = Self {
            tabs: 0,
            spaces: 0,
            special: 0,
            firsts: 0,
        };
        let (parts, _) = block.as_chunks::<16>();
        let (delimited, _) = delimited.as_chunks_mut::<16>();
        for (index, (part, delimited)) in parts.iter().zip(delimited).enumerate() {
            let bytes = u8x16::new(*part);
            let is = |byte: u8| bytes.simd_eq(u8x16::splat(byte));
            let tabs = is(b'\t');
            *delimited = tabs.bitselect(u8x16::splat(delimiter), bytes).to_array();
            let place = 16 * index;
            masks.tabs |= u64::from(tabs.to_bitmask()) << place;
            masks.spaces |= u64::from(is(b' ').to_bitmask()) << place;
            masks.special |= u64::from(S::mark(bytes).to_bitmask()) << place;
            masks.firsts |= u64::from(S::mark_first(bytes).to_bitmask()) << place;
        }
        masks
    }

    /// Returns the bits of the bytes behind the first `known`.
    #[inline]
    fn after(self, known: usize) -> Self {
        let rest = |mask: u64| mask.checked_shr(known as u32).unwrap_or(0);
        Self {
            tabs: rest(self.tabs),
            spaces: rest(self.spaces),
            special: rest(self.special),
            firsts: rest(self.firsts),
        }
    }
}
