//! What cells that need a change were written as before: the names of people, keys and models come again and again.

use super::block::{BLOCK, append};
use crate::rows::Kind;

/// How many different cells are remembered; a power of two.
const PLACES: usize = 256;

/// A memory of small size, in which the newest of two cells that fall on one place stays.
pub(super) struct Repeats {
    places: Vec<Place>,
}

/// A cell and what it was written as, both in blocks so that they are compared and copied without a loop.
#[derive(Clone)]
struct Place {
    cell: [u8; BLOCK],
    /// No cell has this length before one has come.
    cell_length: usize,
    written: [u8; BLOCK],
    written_length: usize,
}

impl Repeats {
    pub(super) fn new() -> Self {
        let empty = Place {
            cell: [0; BLOCK],
            cell_length: usize::MAX,
            written: [0; BLOCK],
            written_length: 0,
        };
        Self {
            places: vec![empty; PLACES],
        }
    }

    /// Appends a cell as it was written before, or else as `write` does it. A short text is remembered; `block` is what
    /// begins with it, if there is so much.
    #[inline]
    pub(super) fn write(
        &mut self,
        cell: &[u8],
        kind: Kind,
        block: Option<&[u8; BLOCK]>,
        out: &mut Vec<u8>,
        write: impl FnOnce(&mut Vec<u8>),
    ) {
        match block {
            Some(block) if kind == Kind::Text && cell.len() <= BLOCK => {
                if !self.append_known(block, cell.len(), out) {
                    let start = out.len();
                    write(out);
                    self.remember(block, cell.len(), &out[start..]);
                }
            }
            _ => write(out),
        }
    }

    /// Appends what the first `length` bytes of the block were written as; `false` if that is not known.
    #[inline]
    fn append_known(&self, block: &[u8; BLOCK], length: usize, out: &mut Vec<u8>) -> bool {
        let place = &self.places[place_of(block, length)];
        let is_it = place.cell_length == length && begin_alike(&place.cell, block, length);
        if is_it {
            append(&place.written, place.written_length, out);
        }
        is_it
    }

    /// Remembers what a cell was written as, if that is short.
    fn remember(&mut self, block: &[u8; BLOCK], length: usize, written: &[u8]) {
        if written.len() > BLOCK {
            return;
        }
        let place = &mut self.places[place_of(block, length)];
        place.cell = *block;
        place.cell_length = length;
        place.written[..written.len()].copy_from_slice(written);
        place.written_length = written.len();
    }
}

/// Spreads cells by their length, their first eight bytes and their last eight.
#[inline]
fn place_of(block: &[u8; BLOCK], length: usize) -> usize {
    let eight = |at: usize| {
        block
            .get(at..)
            .and_then(<[u8]>::first_chunk)
            .map_or(0, |bytes| u64::from_le_bytes(*bytes))
    };
    let ends = if length < 8 {
        // What stands behind the cell does not count.
        eight(0) << (8 * (8 - length.max(1)))
    } else {
        eight(0) ^ eight(length - 8).rotate_left(29)
    };
    let mixed = (ends ^ length as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed >> (u64::BITS - PLACES.trailing_zeros())) as usize
}

/// Whether two blocks are the same in their first `length` bytes.
#[inline]
fn begin_alike(left: &[u8; BLOCK], right: &[u8; BLOCK], length: usize) -> bool {
    use wide::u8x16;
    let (left, _) = left.as_chunks::<16>();
    let (right, _) = right.as_chunks::<16>();
    let mut same = 0;
    for (index, (left, right)) in left.iter().zip(right).enumerate() {
        let equal = u8x16::new(*left).simd_eq(u8x16::new(*right));
        same |= u64::from(equal.to_bitmask()) << (16 * index);
    }
    // Of the lowest `length` bits, none is unset.
    length == 0 || !same << (u64::BITS as usize - length) == 0
}
