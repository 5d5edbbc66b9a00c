//! Wrong credentials, counted by address.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The time in which wrong credentials are counted; it begins with the first.
const WINDOW: Duration = Duration::from_secs(60);

/// The most addresses that are remembered. When there are more, the oldest are dropped.
const ADDRESSES_MAX: usize = 10_000;

/// The wrong credentials of an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failures {
    pub count: u32,
    /// Until the count begins anew.
    pub window_left: Duration,
}

/// Counts the wrong credentials of each address in a minute.
#[derive(Debug, Default)]
pub struct Attempts(Mutex<HashMap<IpAddr, (Instant, u32)>>);

impl Attempts {
    /// Counts one more wrong credential, and returns the count with it.
    pub async fn record(&self, address: IpAddr) -> Failures {
        let mut remembered = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if remembered.len() >= ADDRESSES_MAX && !remembered.contains_key(&address) {
            remembered.retain(|_, (since, _)| since.elapsed() < WINDOW);
            if remembered.len() >= ADDRESSES_MAX {
                let oldest = remembered
                    .iter()
                    .min_by_key(|(_, (since, _))| *since)
                    .map(|(address, _)| *address);
                oldest.map(|address| remembered.remove(&address));
            }
        }
        let entry = remembered.entry(address).or_insert((Instant::now(), 0));
        if entry.0.elapsed() >= WINDOW {
            *entry = (Instant::now(), 0);
        }
        entry.1 += 1;
        Failures {
            count: entry.1,
            window_left: WINDOW.saturating_sub(entry.0.elapsed()),
        }
    }

    /// Takes back one that was counted.
    pub async fn forgive(&self, address: IpAddr) {
        let mut remembered = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, count)) = remembered.get_mut(&address) {
            *count = count.saturating_sub(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_addresses_that_are_remembered_are_bounded() {
        let attempts = Attempts::default();
        let address = |number: u32| IpAddr::from(number.to_be_bytes());
        for number in 0..=u32::try_from(ADDRESSES_MAX).unwrap() {
            attempts.record(address(number)).await;
        }
        assert_eq!(attempts.0.lock().unwrap().len(), ADDRESSES_MAX);
        // The first was dropped.
        assert_eq!(attempts.record(address(2)).await.count, 2);
        attempts.forgive(address(2)).await;
        assert_eq!(attempts.record(address(2)).await.count, 2);
        assert_eq!(attempts.record(address(0)).await.count, 1);
    }
}
