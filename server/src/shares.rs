//! The part of each caller in a limited thing, so that the other callers keep theirs.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use crate::auth::Subject;

/// Counts what each caller uses of one thing, such as running exports.
#[derive(Debug)]
pub struct Shares {
    /// How many of it one caller may use at the same time.
    max: usize,
    wait_max: Duration,
    callers: Mutex<HashMap<Subject, Arc<Semaphore>>>,
}

/// A part that is in use until this is dropped.
#[derive(Debug)]
pub struct Share {
    _permit: OwnedSemaphorePermit,
}

/// The caller uses as much as one caller may, and none of it became free while they waited.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{max} of your requests of this kind run already, as many as one caller may have; wait until one ends, or cancel one"
)]
pub struct ShareUsed {
    max: usize,
}

impl Shares {
    #[must_use]
    pub fn new(max: u32, wait_max: Duration) -> Self {
        Self {
            max: max as usize,
            wait_max,
            callers: Mutex::default(),
        }
    }

    /// Takes a part for this caller, and waits while they use all that they may.
    ///
    /// # Errors
    /// [`ShareUsed`] if none became free in the time that a request waits for a connection.
    pub async fn take(&self, caller: &Subject) -> Result<Share, ShareUsed> {
        let share = self.of(caller).acquire_owned();
        match timeout(self.wait_max, share).await {
            Ok(Ok(permit)) => Ok(Share { _permit: permit }),
            _ => Err(ShareUsed { max: self.max }),
        }
    }

    /// Returns the number of parts in use, of all callers together.
    #[must_use]
    pub fn in_use(&self) -> usize {
        let callers = self.callers.lock().unwrap_or_else(PoisonError::into_inner);
        callers
            .values()
            .map(|semaphore| self.max.saturating_sub(semaphore.available_permits()))
            .sum()
    }

    fn of(&self, caller: &Subject) -> Arc<Semaphore> {
        let mut callers = self.callers.lock().unwrap_or_else(PoisonError::into_inner);
        // A permit and a waiting request hold their semaphore, so only callers without either are forgotten.
        callers.retain(|_, semaphore| Arc::strong_count(semaphore) > 1);
        let semaphore = callers.entry(caller.clone());
        Arc::clone(semaphore.or_insert_with(|| Arc::new(Semaphore::new(self.max))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn each_caller_has_a_share() {
        let shares = Shares::new(2, Duration::ZERO);
        let [a, b, c] = [1, 2, 3].map(Subject::HubUser);
        let first = shares.take(&a).await.unwrap();
        let _second = shares.take(&a).await.unwrap();
        assert_eq!(shares.take(&a).await.unwrap_err(), ShareUsed { max: 2 });
        let of_b = shares.take(&b).await.unwrap();
        assert_eq!(shares.in_use(), 3);
        drop(of_b);
        drop(first);
        shares.take(&a).await.unwrap();
        // Callers without a share in use are forgotten.
        shares.of(&c);
        assert_eq!(shares.callers.lock().unwrap().len(), 2);
    }
}
