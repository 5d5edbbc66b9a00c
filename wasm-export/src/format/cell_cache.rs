//! Caches the results for short cells, because names of people, keys and models come again and again.

use super::block::{BLOCK, append};
use crate::rows::Kind;

/// Number of slots, a power of two.
const SLOTS: usize = 1024;

/// A cache of fixed size. Of two cells with the same slot it holds the newer one.
pub(super) struct CellCache<T> {
    slots: Vec<Slot<T>>,
}

/// A cell and its result. The cell lies in a block, so that it is compared and copied without a loop.
#[derive(Clone)]
struct Slot<T> {
    cell: [u8; BLOCK],
    /// `usize::MAX`, which no cell has, in an empty slot.
    cell_length: usize,
    made: T,
}

impl<T: Clone + Default> CellCache<T> {
    pub(super) fn new() -> Self {
        let empty = Slot {
            cell: [0; BLOCK],
            cell_length: usize::MAX,
            made: T::default(),
        };
        Self {
            slots: vec![empty; SLOTS],
        }
    }

    /// Returns the result for the first `length` bytes of the block, if it is cached.
    #[inline]
    pub(super) fn get(&self, block: &[u8; BLOCK], length: usize) -> Option<&T> {
        let slot = &self.slots[slot_of(block, length)];
        let is_it = slot.cell_length == length && begin_alike(&slot.cell, block, length);
        is_it.then_some(&slot.made)
    }

    /// Caches the result for a cell that is no longer than the block.
    pub(super) fn insert(&mut self, block: &[u8; BLOCK], length: usize, made: T) {
        self.slots[slot_of(block, length)] = Slot {
            cell: *block,
            cell_length: length,
            made,
        };
    }
}

/// The bytes that a cell was written as.
#[derive(Clone)]
pub(super) struct Written {
    bytes: [u8; BLOCK],
    length: usize,
}

impl Default for Written {
    fn default() -> Self {
        Self {
            bytes: [0; BLOCK],
            length: 0,
        }
    }
}

impl CellCache<Written> {
    /// Appends a cell from the cache, or by `write`, and caches it if it is short text. `block` begins with the cell,
    /// if the row has that many bytes.
    #[inline]
    pub(super) fn write(
        &mut self,
        cell: &[u8],
        kind: Kind,
        block: Option<&[u8; BLOCK]>,
        out: &mut Vec<u8>,
        write: impl FnOnce(&mut Vec<u8>),
    ) {
        let Some(block) = block.filter(|_| kind == Kind::Text && cell.len() <= BLOCK) else {
            return write(out);
        };
        if let Some(written) = self.get(block, cell.len()) {
            return append(&written.bytes, written.length, out);
        }
        let start = out.len();
        write(out);
        let written = &out[start..];
        let mut bytes = [0; BLOCK];
        if let Some(begin) = bytes.get_mut(..written.len()) {
            begin.copy_from_slice(written);
            let length = written.len();
            self.insert(block, cell.len(), Written { bytes, length });
        }
    }
}

/// Returns the slot of a cell, a hash of its length, its first eight bytes and its last eight.
#[inline]
fn slot_of(block: &[u8; BLOCK], length: usize) -> usize {
    let eight = |at: usize| {
        block
            .get(at..)
            .and_then(<[u8]>::first_chunk)
            .map_or(0, |bytes| u64::from_le_bytes(*bytes))
    };
    let ends = if length < 8 {
        // Bytes behind the cell must not change the hash.
        eight(0) << (8 * (8 - length.max(1)))
    } else {
        eight(0) ^ eight(length - 8).rotate_left(29)
    };
    let mixed = (ends ^ length as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed >> (u64::BITS - SLOTS.trailing_zeros())) as usize
}

/// Returns whether two blocks have the same first `length` bytes.
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
    // The lowest `length` bits are all set.
    length == 0 || !same << (u64::BITS as usize - length) == 0
}
