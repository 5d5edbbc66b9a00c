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

    /// Returns a counter that counts these raw cells, whatever their number and length. Other values share the rest of
    /// the room.
    pub(in crate::format) fn with_values(cells: impl IntoIterator<Item = Vec<u8>>) -> Self {
        let mut frequencies = Self::new();
        for cell in cells {
            if !frequencies.known.contains_key(&cell) {
                frequencies.add_value(cell);
            }
        }
        frequencies
    }

    /// Returns whether no value was counted.
    pub(in crate::format) fn is_empty(&self) -> bool {
        self.values.iter().all(|&(_, number)| number == 0)
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
        let has_room = self.values.len() < VALUES_MAX && cell.len() <= VALUE_BYTES_MAX;
        has_room.then(|| self.add_value(cell.to_vec()))
    }

    /// Adds a value that is not known yet, and returns its index.
    fn add_value(&mut self, cell: Vec<u8>) -> usize {
        let index = self.values.len();
        self.known.insert(cell.clone(), index);
        self.values.push((cell, 0));
        index
    }

    /// Returns the values that occur, the most frequent first, and the number of cells whose value was not counted.
    pub(in crate::format) fn by_number(&mut self) -> (&[Frequency], u64) {
        self.values.sort_by_key(|&(_, number)| Reverse(number));
        let occurring = self.values.partition_point(|&(_, number)| number > 0);
        (&self.values[..occurring], self.others)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(mut frequencies: Frequencies, cells: &[String]) -> (Vec<Frequency>, u64) {
        for cell in cells {
            frequencies.take(cell.as_bytes(), None);
        }
        let (values, others) = frequencies.by_number();
        (values.to_vec(), others)
    }

    #[test]
    fn a_declared_value_is_counted_however_late_it_comes() {
        let mut cells: Vec<String> = (0..VALUES_MAX).map(|number| format!("filler {number}")).collect();
        cells.extend(["late".to_owned(), "late".to_owned()]);
        let (values, others) = count(Frequencies::new(), &cells);
        assert_eq!((values.len(), others), (VALUES_MAX, 2));
        // Two values are declared, one of them twice. The one that never comes takes room, and is not returned.
        let declared = ["late", "never", "late"].map(|value| value.as_bytes().to_vec());
        let (values, others) = count(Frequencies::with_values(declared), &cells);
        assert_eq!(values[0], (b"late".to_vec(), 2));
        assert_eq!((values.len(), others), (VALUES_MAX - 1, 2));
    }

    #[test]
    fn a_declared_value_may_be_longer_than_others() {
        let long = "x".repeat(VALUE_BYTES_MAX + 1);
        let cells = [long.clone()];
        assert_eq!(count(Frequencies::new(), &cells), (Vec::new(), 1));
        let declared = Frequencies::with_values([long.clone().into_bytes()]);
        assert!(declared.is_empty());
        assert_eq!(count(declared, &cells), (vec![(long.into_bytes(), 1)], 0));
    }
}
