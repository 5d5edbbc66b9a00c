//! How many rows a demo has, and from which seed, time and secret they are made.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::keys::KeyMaker;

/// The input of a demo. The same plan gives the same rows on every machine.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Rows to add to `message_request`.
    pub rows: u64,
    /// Another seed gives other rows.
    pub seed: u64,
    /// The end of the ninety days that the rows cover.
    pub until: SystemTime,
    pub keys: KeyMaker,
}

impl Plan {
    /// Plans this many rows, up to the current hour, with the default seed.
    #[must_use]
    pub fn new(rows: u64, keys: KeyMaker) -> Self {
        let seconds = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default()
            .as_secs();
        Self {
            rows,
            seed: 1,
            until: UNIX_EPOCH + Duration::from_secs(seconds - seconds % 3600),
            keys,
        }
    }

    /// Returns `until` in microseconds since 1970.
    pub(crate) fn until_microseconds(&self) -> i64 {
        let since = self.until.duration_since(UNIX_EPOCH).unwrap_or_default();
        i64::try_from(since.as_micros()).unwrap_or(0)
    }
}
