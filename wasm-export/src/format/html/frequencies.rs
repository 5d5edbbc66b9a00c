//! How often each value of a column comes. The memory is bounded, for any number of rows.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use crate::format::block::BLOCK;
use crate::format::cell_cache::CellCache;

/// The most different values that are counted for a column. Later values count as others.
const VALUES_MAX: usize = 1000;
/// The longest value that is counted, in bytes.
const VALUE_BYTES_MAX: usize = 256;
/// A value as a raw cell, and its number.
pub(in crate::format) type Frequency = (Vec<u8>, u64);

/// Counts the values of a column.
pub(in crate::format) struct Frequencies {
    /// In the order in which they came first.
    values: Vec<Frequency>,
    /// The index of each value.
    known: BTreeMap<Vec<u8>, usize>,
    /// The indexes of short values, found without a search.
    cache: CellCache<usize>,
    others: u64,
}

impl Frequencies {
    pub(in crate::format) fn new() -> Self {
        Self {
            values: Vec::new(),
            known: BTreeMap::new(),
            cache: CellCache::new(),
            others: 0,
        }
    }

    pub(in crate::format) fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// Adds a cell. `block` begins with the cell, if the row has that many bytes.
    #[inline]
    pub(in crate::format) fn take(&mut self, cell: &[u8], block: Option<&[u8; BLOCK]>) {
        let block = block.filter(|_| cell.len() <= BLOCK);
        if let Some(&index) = block.and_then(|block| self.cache.get(block, cell.len())) {
            self.values[index].1 += 1;
        } else if let Some(index) = self.value_index(cell) {
            self.values[index].1 += 1;
            if let Some(block) = block {
                self.cache.insert(block, cell.len(), index);
            }
        } else {
            self.others += 1;
        }
    }

    /// Returns the index of a value, which it adds if there is room, or `None` if the value is not counted.
    fn value_index(&mut self, cell: &[u8]) -> Option<usize> {
        if let Some(&index) = self.known.get(cell) {
            return Some(index);
        }
        let index = self.values.len();
        if index == VALUES_MAX || cell.len() > VALUE_BYTES_MAX {
            return None;
        }
        self.known.insert(cell.to_vec(), index);
        self.values.push((cell.to_vec(), 0));
        Some(index)
    }

    /// Returns the values, the most frequent first, and the number of cells whose value was not counted.
    pub(in crate::format) fn by_number(&mut self) -> (&[Frequency], u64) {
        self.values.sort_by_key(|&(_, number)| Reverse(number));
        (&self.values, self.others)
    }
}
