//! A map with a bound that keeps its newest entries for some time.

use std::collections::{BTreeMap, HashMap};
use std::hash::Hash;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// A map whose entries are kept for a time after they were inserted. An entry beyond the bound takes the place of the oldest.
#[derive(Debug)]
pub(crate) struct RecentMap<K, V> {
    max: usize,
    kept_for: Duration,
    entries: HashMap<K, Entry<V>>,
    /// The keys by [`Entry::number`].
    order: BTreeMap<u64, K>,
    next: u64,
}

#[derive(Debug)]
struct Entry<V> {
    number: u64,
    since: Instant,
    value: V,
}

impl<K: Clone + Eq + Hash, V> RecentMap<K, V> {
    /// Returns an empty map for at most `max` entries, which must be at least one.
    #[must_use]
    pub fn new(max: usize, kept_for: Duration) -> Self {
        Self {
            max,
            kept_for,
            entries: HashMap::new(),
            order: BTreeMap::new(),
            next: 0,
        }
    }

    pub fn get(&self, key: &K) -> Option<&V> {
        let entry = self.entries.get(key)?;
        (entry.since.elapsed() < self.kept_for).then_some(&entry.value)
    }

    pub fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        let entry = self.entries.get_mut(key)?;
        (entry.since.elapsed() < self.kept_for).then_some(&mut entry.value)
    }

    /// Inserts an entry that is kept from now on.
    pub fn insert(&mut self, key: K, value: V) {
        self.remove(&key);
        while self.entries.len() >= self.max
            && let Some((_, oldest)) = self.order.pop_first()
        {
            self.entries.remove(&oldest);
        }
        self.next += 1;
        self.order.insert(self.next, key.clone());
        let entry = Entry {
            number: self.next,
            since: Instant::now(),
            value,
        };
        self.entries.insert(key, entry);
    }

    /// Returns the value of an entry that is still kept, or of a new one.
    pub fn get_or_insert_with(&mut self, key: K, value: impl FnOnce() -> V) -> &mut V {
        if self.get(&key).is_none() {
            self.insert(key.clone(), value());
        }
        &mut self
            .entries
            .get_mut(&key)
            .expect("it was there or was inserted")
            .value
    }

    pub fn remove(&mut self, key: &K) {
        if let Some(entry) = self.entries.remove(key) {
            self.order.remove(&entry.number);
        }
    }

    pub fn clear(&mut self) {
        self.entries.clear();
        self.order.clear();
    }
}

/// A [`RecentMap`] that several threads use. A value is cloned when it is looked up.
#[derive(Debug)]
pub struct SharedRecentMap<K, V>(Mutex<RecentMap<K, V>>);

impl<K: Clone + Eq + Hash, V: Clone> SharedRecentMap<K, V> {
    /// Returns an empty map, as [`RecentMap::new`] does.
    #[must_use]
    pub fn new(max: usize, kept_for: Duration) -> Self {
        Self(Mutex::new(RecentMap::new(max, kept_for)))
    }

    /// Returns the value of this key, unless it is too old.
    pub fn get(&self, key: &K) -> Option<V> {
        self.map().get(key).cloned()
    }

    /// Inserts an entry that is kept from now on.
    pub fn insert(&self, key: K, value: V) {
        self.map().insert(key, value);
    }

    pub fn clear(&self) {
        self.map().clear();
    }

    fn map(&self) -> MutexGuard<'_, RecentMap<K, V>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn beyond_the_bound_the_oldest_entry_goes() {
        let mut map = RecentMap::new(3, Duration::from_secs(60));
        for key in 1..=3 {
            map.insert(key, key);
        }
        // Inserted again, 1 is the newest.
        map.insert(1, 10);
        map.insert(4, 4);
        assert_eq!(
            [1, 2, 3, 4].map(|key| map.get(&key).copied()),
            [Some(10), None, Some(3), Some(4)]
        );
        map.remove(&3);
        map.insert(5, 5);
        assert_eq!(map.get(&1), Some(&10));
        assert_eq!(map.order.len(), map.entries.len());
        *map.get_or_insert_with(5, || 0) += 1;
        assert_eq!(map.get_mut(&5), Some(&mut 6));
    }

    #[test]
    fn an_entry_is_kept_for_its_time_only() {
        let mut map = RecentMap::new(3, Duration::from_millis(1));
        map.insert(1, 1);
        std::thread::sleep(Duration::from_millis(2));
        assert_eq!(map.get(&1), None);
        assert_eq!(*map.get_or_insert_with(1, || 2), 2);
    }
}
