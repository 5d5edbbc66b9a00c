//! Keys of the hub that were right a short time ago.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::key_digest::KeyDigest;

/// How long a key is remembered after it was right.
const KEPT_FOR: Duration = Duration::from_secs(60 * 60);

/// The most keys that are remembered. When there are more, the oldest are dropped.
const KEYS_MAX: usize = 10_000;

/// Remembers which keys were right. A remembered key does not count as an attempt, and wrong keys from the same address do not
/// delay it. It is looked up like any other.
#[derive(Debug, Default)]
pub(super) struct KnownKeys(Mutex<HashMap<KeyDigest, Instant>>);

impl KnownKeys {
    pub fn contains(&self, key: KeyDigest) -> bool {
        self.keys()
            .get(&key)
            .is_some_and(|since| since.elapsed() < KEPT_FOR)
    }

    pub fn remember(&self, key: KeyDigest) {
        let mut keys = self.keys();
        if keys.len() >= KEYS_MAX && !keys.contains_key(&key) {
            keys.retain(|_, since| since.elapsed() < KEPT_FOR);
            if keys.len() >= KEYS_MAX {
                let oldest = keys.iter().min_by_key(|(_, since)| **since).map(|(key, _)| *key);
                oldest.map(|key| keys.remove(&key));
            }
        }
        keys.insert(key, Instant::now());
    }

    pub fn forget(&self, key: KeyDigest) {
        self.keys().remove(&key);
    }

    fn keys(&self) -> MutexGuard<'_, HashMap<KeyDigest, Instant>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_keys_that_are_remembered_are_bounded() {
        let keys = KnownKeys::default();
        let key = |number: usize| KeyDigest::of(&number.to_string());
        for number in 0..=KEYS_MAX {
            keys.remember(key(number));
        }
        assert_eq!(keys.keys().len(), KEYS_MAX);
        assert!(!keys.contains(key(0)) && keys.contains(key(1)));
        keys.forget(key(1));
        assert!(!keys.contains(key(1)));
    }
}
