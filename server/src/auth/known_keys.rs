//! Keys of the hub that were right a short time ago.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::key_digest::KeyDigest;
use crate::recent_map::RecentMap;

/// How long a key is remembered after it was right.
const KEPT_FOR: Duration = Duration::from_secs(60 * 60);

/// The most keys that are remembered. When there are more, the oldest are dropped.
const KEYS_MAX: usize = 10_000;

/// Remembers which keys were right. A remembered key does not count as an attempt, and wrong keys from the same address do not
/// delay it. It is looked up like any other.
#[derive(Debug)]
pub(super) struct KnownKeys(Mutex<RecentMap<KeyDigest, ()>>);

impl Default for KnownKeys {
    fn default() -> Self {
        Self(Mutex::new(RecentMap::new(KEYS_MAX, KEPT_FOR)))
    }
}

impl KnownKeys {
    pub fn contains(&self, key: KeyDigest) -> bool {
        self.keys().get(&key).is_some()
    }

    pub fn remember(&self, key: KeyDigest) {
        self.keys().insert(key, ());
    }

    pub fn forget(&self, key: KeyDigest) {
        self.keys().remove(&key);
    }

    fn keys(&self) -> MutexGuard<'_, RecentMap<KeyDigest, ()>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
