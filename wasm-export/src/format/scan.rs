//! One pass over a row, 64 bytes at a time: where its cells end, and which of them cannot be copied as they are.
//!
//! Nothing here is done cell by cell but for the cells that stand out, so a row of plain cells costs little more
//! than a copy of it.

use std::ops::Range;

use wide::u8x16;

use super::block::BLOCK;

/// The bytes by which a cell cannot be copied as it is. Those that mark bytes do it as the comparisons of `wide` do.
pub(super) trait Special {
    /// Whether it means something how a cell begins and ends, and that it is empty.
    const EDGES_MATTER: bool = true;

    /// Marks those that mean something to the format wherever they stand. `\\` must be one of them, since it means
    /// something to COPY.
    fn mark(bytes: u8x16) -> u8x16;

    /// Marks those that mean something at the beginning of a cell, if edges matter: a space, which many readers drop. It
    /// may mark others too, for `is_special_first` to let pass.
    #[inline]
    fn mark_first(bytes: u8x16) -> u8x16 {
        bytes.simd_eq(u8x16::splat(b' '))
    }

    /// Whether a byte that `mark_first` has marked means something at the beginning of a cell.
    #[inline]
    fn is_special_first(&self, _first: u8) -> bool {
        true
    }
}

/// Marks the control characters but tabs: a tab is where a cell ends, and one within a cell has a backslash.
#[inline]
pub(super) fn mark_controls(bytes: u8x16) -> u8x16 {
    let is_control = bytes.min(u8x16::splat(0x1f)).simd_eq(bytes);
    is_control & !bytes.simd_eq(u8x16::splat(b'\t'))
}

/// Where a cell of the row lies, and whether it cannot be copied as it is.
pub(super) struct Cell {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) is_changed: bool,
}

/// Reads rows; holds what is known of the last one.
pub(super) struct Scan<S> {
    special: S,
    delimiter: u8,
    /// The cells, by their places in a row, that never can: bit sets of 64.
    always_changed: Vec<u64>,
    changed: Vec<u64>,
    columns: usize,
    cells: usize,
    /// Where each cell ends: at its tab, or at the end of the row. Longer than that, so as to be written in blocks.
    ends: Vec<u32>,
    /// The row with the file's delimiter for its tabs and at its end; longer than the row.
    delimited: Vec<u8>,
}

impl<S: Special> Scan<S> {
    /// A scan of rows with so many columns. A cell counts as changed when it holds a special byte, and where edges
    /// matter also when it is empty or ends in a space.
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

    /// Lets every cell of a column count as changed.
    pub(super) fn always_change(&mut self, column: usize) {
        self.always_changed[column / 64] |= 1 << (column % 64);
    }

    /// Takes in a row and says how many cells it has. The other questions may be asked if it has one per column.
    pub(super) fn read(&mut self, row: &[u8]) -> usize {
        self.cells = 0;
        self.changed.copy_from_slice(&self.always_changed);
        // A block for what is left of the row, and one more, so that any cell can be read as a block.
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
                // A part of it has been read.
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

    /// What is to be read begins at the row's byte `at` and after the block's first `known` bytes. `end` is the bit
    /// after those where the row ends, if it does in this block.
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
            // What ends in a space, or is empty.
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

    /// Marks the cells that the bits stand in.
    #[inline]
    fn mark(&mut self, mut bits: u64, ends: u64) {
        while bits != 0 {
            let below = (bits & bits.wrapping_neg()) - 1;
            let cell = self.cells + (ends & below).count_ones() as usize;
            if let Some(word) = self.changed.get_mut(cell / 64) {
                *word |= 1 << (cell % 64);
            }
            // On to the next cell: past the first end that is not below.
            let end = ends & !below;
            bits &= !(end ^ end.wrapping_sub(1));
        }
    }

    /// Notes where cells end. Eight at a time whether there are or not: a guess less for the processor.
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

    /// Where a cell begins and ends in the row.
    #[inline]
    pub(super) fn cell(&self, index: usize) -> (usize, usize) {
        let start = if index == 0 {
            0
        } else {
            self.ends[index - 1] as usize + 1
        };
        (start, self.ends[index] as usize)
    }

    /// The cells of neighbouring columns, one after the other.
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

    /// Whether a cell cannot be copied as it is.
    #[inline]
    pub(super) fn is_changed(&self, index: usize) -> bool {
        self.changed[index / 64] >> (index % 64) & 1 == 1
    }

    /// The first cell from `from` on that cannot be copied as it is; `until` if there is none before.
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

    /// The cell that begins here, and what follows it.
    #[inline]
    pub(super) fn block(&self, cell_start: usize) -> Option<&[u8; BLOCK]> {
        self.delimited[cell_start..].first_chunk()
    }

    /// The row with the file's delimiter for its tabs and at its end, and more than a block behind that.
    #[inline]
    pub(super) fn delimited(&self) -> &[u8] {
        &self.delimited
    }
}

/// A block that begins with less than one.
#[cold]
fn filled_up(short: &[u8]) -> [u8; BLOCK] {
    let mut block = [0; BLOCK];
    block[..short.len()].copy_from_slice(short);
    block
}

/// Whether the byte before a block was a tab (or the row's beginning), or a space: its lowest bit.
struct Before {
    tab: u64,
    space: u64,
}

/// What the bytes of a block are, a bit each.
struct Masks {
    tabs: u64,
    spaces: u64,
    special: u64,
    /// Bytes that may mean something at the beginning of a cell.
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

    /// Those of the bytes after the first `known`.
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
