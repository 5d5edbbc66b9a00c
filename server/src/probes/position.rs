//! Which probes the feed has read.
//!
//! A transaction takes the id of its row before it commits, so a row may appear below ids that were read already. Ids are
//! therefore looked at again for ten seconds.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// How long a row may appear below ids that were read already.
pub const LATE_MAX: Duration = Duration::from_secs(10);

/// Every id up to `floor` was read, or is too old to appear.
#[derive(Debug, PartialEq, Eq)]
pub struct Position {
    floor: i64,
    /// The ids above the floor that were read, with the times of their reading.
    read: BTreeMap<i64, Instant>,
}

impl Position {
    pub fn new(floor: i64, read: impl IntoIterator<Item = i64>, now: Instant) -> Self {
        Self {
            floor,
            read: read.into_iter().map(|id| (id, now)).collect(),
        }
    }

    /// Returns the id above which rows may be unread.
    pub fn floor(&self) -> i64 {
        self.floor
    }

    /// Returns the ids above the floor that were read.
    pub fn read(&self) -> Vec<i64> {
        self.read.keys().copied().collect()
    }

    /// Adds ids that were read now, and forgets those of more than ten seconds ago.
    pub fn advance(&mut self, ids: impl IntoIterator<Item = i64>, now: Instant) {
        let is_old = |time: &Instant| now.duration_since(*time) > LATE_MAX;
        let old = self.read.iter().filter(|(_, time)| is_old(time));
        if let Some(floor) = old.map(|(id, _)| *id).max() {
            self.floor = floor;
            self.read = self.read.split_off(&(floor + 1));
        }
        self.read.extend(ids.into_iter().map(|id| (id, now)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_may_appear_below_read_ones_for_ten_seconds() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut position = Position::new(5, [8], at(0));
        position.advance([9, 11], at(4));
        assert_eq!((position.floor(), position.read()), (5, vec![8, 9, 11]));
        // 10 commits late.
        position.advance([10], at(11));
        assert_eq!((position.floor(), position.read()), (8, vec![9, 10, 11]));
        position.advance([], at(15));
        assert_eq!((position.floor(), position.read()), (11, vec![]));
        position.advance([], at(99));
        assert_eq!(position.floor(), 11);
    }
}
