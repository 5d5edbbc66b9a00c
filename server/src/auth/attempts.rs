//! Counts wrong credentials by address, so that credentials cannot be guessed by trying many.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::error::AuthError;

/// The time in which wrong credentials are counted.
const WINDOW: Duration = Duration::from_secs(60);

/// The most addresses that are remembered. When there are more, the oldest are dropped.
const ADDRESSES_MAX: usize = 10_000;

/// The failed attempts of the last minute.
#[derive(Debug)]
pub struct Attempts {
    failures_max: u32,
    failures: Mutex<HashMap<IpAddr, (Instant, u32)>>,
}

impl Attempts {
    /// Allows `failures_max` wrong credentials a minute from each address.
    #[must_use]
    pub fn new(failures_max: u32) -> Self {
        Self {
            failures_max,
            failures: Mutex::default(),
        }
    }

    /// Checks that this address may try another credential.
    ///
    /// # Errors
    /// [`AuthError::TooManyAttempts`] with the time to wait.
    pub(super) fn check(&self, address: IpAddr) -> Result<(), AuthError> {
        let failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        match failures.get(&address) {
            Some((since, count)) if *count >= self.failures_max && since.elapsed() < WINDOW => {
                Err(AuthError::TooManyAttempts {
                    wait: WINDOW.saturating_sub(since.elapsed()),
                })
            }
            _ => Ok(()),
        }
    }

    /// Counts a wrong credential from this address.
    pub(super) fn record_failure(&self, address: IpAddr) {
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        if failures.len() >= ADDRESSES_MAX && !failures.contains_key(&address) {
            failures.retain(|_, (since, _)| since.elapsed() < WINDOW);
            if failures.len() >= ADDRESSES_MAX {
                let oldest = failures
                    .iter()
                    .min_by_key(|(_, (since, _))| *since)
                    .map(|(address, _)| *address);
                oldest.map(|address| failures.remove(&address));
            }
        }
        let entry = failures.entry(address).or_insert((Instant::now(), 0));
        if entry.0.elapsed() >= WINDOW {
            *entry = (Instant::now(), 0);
        }
        entry.1 += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_with_too_many_failures_waits_and_others_do_not() {
        let attempts = Attempts::new(2);
        let (one, other) = (IpAddr::from([192, 0, 2, 1]), IpAddr::from([192, 0, 2, 2]));
        for _ in 0..2 {
            attempts.check(one).unwrap();
            attempts.record_failure(one);
        }
        assert!(matches!(
            attempts.check(one),
            Err(AuthError::TooManyAttempts { wait }) if wait <= WINDOW
        ));
        attempts.check(other).unwrap();
    }

    #[test]
    fn the_addresses_that_are_remembered_are_bounded() {
        let attempts = Attempts::new(1);
        let address = |number: u32| IpAddr::from(number.to_be_bytes());
        for number in 0..=u32::try_from(ADDRESSES_MAX).unwrap() {
            attempts.record_failure(address(number));
        }
        assert_eq!(attempts.failures.lock().unwrap().len(), ADDRESSES_MAX);
        attempts.check(address(0)).unwrap();
        assert!(attempts.check(address(1)).is_err());
    }
}
